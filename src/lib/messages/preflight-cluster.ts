/** What preflight says of the cluster's own parts: the API server, versions, clock, and the names that members get. */
import { en, ko, type Message } from '../message.ts';

interface Range {
  readonly name: string;
  readonly oldest: string;
  readonly newest: string;
}

export const versionMessages = {
  tooOld: ({ name, version, oldest, newest }: Range & { version: string }): Message => ({
    en: `${name} ${version} is older than what this program is tested with (${oldest} to ${newest}): upgrade ${name} to ${oldest} or later`,
    ko: `${name} ${version}: 이 프로그램을 시험한 버전(${oldest}부터 ${newest}까지)보다 오래되었습니다. ${name} ${oldest} 이상으로 올리세요`,
  }),
  newer: ({ name, version, oldest, newest }: Range & { version: string }): Message => ({
    en: `${name} ${version} is newer than what this program is tested with (${oldest} to ${newest}): after an upgrade, run preflight --probe`,
    ko: `${name} ${version}: 이 프로그램을 시험한 버전(${oldest}부터 ${newest}까지)보다 새 버전입니다. 버전을 올린 뒤에는 preflight --probe를 실행하세요`,
  }),
  supported: ({ name, version, oldest, newest }: Range & { version: string }): Message => ({
    en: `${name} ${version} is supported (${oldest} to ${newest})`,
    ko: `${name} ${version}: 지원하는 버전입니다(${oldest}부터 ${newest}까지)`,
  }),
  none: ({ name, evidence, oldest, newest }: Range & { evidence: Message }): Message => ({
    en: `which version of ${name} runs, since ${en(evidence)}: compare it yourself with what is tested (${oldest} to ${newest})`,
    ko: `${name} 버전을 알 수 없습니다. ${ko(evidence)}. 시험한 버전(${oldest}부터 ${newest}까지)과 직접 비교하세요`,
  }),
  noDeployment: ({ deployment, namespace }: { deployment: string; namespace: string }): Message => ({
    en: `there is no deployment/${deployment} in ${namespace}`,
    ko: `${namespace}에 deployment/${deployment}가 없습니다`,
  }),
  itsImage: ({ image }: { image: string }): Message => ({
    en: `its image is '${image}'`,
    ko: `이미지가 '${image}'입니다`,
  }),
  callsItself: ({ version }: { version: string }): Message => ({
    en: `it calls itself '${version}'`,
    ko: `스스로 알리는 버전이 '${version}'입니다`,
  }),
};

export const nameMessages = {
  noNewcomers: (): Message => ({
    en: 'every member has an account already',
    ko: '모든 회원에게 이미 계정이 있습니다',
  }),
  asLogin: ({ newcomers }: { newcomers: number }): Message => ({
    en: `all ${newcomers} newcomers get their login id as name`,
    ko: `새 회원 ${newcomers}명 모두 로그인 ID를 이름으로 받습니다`,
  }),
  otherNames: ({ odd, newcomers, names }: { odd: number; newcomers: number; names: Message }): Message => ({
    en: `${odd} of ${newcomers} newcomers get a name that isn't their login id. Theirs is shown on the site: ${names.en}`,
    ko: `새 회원 ${newcomers}명 중 ${odd}명은 로그인 ID와 다른 이름을 받습니다. 받은 이름은 사이트에서 볼 수 있습니다: ${names.ko}`,
  }),
};

export const kubernetesMessages = {
  tooOld: ({ version, minor }: { version: string; minor: number }): Message => ({
    en: `Kubernetes ${version} is too old: 1.${minor} is needed. Upgrade the cluster`,
    ko: `Kubernetes ${version}: 너무 오래되었습니다. 1.${minor} 이상이 필요합니다. 클러스터를 업그레이드하세요`,
  }),
  notServed: ({ what, purpose }: { what: string; purpose: Message }): Message => ({
    en: `${what} is not served, which ${purpose.en} needs: see --runtime-config of kube-apiserver, or upgrade the cluster`,
    ko: `${what} API가 없습니다. 쓰는 곳: ${purpose.ko}. kube-apiserver의 --runtime-config를 확인하거나 클러스터를 업그레이드하세요`,
  }),
  servesAll: ({ version }: { version: string }): Message => ({
    en: `${version} serves all that this needs`,
    ko: `${version}: 필요한 API가 모두 있습니다`,
  }),
  forTokens: (): Message => ({ en: "members' tokens (TokenRequest)", ko: '회원 토큰 발급(TokenRequest)' }),
  forTrying: (): Message => ({ en: 'trying tokens', ko: '토큰 시험' }),
  forLock: (): Message => ({ en: 'the run lock', ko: '실행 잠금' }),
  forSchedule: (): Message => ({ en: 'the schedule', ko: '정기 실행' }),
  forNamespaceGuard: (): Message => ({
    en: 'the guard around the namespace of the members',
    ko: '회원 네임스페이스 보호',
  }),
  forEvents: (): Message => ({ en: 'the Events of a failed run', ko: '실패한 실행의 Event' }),
  forPolicies: (): Message => ({
    en: "the members' policies where there is no Kyverno (Kubernetes 1.36)",
    ko: 'Kyverno가 없을 때의 회원 정책(Kubernetes 1.36)',
  }),
};
