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
