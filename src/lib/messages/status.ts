/** What `status` says below its table, and in its cells. The states keep their names: --state takes them. */
import { en, ko, type Message, type Text } from '../message.ts';

export const statusMessages = {
  expired: (): Message => ({ en: 'expired', ko: '만료' }),
  ago: ({ time }: { time: Message }): Message => ({ en: `${time.en} ago`, ko: `${time.ko} 전` }),
  in: ({ time }: { time: Message }): Message => ({ en: `in ${time.en}`, ko: `${time.ko} 후` }),
  all: ({ total, namespace }: { total: number; namespace: string }): Message => ({
    en: `${total} in ${namespace}`,
    ko: `${namespace}에 ${total}명`,
  }),
  some: ({ shown, total, namespace }: { shown: number; total: number; namespace: string }): Message => ({
    en: `${shown} of ${total} in ${namespace}`,
    ko: `${namespace}의 ${total}명 중 ${shown}명`,
  }),
  directoryUnavailable: ({ reason }: { reason: Text }): Message => ({
    en: `login ids are those of the accounts, since the directory could not be asked: ${en(reason)}`,
    ko: `명부를 읽을 수 없어 로그인 ID 대신 계정 이름을 표시합니다: ${ko(reason)}`,
  }),
  noAnswer: ({ patience }: { patience: Message }): Message => ({
    en: `no answer within ${patience.en}`,
    ko: `${patience.ko} 안에 응답이 없습니다`,
  }),
  notSet: ({ setting }: { setting: string }): Message => ({
    en: `${setting} is not set`,
    ko: `${setting}를 설정하지 않았습니다`,
  }),
  devices: ({ devices, accounts, namespace }: Devices): Message => ({
    en:
      devices === 0
        ? `no device is connected in ${namespace}`
        : `${devices} ${devices === 1 ? 'device' : 'devices'} of ${accounts} ${accounts === 1 ? 'account' : 'accounts'} in ${namespace}`,
    ko:
      devices === 0
        ? `${namespace}에 연결된 기기가 없습니다`
        : `${namespace}의 계정 ${accounts}개에 연결된 기기 ${devices}대`,
  }),
  unreadableDevices: ({ names }: { names: string }): Message => ({
    en: `not as a gateway writes them, so that none lets anybody in: ${names}; see who made them, and delete them`,
    ko: `게이트웨이가 만든 형식이 아니어서 아무도 접속할 수 없습니다: ${names}. 누가 만들었는지 확인하고 지우세요`,
  }),
  neverDelivered: (): Message => ({
    en: 'last run: no delivery was ever acknowledged',
    ko: '마지막 실행: 아직 전달이 완료된 적이 없습니다',
  }),
  lastRun: ({ at, ago, delivered, without, took }: LastRun): Message => ({
    en: `last run: ${at}, ${ago.en}; ${delivered} tokens delivered${without === 0 ? '' : `, ${without} left without a fresh token`}, in ${took.en}`,
    ko: `마지막 실행: ${at}, ${ago.ko}; 토큰 ${delivered}개 전달${without === 0 ? '' : `, 새 토큰을 받지 못한 회원 ${without}명`}, 걸린 시간 ${took.ko}`,
  }),
  tokensExpire: ({ at, when }: { at: string; when: Message }): Message => ({
    en: `tokens expire: ${at}, ${when.en}`,
    ko: `토큰 만료: ${at}, ${when.ko}`,
  }),
  margin: ({ margin }: { margin: Message }): Message => ({
    en: `renewal margin: ${margin.en}`,
    ko: `갱신 여유: ${margin.ko}`,
  }),
  marginUnknown: (): Message => ({
    en: 'unknown, because no SCHEDULE is known',
    ko: '알 수 없음(SCHEDULE을 알 수 없습니다)',
  }),
  noMargin: ({ gap }: { gap: Message }): Message => ({
    en: `none: members are locked out for ${gap.en} before each delivery`,
    ko: `없음: 전달할 때마다 그 전 ${gap.ko} 동안 회원이 접속하지 못합니다`,
  }),
  runUnderWay: ({ holder, since }: { holder: string; since: string | undefined }): Message => ({
    en: `a run is under way, or was killed: ${holder} has held the run lock since ${since ?? 'an unknown time'}`,
    ko: `실행 중이거나 강제로 종료된 실행이 있습니다: ${holder}이(가) ${since ?? '알 수 없는 시각'}부터 실행 잠금을 가지고 있습니다`,
  }),
  lockTakenSince: ({ at }: { at: string }): Message => ({
    en: `since then, at ${at}, a run delivered nothing, or someone ran revoke or reserve: look at the Jobs`,
    ko: `그 뒤 ${at}에 아무것도 전달하지 못한 실행이 있었거나 누군가 revoke나 reserve를 실행했습니다. Job을 확인하세요`,
  }),
};

interface LastRun {
  readonly at: string;
  readonly ago: Message;
  readonly delivered: number;
  readonly without: number;
  readonly took: Message;
}

interface Devices {
  readonly devices: number;
  readonly accounts: number;
  readonly namespace: string;
}
