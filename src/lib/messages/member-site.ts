/** What a member is told of the club's site, and of the description of a cluster. */
import type { Message } from '../message.ts';

/** A command line to copy. */
interface Command {
  readonly command: string;
}

export const siteMessages = {
  whatLogin: (): Message => ({ en: 'the login', ko: '로그인 요청' }),
  whatRenewal: (): Message => ({ en: 'the renewal of the login', ko: '로그인 연장 요청' }),
  whatToken: (): Message => ({ en: 'the request for your token', ko: '토큰 요청' }),
  sendsOn: ({ site, what, to }: { site: Message; what: Message; to: string }): Message => ({
    en: `${site.en} sends ${what.en} on to ${to}; it is not followed, since secrets would go along`,
    ko: `${site.ko}에 보낸 ${what.ko}: ${to} 주소로 넘어갔습니다. 비밀번호나 토큰이 함께 넘어가므로 따라가지 않습니다`,
  }),
  logInWhereItAnswers: ({ command }: Command): Message => ({
    en: `log in at the address that answers itself: ${command}`,
    ko: `다른 주소로 넘기지 않는 주소로 로그인하세요: ${command}`,
  }),
  answered: ({
    site,
    what,
    status,
    said,
  }: {
    site: Message;
    what: Message;
    status: number;
    said: string | undefined;
  }): Message => ({
    en: `${site.en} answered ${what.en} with ${status}${said === undefined ? '' : `: ${said}`}`,
    ko: `${site.ko}에 보낸 ${what.ko}: ${status} 응답을 받았습니다${said === undefined ? '' : `(${said})`}`,
  }),
  tooManyRequests: (): Message => ({
    en: 'too many requests from this network: try again in a minute',
    ko: '이 네트워크에서 보낸 요청이 너무 많습니다. 1분 뒤에 다시 해 보세요',
  }),
  siteInTrouble: (): Message => ({
    en: 'the site is in trouble: try again later, and tell the operators if it stays so',
    ko: '사이트에 문제가 있습니다. 나중에 다시 해 보고, 계속되면 운영진에게 알려 주세요',
  }),
  isThisPoolc: ({ address }: { address: string }): Message => ({
    en: `is ${address} the address of the PoolC API?`,
    ko: `PoolC API의 주소가 ${address} 맞나요?`,
  }),
  isSiteStillThere: ({ address }: { address: string }): Message => ({
    en: `is this computer online, and is ${address} still the address of the PoolC API?`,
    ko: `이 컴퓨터가 인터넷에 연결되어 있나요? PoolC API의 주소가 아직 ${address} 맞나요?`,
  }),
  notPoolcJson: ({ site, what }: { site: Message; what: Message }): Message => ({
    en: `${site.en} answered ${what.en} with something that is not PoolC's JSON`,
    ko: `${site.ko}에 보낸 ${what.ko}: PoolC의 JSON이 아닌 응답을 받았습니다`,
  }),
  wrongPassword: ({ site }: { site: Message }): Message => ({
    en: `${site.en} refused the login id or the password`,
    ko: `${site.ko}: 아이디 또는 비밀번호가 올바르지 않습니다`,
  }),
  tryInBrowser: (): Message => ({
    en: "log in on the club's site in a browser with the same two; after leaving the club an account may be gone",
    ko: '브라우저로 동아리 사이트에 같은 아이디와 비밀번호로 로그인해 보세요. 탈퇴했다면 계정이 없어졌을 수 있습니다',
  }),
  loginNotAllowed: ({ site, said }: { site: Message; said: string | undefined }): Message => ({
    en: `${site.en} does not let this account log in${said === undefined ? '' : `: ${said}`}`,
    ko: `${site.ko}에서 이 계정의 로그인을 허용하지 않습니다${said === undefined ? '' : `(${said})`}`,
  }),
  waitForApproval: (): Message => ({
    en: "a new account waits for an operator's approval; ask the operators",
    ko: '새 계정은 운영진이 승인해야 쓸 수 있습니다. 운영진에게 물어보세요',
  }),
};

export const descriptionMessages = {
  description: ({ where }: { where: string }): Message => ({
    en: `the cluster's description at ${where}`,
    ko: `클러스터 정보 주소(${where})`,
  }),
  fileMissing: ({ file }: { file: string }): Message => ({
    en: `the cluster's description ${file} does not exist`,
    ko: `클러스터 정보 파일 ${file}: 그런 파일이 없습니다`,
  }),
  fileUnreadable: ({ file, code }: { file: string; code: string }): Message => ({
    en: `the cluster's description ${file} can't be read (${code})`,
    ko: `클러스터 정보 파일 ${file}: 읽을 수 없습니다(${code})`,
  }),
  fileOrAddress: ({ guess }: { guess: string | undefined }): Message => ({
    en: `--cluster takes a file or an https address${guess === undefined ? '' : `, such as ${guess}`}; the club's site shows the command with its own`,
    ko: `--cluster에는 파일이나 https 주소를 씁니다${guess === undefined ? '' : `(예: ${guess})`}. 동아리 사이트에 주소가 채워진 명령이 있습니다`,
  }),
  isAddressRight: (): Message => ({
    en: 'is this computer online, and is the address right?',
    ko: '이 컴퓨터가 인터넷에 연결되어 있나요? 주소가 맞나요?',
  }),
  notAvailable: ({
    description,
    status,
    to,
  }: {
    description: Message;
    status: number;
    to: string | undefined;
  }): Message => ({
    en: `${description.en} is not available: ${status}${to === undefined ? '' : `, it sends on to ${to}`}`,
    ko: `${description.ko}에서 정보를 받지 못했습니다: ${status}${to === undefined ? '' : `, ${to} 주소로 넘깁니다`}`,
  }),
  siteDescribesNothing: (): Message => ({
    en: 'the site does not describe its cluster: is the address right? Ask the operators',
    ko: '이 사이트에는 클러스터 정보가 없습니다. 주소가 맞나요? 운영진에게 물어보세요',
  }),
  askOperators: (): Message => ({
    en: 'is the address right? Ask the operators',
    ko: '주소가 맞나요? 운영진에게 물어보세요',
  }),
  malformed: ({ where, why }: { where: string; why: Message }): Message => ({
    en: `${where} does not describe a cluster as {name, server, certificateAuthority}: ${why.en}`,
    ko: `${where}의 내용이 {name, server, certificateAuthority} 형식의 클러스터 정보가 아닙니다. ${why.ko}`,
  }),
  operatorsMakeIt: (): Message => ({
    en: 'operators make such a file with: credentials-updater kubeconfig --cluster-info',
    ko: '운영진이 credentials-updater kubeconfig --cluster-info 명령으로 만든 파일이어야 합니다',
  }),
  notJson: (): Message => ({ en: 'it is not JSON', ko: 'JSON이 아닙니다' }),
  fieldWrong: ({ field }: { field: string }): Message => ({
    en: `${field || 'the whole'} is missing or of the wrong type`,
    ko: `${field || '전체'}: 없거나 형식이 다릅니다`,
  }),
  serverNotHttps: ({ server }: { server: string }): Message => ({
    en: `its server, ${server}, is not an https address`,
    ko: `server(${server}): https 주소가 아닙니다`,
  }),
  notCertificate: (): Message => ({
    en: 'its certificateAuthority is not a certificate in PEM',
    ko: 'certificateAuthority: PEM 형식의 인증서가 아닙니다',
  }),
};
