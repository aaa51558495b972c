/** What whoami says, and login of the API server. */
import { durationText } from '../duration.ts';
import { en, ko, type Message, type Text } from '../message.ts';

/** A cluster's name on this computer. */
interface Cluster {
  readonly cluster: string;
}

/** A command line to copy. */
interface Command {
  readonly command: string;
}

export const whoamiMessages = {
  labelCluster: (): Message => ({ en: 'cluster', ko: '클러스터' }),
  labelAccount: (): Message => ({ en: 'account', ko: '계정' }),
  labelToken: (): Message => ({ en: 'token', ko: '토큰' }),
  labelLogin: (): Message => ({ en: 'login', ko: '로그인' }),
  labelKubectl: (): Message => ({ en: 'kubectl', ko: 'kubectl' }),
  labelServer: (): Message => ({ en: 'API server', ko: 'API 서버' }),
  labelAdvice: (): Message => ({ en: 'what to do', ko: '할 일' }),
  account: ({ name, namespace }: { name: string; namespace: string }): Message => ({
    en: `${name} in namespace ${namespace}`,
    ko: `${name} (네임스페이스 ${namespace})`,
  }),
  endsAt: ({ time, seconds }: { time: string; seconds: number }): Message => ({
    en: `ends ${time}, in ${durationText(seconds).en}`,
    ko: `${time} 만료, ${durationText(seconds).ko} 남음`,
  }),
  hasEnded: ({ time, seconds }: { time: string; seconds: number }): Message => ({
    en: `ended ${time}, ${durationText(seconds).en} ago`,
    ko: `${time} 만료됨, ${durationText(seconds).ko} 전`,
  }),
  isNewest: (): Message => ({ en: 'the one that PoolC has now', ko: 'PoolC에 있는 최신 토큰' }),
  none: (): Message => ({ en: 'none', ko: '없음' }),
  loginOf: ({ site, loginId }: { site: Message; loginId: string | undefined }): Message => ({
    en: `${site.en}${loginId === undefined ? '' : ` as ${loginId}`}`,
    ko: `${site.ko}${loginId === undefined ? '' : `, 아이디 ${loginId}`}`,
  }),
  endUnknown: (): Message => ({ en: 'it does not say when it ends', ko: '만료 시각을 알 수 없음' }),
  renewedByUse: (): Message => ({ en: 'use renews it', ko: '쓰는 동안 연장됨' }),
  notLoggedIn: (): Message => ({ en: 'logged out', ko: '로그아웃함' }),
  contextCurrent: ({ context }: { context: string }): Message => ({
    en: `context ${context}, the current one`,
    ko: `컨텍스트 ${context} (현재 컨텍스트)`,
  }),
  contextNotCurrent: ({ context, command }: Command & { context: string }): Message => ({
    en: `context ${context}, not the current one; to make it so: ${command}`,
    ko: `컨텍스트 ${context} (현재 컨텍스트 아님). 바꾸려면: ${command}`,
  }),
  contextMissing: ({ command }: Command): Message => ({
    en: `no context uses this login; to write one: ${command}`,
    ko: `이 로그인을 쓰는 컨텍스트가 없습니다. 만들려면: ${command}`,
  }),
  serverKnows: ({ user }: { user: string }): Message => ({
    en: `answers, and knows you as ${user}`,
    ko: `응답함, 사용자 ${user}`,
  }),
  serverAnswers: (): Message => ({ en: 'answers', ko: '응답함' }),
  serverRefuses: (): Message => ({
    en: 'answers, and refuses this token; the next kubectl asks PoolC for another',
    ko: '응답하지만 이 토큰을 거부함. 다음 kubectl 명령이 PoolC에서 새 토큰을 받아 옵니다',
  }),
  serverOtherwise: ({ status }: { status: number }): Message => ({
    en: `answers with ${status}`,
    ko: `${status} 응답`,
  }),
  serverUnknown: (): Message => ({
    en: 'not asked: the kubeconfig does not say where it is',
    ko: '확인하지 않음: kubeconfig에 주소가 없습니다',
  }),
  serverUnreachable: ({ cluster, why }: Cluster & { why: Text }): Message => ({
    en: `the cluster ${cluster} can't be reached from here (${en(why)})`,
    ko: `여기에서는 ${cluster} 클러스터에 연결할 수 없습니다 (${ko(why)})`,
  }),
  needsVpn: (): Message => ({
    en: "does it need the club's VPN?",
    ko: '동아리 VPN에 연결해야 하나요?',
  }),
};
