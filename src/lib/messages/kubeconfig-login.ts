/** A user of a kubeconfig who can't log in with what is written there, and a credential plugin that fails. */
import { en, ko, type Message, type Text } from '../message.ts';

interface OfUser {
  readonly file: string;
  readonly user: string;
}

interface Plugin {
  readonly plugin: Text;
}

export const kubeconfigLogin = {
  authProvider: ({ file, user }: OfUser): Message => ({
    en: `the kubeconfig ${file} has the field auth-provider for the user ${user}, which is not supported here`,
    ko: `kubeconfig ${file}: 사용자 ${user}에 auth-provider 필드가 있는데, 지원하지 않습니다`,
  }),
  chooseAnotherContext: ({ command }: { command: string }): Message => ({
    en: `choose a context with a token, a client certificate or an exec plugin: ${command}, or --context`,
    ko: `토큰, 클라이언트 인증서, exec 플러그인 중 하나를 쓰는 컨텍스트를 고르세요: ${command} 또는 --context`,
  }),
  nobodyToActAs: ({ file, user, field }: OfUser & { field: string }): Message => ({
    en: `the kubeconfig ${file} has the field ${field} for the user ${user}, but nobody to act as`,
    ko: `kubeconfig ${file}: 사용자 ${user}에 ${field} 필드는 있지만 누구로 행동할지가 없습니다`,
  }),
  addAs: (): Message => ({
    en: 'add the field as, as kubectl wants it',
    ko: 'kubectl과 마찬가지로 as 필드가 필요합니다',
  }),
  tokenAndName: ({ file, user }: OfUser): Message => ({
    en: `the kubeconfig ${file} has a token and a user name for the user ${user}; only one way to log in is possible`,
    ko: `kubeconfig ${file}: 사용자 ${user}에 토큰과 사용자 이름이 둘 다 있습니다. 로그인 방법은 하나여야 합니다`,
  }),
  halfPassword: ({ file, user }: OfUser): Message => ({
    en: `the kubeconfig ${file} has a user name without a password, or a password without a user name, for the user ${user}`,
    ko: `kubeconfig ${file}: 사용자 ${user}에 사용자 이름과 비밀번호 중 하나만 있습니다`,
  }),
  halfCertificate: ({ file }: { file: string }): Message => ({
    en: `the kubeconfig ${file} has a client certificate without its key, or a key without its certificate`,
    ko: `kubeconfig ${file}: 클라이언트 인증서와 키 중 하나만 있습니다`,
  }),
  bothAreNeeded: (): Message => ({
    en: 'both are needed: client-certificate(-data) and client-key(-data)',
    ko: 'client-certificate(-data)와 client-key(-data)가 둘 다 있어야 합니다',
  }),
  ofUser: ({ file, user }: OfUser): Message => ({
    en: `user ${user} in the kubeconfig ${file}`,
    ko: `kubeconfig ${file}의 사용자 ${user}`,
  }),
  tokenOf: ({ whose }: { whose: Text }): Message => ({ en: `the token of ${en(whose)}`, ko: `${ko(whose)}의 토큰` }),
  tokenOfFile: ({ file }: { file: string }): Message => ({
    en: `the token of the file ${file}`,
    ko: `${file} 파일의 토큰`,
  }),
  tokenFileUnreadable: ({ file }: { file: string }): Message => ({
    en: `the token file ${file} can't be read`,
    ko: `토큰 파일 ${file}: 읽을 수 없습니다`,
  }),
  emptyToken: ({ where }: { where: Text }): Message => ({
    en: `${en(where)} is empty; nothing was sent`,
    ko: `${ko(where)}: 비어 있습니다. 아무것도 보내지 않았습니다`,
  }),
  notToken: ({ where }: { where: Text }): Message => ({
    en: `${en(where)} holds a line break or another character that no token has; nothing was sent`,
    ko: `${ko(where)}: 줄바꿈처럼 토큰에 있을 수 없는 문자가 들어 있습니다. 아무것도 보내지 않았습니다`,
  }),
  kubectlWithIt: (): Message => ({ en: 'does kubectl work with it?', ko: 'kubectl은 되는지 확인하세요' }),
  badCertificate: ({ where, why }: { where: Text; why: Message }): Message => ({
    en: `the client certificate of ${en(where)} can't be used: ${why.en}`,
    ko: `${ko(where)}의 클라이언트 인증서를 쓸 수 없습니다: ${why.ko}`,
  }),
  certificateNotPem: (): Message => ({
    en: "it can't be read as PEM without a passphrase",
    ko: '암호 없는 PEM으로 읽을 수 없습니다',
  }),
  keyNotPem: (): Message => ({
    en: "its key can't be read as PEM without a passphrase",
    ko: '키를 암호 없는 PEM으로 읽을 수 없습니다',
  }),
  otherKey: (): Message => ({ en: 'its key belongs to another certificate', ko: '키가 다른 인증서의 것입니다' }),
  plugin: ({ command, file }: { command: string; file: string }): Message => ({
    en: `the credential plugin ${command} of ${file}`,
    ko: `${file}의 인증 플러그인 ${command}`,
  }),
  pluginVersion: ({ file, user, version }: OfUser & { version: string }): Message => ({
    en: `the user ${user} of ${file} has an exec plugin of ${version}`,
    ko: `${file}의 사용자 ${user}: 지원하지 않는 exec 플러그인 버전입니다(${version})`,
  }),
  knownVersions: ({ versions }: { versions: readonly string[] }): Message => ({
    en: `kubectl reads ${versions.join(' and ')}`,
    ko: `kubectl이 읽는 버전: ${versions.join(' and ')}`,
  }),
  pluginNeedsTerminal: ({ file, user }: OfUser): Message => ({
    en: `the exec plugin of user ${user} in ${file} must ask somebody (interactiveMode: Always), and there is no terminal`,
    ko: `${file}의 사용자 ${user}: exec 플러그인이 사람에게 물어봐야 하는데(interactiveMode: Always) 터미널이 없습니다`,
  }),
  runInTerminal: (): Message => ({
    en: 'run this in a terminal, or choose a context that needs nobody',
    ko: '터미널에서 실행하거나 사람이 필요 없는 컨텍스트를 고르세요',
  }),
  noInteractiveMode: ({ file, user }: OfUser): Message => ({
    en: `the exec plugin of user ${user} in ${file} has no interactiveMode`,
    ko: `${file}의 사용자 ${user}: exec 플러그인에 interactiveMode가 없습니다`,
  }),
  unknownInteractiveMode: ({ file, user }: OfUser): Message => ({
    en: `the exec plugin of user ${user} in ${file} has an unknown interactiveMode`,
    ko: `${file}의 사용자 ${user}: exec 플러그인의 interactiveMode가 알 수 없는 값입니다`,
  }),
  setInteractiveMode: (): Message => ({
    en: 'set it to Never, IfAvailable or Always; kubectl needs it too',
    ko: 'Never, IfAvailable, Always 중 하나로 정하세요. kubectl에도 필요합니다',
  }),
  pluginMissing: ({ plugin }: Plugin): Message => ({
    en: `${en(plugin)} is not installed`,
    ko: `${ko(plugin)}: 설치되어 있지 않습니다`,
  }),
  pluginNotRun: ({ plugin }: Plugin): Message => ({
    en: `${en(plugin)} can't be run`,
    ko: `${ko(plugin)}: 실행할 수 없습니다`,
  }),
  pluginStopped: ({ plugin, signal }: Plugin & { signal: string }): Message => ({
    en: `${en(plugin)} was stopped by ${signal}`,
    ko: `${ko(plugin)}: ${signal} 시그널로 끝났습니다`,
  }),
  pluginFailed: ({ plugin, code }: Plugin & { code: number }): Message => ({
    en: `${en(plugin)} failed with exit code ${code}`,
    ko: `${ko(plugin)}: 종료 코드 ${code}(으)로 실패했습니다`,
  }),
  pluginTooSlow: ({ plugin, seconds }: Plugin & { seconds: number }): Message => ({
    en: `${en(plugin)} did not end within ${seconds} s`,
    ko: `${ko(plugin)}: ${seconds}초 안에 끝나지 않았습니다`,
  }),
  noExecCredential: ({ plugin }: Plugin): Message => ({
    en: `${en(plugin)} printed no ExecCredential`,
    ko: `${ko(plugin)}: ExecCredential을 출력하지 않았습니다`,
  }),
  otherApiVersion: ({ plugin, version }: Plugin & { version: string }): Message => ({
    en: `${en(plugin)} answered with another apiVersion than ${version}, which the kubeconfig names`,
    ko: `${ko(plugin)}: kubeconfig에 적힌 ${version}(이)가 아닌 다른 apiVersion으로 답했습니다`,
  }),
  gaveNothing: ({ plugin }: Plugin): Message => ({
    en: `${en(plugin)} gave neither a token nor a client certificate`,
    ko: `${ko(plugin)}: 토큰도 클라이언트 인증서도 주지 않았습니다`,
  }),
  gaveHalf: ({ plugin }: Plugin): Message => ({
    en: `${en(plugin)} gave a client certificate without its key, or a key without its certificate`,
    ko: `${ko(plugin)}: 클라이언트 인증서와 키 중 하나만 주었습니다`,
  }),
  noTime: ({ plugin }: Plugin): Message => ({
    en: `${en(plugin)} gave an expirationTimestamp that is no time`,
    ko: `${ko(plugin)}: expirationTimestamp가 시각이 아닙니다`,
  }),
};
