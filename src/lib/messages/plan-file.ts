/** A plan in a file: what is wrong with it, and what has changed since. */
import { en, ko, type Message, type Text } from '../message.ts';

interface Fate {
  readonly who: string;
  readonly name: string;
}

interface Replaced {
  readonly before: string;
  readonly after: string;
}

export const planFileMessages = {
  notPlan: ({ file }: { file: string }): Message => ({
    en: `${file} is not a plan: it is not JSON`,
    ko: `${file}: 계획 파일이 아닙니다(JSON이 아닙니다)`,
  }),
  unreadablePlan: ({ file, what }: { file: string; what: Message }): Message => ({
    en: `${file} is not a plan that this version can read: ${what.en}`,
    ko: `${file}: 이 버전이 읽을 수 있는 계획 파일이 아닙니다. ${what.ko}`,
  }),
  otherFormat: ({ format }: { format: string }): Message => ({
    en: `its format is not ${format}`,
    ko: `format이 ${format}이 아닙니다`,
  }),
  wrongField: ({ field }: { field: string | undefined }): Message => ({
    en: `${field ?? 'its root'} is wrong`,
    ko: `${field ?? '최상위 값'}: 값이 잘못되었습니다`,
  }),
  cannotBeRead: ({ file }: { file: string }): Message => ({
    en: `the plan file ${file} can't be read`,
    ko: `계획 파일 ${file}: 읽을 수 없습니다`,
  }),
  writeOne: ({ command }: { command: string }): Message => ({
    en: `write one with \`${command}\``,
    ko: `\`${command}\`로 만드세요`,
  }),

  changed: ({ at, changes, more }: { at: string; changes: Message; more: number }): Message => ({
    en: `things have changed since the plan of ${at}: ${changes.en}${more === 0 ? '' : `; and ${more} more`}`,
    ko: `${at}에 만든 계획과 지금 상태가 다릅니다: ${changes.ko}${more === 0 ? '' : `; 외 ${more}개`}`,
  }),
  otherNamespace: ({ before, after }: Replaced): Message => ({
    en: `the namespace was ${before}, this run is for ${after}`,
    ko: `계획의 네임스페이스는 ${before}, 이 실행의 네임스페이스는 ${after}입니다`,
  }),
  otherApi: ({ before, after }: Replaced): Message => ({
    en: `the PoolC API was ${before}, this run is for ${after}`,
    ko: `계획의 PoolC API는 ${before}, 이 실행의 PoolC API는 ${after}입니다`,
  }),
  otherRecord: (): Message => ({
    en: 'the record of names was written by another run',
    ko: '다른 실행이 이름 기록을 바꾸었습니다',
  }),
  joinedWithAccount: ({ who, name }: Fate): Message => ({
    en: `${who} joined, and has the account ${name}`,
    ko: `${who}: 가입했고 이미 계정(${name})이 있습니다`,
  }),
  joined: ({ who, name }: Fate): Message => ({
    en: `${who} joined: the account ${name} would be created`,
    ko: `${who}: 가입했습니다. 계정(${name})을 만들게 됩니다`,
  }),
  appeared: ({ names, id }: { names: string; id: string }): Message => ({
    en: `${names} appeared, of someone who is not in the directory (${id}), and would be removed`,
    ko: `${names}: 명부에 없는 사람(${id})의 계정이 새로 나타났습니다. 삭제하게 됩니다`,
  }),
  leftWithAccount: ({ who, name }: Fate): Message => ({
    en: `${who} left, and the account ${name} is gone`,
    ko: `${who}: 탈퇴했고 계정(${name})도 없습니다`,
  }),
  leftBeforeCreation: ({ who, name }: Fate): Message => ({
    en: `${who} left: the account ${name} would not be created`,
    ko: `${who}: 탈퇴했습니다. 계정(${name})을 만들지 않게 됩니다`,
  }),
  gone: ({ names }: { names: string }): Message => ({ en: `${names} is gone`, ko: `${names}: 이미 없습니다` }),
  otherAccount: ({ who, name, before }: Fate & { before: string }): Message => ({
    en: `${who} has the account ${name}, not ${before}`,
    ko: `${who}: 계정이 다릅니다. 계획에는 ${before}, 지금은 ${name}입니다`,
  }),
  accountMadeAnew: ({ who, name }: Fate): Message => ({
    en: `the account ${name} of ${who} was deleted and created anew`,
    ko: `${who}: 계정(${name})이 지워졌다가 다시 만들어졌습니다`,
  }),
  accountGone: ({ who, name, before }: Fate & { before: string }): Message => ({
    en: `the account ${before} of ${who} is gone: ${name} would be created`,
    ko: `${who}: 계정(${before})이 없습니다. 새로 만들 계정: ${name}`,
  }),
  heldOut: ({ who, names }: { who: string; names: string }): Message => ({
    en: `${who} is held out: ${names} would be removed`,
    ko: `${who}: 운영진이 막았습니다. 삭제될 계정: ${names}`,
  }),
  left: ({ who, names }: { who: string; names: string }): Message => ({
    en: `${who} left: ${names} would be removed`,
    ko: `${who}: 탈퇴했습니다. 삭제될 계정: ${names}`,
  }),
  hasAccountByNow: ({ who, name }: Fate): Message => ({
    en: `${who} has an account by now, ${name}`,
    ko: `${who}: 그사이 계정(${name})이 생겼습니다`,
  }),
  otherName: ({ who, name, before, reason }: Fate & { before: string; reason: Text }): Message => ({
    en: `${who} would get the account ${name}, not ${before} (${en(reason)})`,
    ko: `${who}: 계정 이름이 다릅니다. 계획에는 ${before}, 지금은 ${name}입니다(${ko(reason)})`,
  }),
  hasAccountToRemove: ({ who, names }: { who: string; names: string }): Message => ({
    en: `${who} has an account by now and is no longer to have one: ${names} would be removed`,
    ko: `${who}: 그사이 계정이 생겼지만 이제 회원이 아닙니다. 삭제될 계정: ${names}`,
  }),
  memberAgain: ({ who, name }: Fate): Message => ({
    en: `${who} is a member again: the account ${name} would be kept`,
    ko: `${who}: 다시 회원이 되었습니다. 계정(${name})을 그대로 두게 됩니다`,
  }),
  memberAgainAnew: ({ who, name }: Fate): Message => ({
    en: `${who} is a member again: the account ${name} would be created`,
    ko: `${who}: 다시 회원이 되었습니다. 계정(${name})을 만들게 됩니다`,
  }),
  otherRemoved: ({ before, names }: { before: string; names: string }): Message => ({
    en: `${before} was to be removed, now ${names} would be`,
    ko: `삭제할 계정이 ${before}에서 ${names}(으)로 바뀌었습니다`,
  }),
  removedMadeAnew: ({ names }: { names: string }): Message => ({
    en: `${names} was deleted and created anew`,
    ko: `${names}: 지워졌다가 다시 만들어졌습니다`,
  }),
  ownerHeldOut: ({ names }: { names: string }): Message => ({
    en: `the owner of ${names} is held out`,
    ko: `${names}: 운영진이 이 회원을 막았습니다`,
  }),
  ownerLeft: ({ names }: { names: string }): Message => ({
    en: `the owner of ${names} left the directory`,
    ko: `${names}: 이 회원이 명부에서 빠졌습니다`,
  }),
  otherLogin: ({ who, name, now }: Fate & { now: string }): Message => ({
    en: `${who} is called ${now} in the directory, and has the account ${name}`,
    ko: `${who}: 명부의 로그인 ID가 ${now}입니다. 계정은 ${name}입니다`,
  }),

  written: ({ file, command }: { file: string; command: string }): Message => ({
    en: `written to ${file}; to apply exactly this, or be refused:\n${command}`,
    ko: `${file} 파일에 썼습니다. 이대로만 적용하고, 달라졌으면 거부하려면:\n${command}`,
  }),
  writtenRefused: ({ file }: { file: string }): Message => ({
    en: `written to ${file}; sync would refuse it as it is`,
    ko: `${file} 파일에 썼습니다. 이대로는 sync가 거부합니다`,
  }),
};
