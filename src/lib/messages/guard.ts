/** Why a plan is refused, and what an operator can run then. */
import { en, ko, type Message, type Text } from '../message.ts';

/** What was beyond a limit; undefined for the half of four accounts or more. */
interface Limit {
  readonly limit: { readonly accounts: number; readonly percent: number } | undefined;
  /** By ALLOW_REMOVALS or ALLOW_ADDITIONS. */
  readonly permitted: number | undefined;
}

interface OfDay {
  /** Distinct ones within the day, the plan's included. */
  readonly all: number;
  readonly now: number;
  readonly owned: number;
  readonly limit: Message;
  /** An allowance that does not go that far. */
  readonly allowance: Message | undefined;
}

export const guardMessages = {
  noMembers: (): Message => ({
    en: 'the directory says that there are no members at all',
    ko: '명부에 회원이 한 명도 없습니다',
  }),
  tooFewMembers: ({ members, setting, least }: { members: number; setting: string; least: number }): Message => ({
    en: `the directory has ${members} members, fewer than ${setting}=${least}`,
    ko: `명부의 회원이 ${members}명이어서 ${setting}=${least}보다 적습니다`,
  }),
  tooManyLeave: ({
    leaving,
    owned,
    percent,
    limit,
    permitted,
  }: Limit & { leaving: number; owned: number; percent: string }): Message => ({
    en: `${leaving} of ${owned} accounts (${percent}%) would be removed; the limit is ${en(mostRemovals(limit))}${permitted === undefined ? '' : `, and ALLOW_REMOVALS permits ${permitted}`}`,
    ko: `계정 ${owned}개 중 ${leaving}개(${percent}%)가 삭제됩니다. 한도는 ${ko(mostRemovals(limit))}입니다${permitted === undefined ? '' : `. ALLOW_REMOVALS로 허용한 수는 ${permitted}개입니다`}`,
  }),
  tooManyJoin: ({ joining, owned, most, permitted }: TooManyJoin): Message => ({
    en: `${joining} accounts would be added to ${owned}; the limit is ${most} accounts and 100%${permitted === undefined ? '' : `, and ALLOW_ADDITIONS permits ${permitted}`}`,
    ko: `지금 계정 ${owned}개에 ${joining}개가 추가됩니다. 한도는 ${most}개이면서 100%입니다${permitted === undefined ? '' : `. ALLOW_ADDITIONS로 허용한 수는 ${permitted}개입니다`}`,
  }),
  noBaseline: (): Message => ({
    en: 'this cluster has no account that we own, and this is not a pod: usually that is the wrong cluster, and its tokens would replace those of the right one',
    ko: '이 클러스터에는 이 프로그램이 관리하는 계정이 없고, 파드 안에서 실행한 것도 아닙니다. 보통은 클러스터를 잘못 고른 경우이며, 이대로 실행하면 원래 클러스터의 토큰을 덮어씁니다',
  }),
  firstRun: (): Message => ({
    en: 'no account that we own exists yet: a first run has no baseline, so the number of additions was not checked',
    ko: '이 프로그램이 관리하는 계정이 아직 없습니다. 첫 실행은 비교할 기준이 없어 추가되는 계정 수를 확인하지 않았습니다',
  }),

  goneWithinDay: ({ all, now, owned, limit, allowance }: OfDay): Message => ({
    en: `${all} accounts would be gone within a day, ${now} of them now, of ${owned} a day ago; the limit is ${limit.en}${allowance === undefined ? '' : `, and ${allowance.en}`}`,
    ko: `하루 전 계정 ${owned}개 중 하루 동안 ${all}개(이번에 ${now}개)가 사라집니다. 한도는 ${limit.ko}입니다${allowance === undefined ? '' : `. ${allowance.ko}`}`,
  }),
  newWithinDay: ({ all, now, owned, limit, allowance }: OfDay): Message => ({
    en: `${all} accounts would be new within a day, ${now} of them now, to ${owned} a day ago; the limit is ${limit.en}${allowance === undefined ? '' : `, and ${allowance.en}`}`,
    ko: `하루 전 계정 ${owned}개에 하루 동안 ${all}개(이번에 ${now}개)가 추가됩니다. 한도는 ${limit.ko}입니다${allowance === undefined ? '' : `. ${allowance.ko}`}`,
  }),
  accountsAndPercent: ({ accounts, percent }: { accounts: number; percent: number }): Message => ({
    en: `${accounts} accounts and ${percent}%`,
    ko: `${accounts}개이면서 ${percent}%`,
  }),
  half: (): Message => ({ en: 'half of them', ko: '절반' }),
  sameOnesAgain: ({ members }: { members: number }): Message => ({
    en: `${members} members would be removed for the third time within a day: the directory loses them and finds them again`,
    ko: `회원 ${members}명이 하루에 세 번째로 삭제됩니다. 명부에서 이 회원들이 사라졌다가 다시 나타나고 있습니다`,
  }),
  allowanceSpent: ({ text }: { text: string }): Message => ({
    en: `the allowance "${text}" is spent already`,
    ko: `허용한 값("${text}")은 이미 사용했습니다`,
  }),
  allowanceCovers: ({ text, covered }: { text: string; covered: number }): Message => ({
    en: `the allowance "${text}" covers ${covered} of those that were refused when it was given`,
    ko: `허용한 값("${text}")은 그때 거부된 것 중 ${covered}개에만 적용됩니다`,
  }),

  otherDirectory: ({ accounts, name, id }: { accounts: number; name: string; id: string }): Message => ({
    en: `${accounts} accounts have ids of another directory (${name}: ${id})`,
    ko: `계정 ${accounts}개의 ID가 다른 명부의 것입니다(${name}: ${id})`,
  }),
  unclaimed: ({ owned, memberSync }: { owned: number; memberSync: string }): Message => ({
    en: `there are ${owned} accounts already that no MemberSync has claimed, and ${memberSync} does not take them unasked; nothing was changed`,
    ko: `어느 MemberSync에도 속하지 않은 계정이 이미 ${owned}개 있으며, 허락 없이 ${memberSync}에 넘기지 않습니다. 아무것도 바꾸지 않았습니다`,
  }),
  claimThem: (): Message => ({
    en: 'take them with `credentials-updater adopt -f FILE`, or use another namespace in spec.accounts.namespace',
    ko: '`credentials-updater adopt -f FILE`로 가져오거나 spec.accounts.namespace에 다른 네임스페이스를 쓰세요',
  }),

  refused: ({ reasons, removed }: { reasons: Message; removed: Message | undefined }): Message => ({
    en: `nothing was changed and nothing was sent: ${reasons.en}${removed === undefined ? '' : `. Would be removed: ${removed.en}`}`,
    ko: `아무것도 바꾸지 않았고 아무것도 보내지 않았습니다: ${reasons.ko}${removed === undefined ? '' : `. 삭제될 계정: ${removed.ko}`}`,
  }),
  andMore: ({ names, more }: { names: string; more: number }): Message => ({
    en: `${names}${more === 0 ? '' : ` and ${more} more`}`,
    ko: `${names}${more === 0 ? '' : ` 외 ${more}개`}`,
  }),

  directoryFirst: ({ what }: { what: Text }): Message => ({
    en: `look at ${en(what)}: no setting allows this, the directory must be right first`,
    ko: `이것을 허용하는 설정은 없습니다. ${ko(what)}부터 바로잡으세요`,
  }),
  runAgain: ({ command }: { command: string }): Message => ({
    en: `check the directory first; if this is really meant, run:\n${command}`,
    ko: `먼저 명부를 확인하세요. 정말 이대로 바꾸려면 실행하세요:\n${command}`,
  }),
  runOnce: ({ command }: { command: string }): Message => ({
    en: `check the directory first; if this is really meant, run once with the allowance:\n${command}`,
    ko: `먼저 명부를 확인하세요. 정말 이대로 바꾸려면 허용하는 값을 넣어 한 번만 실행하세요:\n${command}`,
  }),
  newPlan: ({ plan, sync }: { plan: string; sync: string }): Message => ({
    en: [
      'make a new plan, look at it, and apply it only if it is what you mean; three steps:',
      `1. make it: ${plan}`,
      '2. look at who would be created and removed, and why',
      `3. apply it: ${sync}`,
    ].join('\n'),
    ko: [
      '새 계획을 만들어 확인하고, 의도한 것일 때만 적용하세요. 세 단계입니다:',
      `1. 만들기: ${plan}`,
      '2. 누가 왜 추가되고 삭제되는지 확인하기',
      `3. 적용하기: ${sync}`,
    ].join('\n'),
  }),
};

interface TooManyJoin {
  readonly joining: number;
  readonly owned: number;
  readonly most: number;
  readonly permitted: number | undefined;
}

function mostRemovals(limit: Limit['limit']): Message {
  return limit === undefined ? guardMessages.half() : guardMessages.accountsAndPercent(limit);
}
