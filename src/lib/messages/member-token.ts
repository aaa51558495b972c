/** What a member is told of the token and the login, by kubectl's plugin above all. */
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

export const tokenMessages = {
  loggedOut: ({ cluster }: Cluster): Message => ({
    en: `you are logged out of ${cluster}`,
    ko: `${cluster} 클러스터에서 로그아웃한 상태입니다`,
  }),
  logInAgain: ({ command }: Command): Message => ({
    en: `log in again: ${command}`,
    ko: `다시 로그인하세요: ${command}`,
  }),
  loggedOutMeanwhile: ({ cluster }: Cluster): Message => ({
    en: `you logged out of ${cluster}, or in again, while PoolC was being asked`,
    ko: `PoolC에 토큰을 요청하는 사이에 ${cluster} 클러스터에서 로그아웃했거나 다시 로그인했습니다`,
  }),
  runAgain: ({ command }: Command): Message => ({
    en: `run the command again; if you have logged out: ${command}`,
    ko: `명령을 다시 실행하세요. 로그아웃했다면 먼저 실행하세요: ${command}`,
  }),
  loginExpired: ({ agoSeconds }: { agoSeconds: number | undefined }): Message => ({
    en: `your login to PoolC has expired${agoSeconds === undefined ? '' : ` (${durationText(agoSeconds).en} ago)`}`,
    ko: `PoolC 로그인이 만료되었습니다${agoSeconds === undefined ? '' : `(${durationText(agoSeconds).ko} 전)`}`,
  }),
  loginRefused: (): Message => ({
    en: 'PoolC no longer accepts your login, though it has not expired',
    ko: '로그인이 만료되지 않았는데도 PoolC에서 받아들이지 않습니다',
  }),
  logInAgainOrGone: ({ command }: Command): Message => ({
    en: `log in again: ${command}; if that is refused, your account is gone, as it is for members who left the club`,
    ko: `다시 로그인하세요: ${command}; 그래도 거절되면 탈퇴한 회원처럼 계정이 없어진 것입니다`,
  }),
  noTokenAnyMore: (): Message => ({
    en: 'PoolC holds no token for you any more: you are no longer listed as an active member',
    ko: 'PoolC에 회원님의 토큰이 더 이상 없습니다. 활동 회원 명단에 없습니다',
  }),
  leftOut: (): Message => ({
    en: 'if you are one, tell the operators: the last delivery of tokens has left you out',
    ko: '활동 회원이라면 지난 토큰 발급에서 빠진 것이니 운영진에게 알려 주세요',
  }),
  noToken: (): Message => ({
    en: 'PoolC holds no token for you: tokens are issued to active members only',
    ko: 'PoolC에 회원님의 토큰이 없습니다. 토큰은 활동 회원에게만 발급됩니다',
  }),
  joinedOrLeftOut: (): Message => ({
    en: 'if you joined since the last run, kubectl works by itself after the next one, usually at midnight; if you have been a member for longer, ask the operators',
    ko: '지난 발급 뒤에 가입했다면 다음 발급(보통 자정) 뒤에 kubectl이 바로 됩니다. 그 전부터 활동 회원이었다면 운영진에게 물어보세요',
  }),
  tokenIsLate: ({ seconds }: { seconds: number }): Message => ({
    en: `the token that PoolC has for you expired ${durationText(seconds).en} ago: the delivery of new tokens is late`,
    ko: `PoolC에 있는 회원님의 토큰이 ${durationText(seconds).ko} 전에 만료되었습니다. 새 토큰 발급이 늦어지고 있습니다`,
  }),
  tellOperators: ({ clock }: { clock: Text }): Message => ({
    en: `tell the operators; after the next delivery kubectl works by itself${en(clock)}`,
    ko: `운영진에게 알려 주세요. 새 토큰이 발급되면 kubectl이 바로 됩니다${ko(clock)}`,
  }),
  clockIsOff: ({ seconds, isAhead }: { seconds: number; isAhead: boolean }): Message => ({
    en: `; this computer's clock is ${durationText(seconds).en} ${isAhead ? 'ahead of' : 'behind'} PoolC's, set it first`,
    ko: `. 이 컴퓨터의 시계가 PoolC보다 ${durationText(seconds).ko} ${isAhead ? '빠르니' : '느리니'} 먼저 맞추세요`,
  }),
  leftAlone: ({ site }: { site: Message }): Message => ({
    en: `${site.en} did not answer a moment ago and is left alone for now`,
    ko: `${site.ko}에서 조금 전에 응답하지 않아 잠시 기다리는 중입니다`,
  }),
  isOnline: (): Message => ({
    en: 'is this computer online? Try again in half a minute',
    ko: '이 컴퓨터가 인터넷에 연결되어 있나요? 30초 뒤에 다시 해 보세요',
  }),
  notAToken: (): Message => ({
    en: 'PoolC has something for you that is not a token',
    ko: 'PoolC에 있는 회원님의 값이 토큰이 아닙니다',
  }),
  damaged: (): Message => ({
    en: 'tell the operators: the value stored for you is damaged',
    ko: '저장된 값이 손상되었으니 운영진에게 알려 주세요',
  }),
  stillWorks: ({ problem, seconds }: { problem: Text; seconds: number }): Message => ({
    en: `${en(problem)}; the token at hand works for another ${durationText(seconds).en} at most`,
    ko: `${ko(problem)}. 지금 있는 토큰은 길어야 ${durationText(seconds).ko} 더 쓸 수 있습니다`,
  }),
  otherVersion: ({ asked, spoken }: { asked: string | undefined; spoken: string }): Message => ({
    en: `the kubeconfig asks for ${asked ?? 'an unknown version'}; this plugin speaks ${spoken}`,
    ko: `kubeconfig가 요구하는 버전은 ${asked ?? '알 수 없는 버전'}인데 이 플러그인은 ${spoken} 버전을 씁니다`,
  }),
  writeKubeconfigAnew: ({ command }: Command): Message => ({
    en: `write the kubeconfig anew: ${command}; kubectl must be 1.22 or later`,
    ko: `kubeconfig를 다시 만드세요: ${command}; kubectl은 1.22 이상이어야 합니다`,
  }),
};

export const knownMessages = {
  neverLoggedIn: ({ cluster }: { cluster: string | undefined }): Message => ({
    en: `you have not logged in ${cluster === undefined ? 'to any cluster' : `to ${cluster}`} on this computer`,
    ko: `이 컴퓨터에서 ${cluster === undefined ? '어떤 클러스터에도' : `${cluster} 클러스터에`} 로그인한 적이 없습니다`,
  }),
  runSiteCommand: ({ command }: Command): Message => ({
    en: `run the command that the club's site shows: ${command}`,
    ko: `동아리 사이트에 나오는 명령을 실행하세요: ${command}`,
  }),
  whichCluster: ({ names }: { names: readonly string[] }): Message => ({
    en: `which cluster? There are ${names.length}: ${names.join(', ')}`,
    ko: `클러스터가 ${names.length}개 있습니다. 어느 것인가요? ${names.join(', ')}`,
  }),
  sayWhich: (): Message => ({ en: 'say which with --name', ko: '--name으로 골라 주세요' }),
  loginUnreadable: ({ file, code }: { file: string; code: string }): Message => ({
    en: `the login in ${file} can't be read (${code})`,
    ko: `로그인 파일 ${file}: 읽을 수 없습니다(${code})`,
  }),
  notOurLogin: ({ file }: { file: string }): Message => ({
    en: `${file} is not a login that this version of the program has written`,
    ko: `${file}: 이 버전의 프로그램이 쓴 로그인 파일이 아닙니다`,
  }),
  deleteAndLogIn: ({ command }: Command): Message => ({
    en: `delete it and log in again: ${command}`,
    ko: `파일을 지우고 다시 로그인하세요: ${command}`,
  }),
  seeHelp: ({ command }: Command): Message => ({
    en: `\`${command} --help\` shows the commands, \`${command} COMMAND --help\` their flags`,
    ko: `\`${command} --help\`에 명령이, \`${command} COMMAND --help\`에 그 명령의 옵션이 나옵니다`,
  }),
  installHint: ({ command }: Command): Message => ({
    en: `credentials-updater is not where it was when you logged in. Install it again, and run: ${command}`,
    ko: `credentials-updater가 로그인했을 때 있던 곳에 없습니다. 다시 설치하고 실행하세요: ${command}`,
  }),
};
