/** The frame of preflight's report; what each check says is in preflight-*.ts and audit-*.ts. */
import { en, ko, type Message, type Text } from '../message.ts';

export const preflightMessages = {
  warning: (): Message => ({ en: 'warning', ko: '주의' }),
  failed: (): Message => ({ en: 'failed', ko: '실패' }),
  unknown: (): Message => ({ en: 'unknown', ko: '알 수 없음' }),
  asUser: ({ server, user }: { server: string; user: string }): Message => ({
    en: `${server}, as ${user}`,
    ko: `${server}, 사용자 ${user}`,
  }),
  countOk: ({ count }: { count: number }): Message => ({ en: `${count} ok`, ko: `정상 ${count}개` }),
  countWarning: ({ count }: { count: number }): Message => ({
    en: `${count} ${count === 1 ? 'warning' : 'warnings'}`,
    ko: `주의 ${count}개`,
  }),
  countFailed: ({ count }: { count: number }): Message => ({ en: `${count} failed`, ko: `실패 ${count}개` }),
  countUnknown: ({ count }: { count: number }): Message => ({ en: `${count} unknown`, ko: `알 수 없음 ${count}개` }),
  notReady: (): Message => ({
    en: 'Not ready: run the commands above in their order, in a checkout of this project, and preflight again.',
    ko: '준비되지 않았습니다. 이 프로젝트를 내려받은 폴더에서 위의 명령을 차례대로 실행한 뒤 preflight를 다시 실행하세요.',
  }),
  needsRights: (): Message => ({
    en: "Nothing failed; what is unknown needs more rights: an administrator's kubeconfig.",
    ko: '실패한 것은 없습니다. 알 수 없는 것을 확인하려면 권한이 더 필요합니다. 관리자의 kubeconfig를 쓰세요.',
  }),
  nothingFailed: (): Message => ({ en: 'Nothing failed.', ko: '실패한 것은 없습니다.' }),
  allInPlace: (): Message => ({ en: 'All is in place.', ko: '모두 준비되었습니다.' }),
  noPermission: ({ why }: { why: Text }): Message => ({
    en: `no permission: ${en(why)}`,
    ko: `권한이 없습니다: ${ko(why)}`,
  }),
  withHint: ({ said, advised }: { said: Text; advised: Text }): Message => ({
    en: `${en(said)} (${en(advised)})`,
    ko: `${ko(said)} (${ko(advised)})`,
  }),
  withAdvice: ({ said, advised }: { said: Text; advised: Text | undefined }): Message => ({
    en: `${en(said)}${advised === undefined ? '' : `: ${en(advised)}`}`,
    ko: `${ko(said)}${advised === undefined ? '' : `: ${ko(advised)}`}`,
  }),
};
