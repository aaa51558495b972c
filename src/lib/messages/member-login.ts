/** What a member is told by login and logout. */
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

interface Host {
  readonly host: string;
}

export const loginMessages = {
  site: ({ host }: Host): Message => ({ en: `PoolC (${host})`, ko: `PoolC(${host})` }),
  logInTo: ({ site }: { site: Message }): Message => ({ en: `Log in to ${site.en}`, ko: `${site.ko}에 로그인합니다` }),
  askLoginId: ({ suggestion }: { suggestion: string }): Message => ({
    en: `Login id${suggestion}: `,
    ko: `아이디${suggestion}: `,
  }),
  askPassword: (): Message => ({ en: 'Password: ', ko: '비밀번호: ' }),
  askAccessToken: (): Message => ({ en: 'Access token: ', ko: '액세스 토큰: ' }),
  loginIdNeeded: (): Message => ({ en: 'a login id is needed', ko: '아이디를 입력해야 합니다' }),
  passwordNeeded: (): Message => ({ en: 'a password is needed', ko: '비밀번호를 입력해야 합니다' }),
  inputEnded: ({ question }: { question: string }): Message => ({
    en: `the input ended before an answer to "${question}"`,
    ko: `"${question}"에 답하기 전에 입력이 끝났습니다`,
  }),
  stopped: (): Message => ({ en: 'stopped by Ctrl-C', ko: 'Ctrl-C로 중단했습니다' }),

  loggedIn: ({ site, loginId }: { site: Message; loginId: string | undefined }): Message => ({
    en: `Logged in to ${site.en}${loginId === undefined ? '' : ` as ${loginId}`}.`,
    ko: `${site.ko}에 ${loginId === undefined ? '' : `${loginId} 아이디로 `}로그인했습니다.`,
  }),
  contextIsCurrent: ({ cluster, file }: Cluster & { file: string }): Message => ({
    en: `kubectl's context ${cluster} is in ${file}, and is the current one.`,
    ko: `${file}에 kubectl 컨텍스트 ${cluster} 항목을 넣고, 현재 컨텍스트로 지정했습니다.`,
  }),
  contextIsThere: ({ cluster, file }: Cluster & { file: string }): Message => ({
    en: `kubectl's context ${cluster} is in ${file}.`,
    ko: `${file}에 kubectl 컨텍스트 ${cluster} 항목을 넣었습니다.`,
  }),
  tokenIsGood: ({ seconds }: { seconds: number }): Message => ({
    en: `Your token is good for ${durationText(seconds).en}; kubectl fetches the next ones by itself.`,
    ko: `토큰은 ${durationText(seconds).ko} 동안 쓸 수 있습니다. 그다음 토큰은 kubectl이 알아서 받아 옵니다.`,
  }),
  tryIt: ({ command }: Command): Message => ({ en: `Try: ${command}`, ko: `이제 실행해 보세요: ${command}` }),
  but: ({ problem }: { problem: Text }): Message => ({
    en: `But: ${en(problem)}.`,
    ko: `그런데 ${ko(problem)}.`,
  }),
  loggedOutNow: ({ cluster }: Cluster): Message => ({
    en: `Logged out of ${cluster}: the login and the token are gone from this computer.`,
    ko: `${cluster} 클러스터에서 로그아웃했습니다. 이 컴퓨터에서 로그인 정보와 토큰을 지웠습니다.`,
  }),
  logInAgainWith: ({ command }: Command): Message => ({
    en: `Log in again with: ${command}`,
    ko: `다시 로그인하려면: ${command}`,
  }),

  clusterFlagNeeded: (): Message => ({
    en: '--kubeconfig, --namespace, --keep-context and --replace need --cluster',
    ko: '--kubeconfig, --namespace, --keep-context, --replace는 --cluster와 함께 써야 합니다',
  }),
  onlyRenewed: (): Message => ({
    en: 'without --cluster only the login is renewed; the kubeconfig stays as it is',
    ko: '--cluster 없이 실행하면 로그인만 새로 하고 kubeconfig는 그대로 둡니다',
  }),
  siteUnknown: ({ where }: { where: string }): Message => ({
    en: `${where} says where the cluster is, but not where to log in`,
    ko: `${where}에는 클러스터 주소만 있고 로그인할 주소가 없습니다`,
  }),
  giveSite: (): Message => ({
    en: "give the address of the club's PoolC API with --site https://…",
    ko: '동아리 PoolC API의 주소를 --site https://…로 알려 주세요',
  }),
  badClusterName: ({ given }: { given: string }): Message => ({
    en: `${given} can't be used as a cluster's name`,
    ko: `${given}: 클러스터 이름으로 쓸 수 없습니다`,
  }),
  goodClusterName: (): Message => ({
    en: 'lower-case letters, digits and hyphens only, at most 63',
    ko: '영어 소문자, 숫자, 하이픈만 써서 63자 이내로 지으세요',
  }),

  anAccessToken: (): Message => ({ en: 'access token', ko: '액세스 토큰' }),
  /** @param called what it is, such as "access token" */
  secretUnreadable: ({ where, code, called }: { where: Text; code: string; called: Message }): Message => ({
    en: `the ${called.en} can't be read from ${en(where)} (${code})`,
    ko: `${ko(where)}에서 ${called.ko}을(를) 읽을 수 없습니다(${code})`,
  }),
  standardInput: (): Message => ({ en: 'standard input', ko: '표준 입력' }),
  theAnswer: (): Message => ({ en: 'the answer', ko: '입력한 값' }),
  noSecret: ({ where, called, isEmpty }: { where: Text; called: Message; isEmpty: boolean }): Message => ({
    en: `${en(where)} holds no ${called.en}: ${isEmpty ? 'it is empty' : `it has a space, a line break or other characters that no ${called.en} has`}`,
    ko: `${ko(where)}에 ${called.ko}이(가) 없습니다. ${isEmpty ? '비어 있습니다' : `공백, 줄바꿈 등 ${called.ko}에 없는 문자가 들어 있습니다`}`,
  }),
  secretAlone: ({ called }: { called: Message }): Message => ({
    en: `it must hold the ${called.en} and nothing else`,
    ko: `${called.ko}만 있어야 합니다`,
  }),
  accessTokenRefused: ({ site }: { site: Message }): Message => ({
    en: `${site.en} does not accept this access token`,
    ko: `${site.ko}에서 이 액세스 토큰을 받아들이지 않습니다`,
  }),
  takeFreshAccessToken: (): Message => ({
    en: 'it may have expired: take a fresh one, or log in with login id and password',
    ko: '만료되었을 수 있습니다. 새 토큰을 쓰거나 아이디와 비밀번호로 로그인하세요',
  }),
};
