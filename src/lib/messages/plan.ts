/** The reason for each line of a plan, and how long tokens last. */
import type { Message, Text } from '../message.ts';
import { en, ko } from '../message.ts';

export const planReasons = {
  stays: (): Message => ({ en: 'still a member', ko: '계속 회원입니다' }),
  keepsName: (): Message => ({
    en: 'still a member; the account keeps its name',
    ko: '계속 회원입니다. 계정 이름은 그대로입니다',
  }),
  adopted: (): Message => ({ en: 'adopted as it is', ko: '이미 있던 계정을 그대로 넘겨받습니다' }),
  left: (): Message => ({ en: 'no longer in the directory', ko: '명부에 없습니다' }),
  leftButStays: (): Message => ({
    en: 'no longer in the directory, but removalPolicy is Report, so the account stays and its tokens work until they expire; set spec.removalPolicy to Remove to remove such accounts',
    ko: '명부에 없지만 removalPolicy가 Report여서 계정을 그대로 둡니다. 토큰은 만료될 때까지 쓸 수 있습니다. 이런 계정을 삭제하려면 spec.removalPolicy를 Remove로 바꾸세요',
  }),
  heldRemoved: (): Message => ({
    en: 'an operator holds this member out (revoke --hold)',
    ko: '운영진이 막은 회원입니다(revoke --hold)',
  }),
  held: (): Message => ({
    en: 'held out by an operator (revoke --release ends it)',
    ko: '운영진이 막은 회원입니다(revoke --release로 풀 수 있습니다)',
  }),
  second: ({ member, account }: { member: string; account: string }): Message => ({
    en: `a second account of ${member}, who uses ${account}; it stays until the member leaves`,
    ko: `회원 ${member}의 두 번째 계정입니다. 이 회원은 ${account} 계정을 쓰며, 두 번째 계정은 탈퇴할 때까지 그대로 둡니다`,
  }),
  malformed: ({ annotations }: { annotations: readonly string[] }): Message => ({
    en: `has our label but no valid ${annotations.join(' or ')} annotation: left alone`,
    ko: `이 프로그램의 라벨은 있지만 올바른 ${annotations.join(' 또는 ')} 어노테이션이 없어 건드리지 않습니다`,
  }),
  unlabelled: ({ label }: { label: string }): Message => ({
    en: `looks like a member's account but has no label ${label}, so it is left alone, and its tokens go on working: delete it, or give it the label`,
    ko: `회원 계정처럼 보이지만 라벨(${label})이 없어 건드리지 않으며, 토큰도 계속 쓸 수 있습니다. 지우거나 라벨을 붙이세요`,
  }),
  beingDeleted: (): Message => ({
    en: 'someone else is deleting this account of an active member; its tokens stop working, a new one takes its place',
    ko: '이 회원의 계정을 다른 누군가가 삭제하고 있습니다. 지금 토큰은 쓸 수 없게 되고, 새 계정을 만듭니다',
  }),
  ambiguous: (): Message => ({
    en: 'is from before names without --: the policies give it no namespace by its name, so an operator grants each (policies grant)',
    ko: '이름에 --를 쓰지 않기 전의 계정입니다. 정책은 이 이름으로 네임스페이스를 허용하지 않으므로 운영진이 하나씩 허용해야 합니다(policies grant)',
  }),

  formerName: (): Message => ({
    en: 'was here before and gets the former name back',
    ko: '전에 회원이었으며 그때의 이름을 다시 받습니다',
  }),
  loginAsName: (): Message => ({ en: 'the login id is a valid name', ko: '로그인 ID를 이름으로 씁니다' }),
  loginLowered: (): Message => ({
    en: 'the login id lower-cased, with the end of the UUID',
    ko: '로그인 ID를 소문자로 바꾸고 UUID의 끝부분을 붙입니다',
  }),
  noLogin: (): Message => ({
    en: 'has no login id: a readable part and part of the UUID',
    ko: '로그인 ID가 없어 UUID의 일부를 붙인 이름을 받습니다',
  }),
  unusableLogin: (): Message => ({
    en: 'the login id is no valid name: a readable part and part of the UUID',
    ko: '로그인 ID를 그대로 쓸 수 없어, 쓸 수 있는 글자에 UUID의 일부를 붙입니다',
  }),
  withId: ({ name, why }: { name: string; why: Message }): Message => ({
    en: `gets a name with the UUID, because ${name} can't be given: ${why.en}`,
    ko: `UUID를 붙인 이름을 받습니다. ${name} 이름을 줄 수 없기 때문입니다: ${why.ko}`,
  }),
  wantedByTwo: (): Message => ({ en: 'two members want it', ko: '두 회원이 받게 될 이름입니다' }),
  wantedByNewcomer: (): Message => ({
    en: 'another new member has that name',
    ko: '다른 새 회원이 받을 이름입니다',
  }),
  reserved: (): Message => ({
    en: 'the name is reserved for someone who had it before',
    ko: '전에 쓰던 회원을 위해 예약한 이름입니다',
  }),
  takenByTerminating: (): Message => ({
    en: 'the account of that name is being deleted',
    ko: '이 이름의 계정이 삭제되는 중입니다',
  }),
  takenByMember: (): Message => ({ en: 'another member has that name', ko: '다른 회원의 이름입니다' }),
  takenByOther: (): Message => ({
    en: "a ServiceAccount that isn't ours has that name",
    ko: '이 프로그램이 만들지 않은 ServiceAccount의 이름입니다',
  }),

  noWorkspace: ({ member, why }: { member: string; why: Text }): Message => ({
    en: `${member}  can have no complete workspace: ${en(why)}`,
    ko: `${member}  작업 공간을 완전히 만들 수 없습니다: ${ko(why)}`,
  }),
  outdatedWorkspace: ({ member }: { member: string }): Message => ({
    en: `${member}: of an earlier spec.workspace.namespace`,
    ko: `${member}: 이전 spec.workspace.namespace의 것입니다`,
  }),
  ofLeaver: (): Message => ({ en: 'of a leaver', ko: '탈퇴한 회원의 것입니다' }),
};

export const marginMessages = {
  some: ({ margin, facts }: { margin: Message; facts: Message }): Message => ({
    en: `renewal margin ${margin.en}: ${facts.en}`,
    ko: `갱신 여유 ${margin.ko}: ${facts.ko}`,
  }),
  none: ({ gap, facts }: { gap: Message; facts: Message }): Message => ({
    en: `no renewal margin: ${facts.en}; members are locked out for up to ${gap.en} before each delivery. Run more often (a shorter SCHEDULE, see deploy/components/daily), or raise the API server's --service-account-max-token-expiration and TOKEN_LIFETIME`,
    ko: `갱신 여유 없음: ${facts.ko}. 전달할 때마다 그 전에 최대 ${gap.ko} 동안 회원이 접속하지 못합니다. 더 자주 실행하거나(SCHEDULE을 더 짧게, deploy/components/daily 참고) API 서버의 --service-account-max-token-expiration과 TOKEN_LIFETIME을 늘리세요`,
  }),
  facts: ({ granted, interval, run, schedule, timeZone }: MarginFacts): Message => ({
    en: `tokens live ${granted.en}, runs are up to ${interval.en} apart ("${schedule}" ${timeZone}), and a run takes ${run.en}`,
    ko: `토큰 수명 ${granted.ko}, 실행 간격 최대 ${interval.ko}("${schedule}" ${timeZone}), 한 번 실행하는 데 ${run.ko}`,
  }),
};

interface MarginFacts {
  readonly granted: Message;
  readonly interval: Message;
  readonly run: Message;
  /** The cron expression. */
  readonly schedule: string;
  readonly timeZone: string;
}
