/** What a member is told by a gateway's plugin: login, devices, renewals. */
import { durationText } from '../duration.ts';
import { en, ko, type Message, type Text } from '../message.ts';

/** A command line to copy. */
interface Command {
  readonly command: string;
}

export const gatewayMessages = {
  peer: ({ host }: { host: string }): Message => ({ en: `the gateway (${host})`, ko: `게이트웨이(${host})` }),
  addressHint: ({ address }: { address: string }): Message => ({
    en: `is this computer online, and is ${address} still the address of the gateway?`,
    ko: `컴퓨터가 인터넷에 연결되어 있나요? 게이트웨이 주소가 아직 ${address}인가요?`,
  }),
  sent: (): Message => ({ en: "this device's requests", ko: '이 기기의 요청' }),
  belongsElsewhere: (): Message => ({
    en: 'give the address alone, without a user name',
    ko: '사용자 이름 없이 주소만 입력하세요',
  }),
  notAGateway: ({ address }: { address: string }): Message => ({
    en: `${address} does not answer as a gateway`,
    ko: `${address}은(는) 게이트웨이처럼 응답하지 않습니다`,
  }),
  siteInstead: ({ command }: Command): Message => ({
    en: `ask the operators for its address; at a club's site, log in with: ${command}`,
    ko: `운영진에게 주소를 물어보세요. 동아리 사이트라면 다음으로 로그인하세요: ${command}`,
  }),
  gatewayAlone: (): Message => ({
    en: "a gateway's address, --cluster and --site are three ways to say the same; give one",
    ko: '게이트웨이 주소, --cluster, --site는 같은 것을 가리키는 세 가지 방법입니다. 하나만 쓰세요',
  }),
  noSignIn: (): Message => ({
    en: 'this gateway offers no way to log in that this version knows',
    ko: '이 버전이 아는 로그인 방법을 이 게이트웨이가 제공하지 않습니다',
  }),
  update: (): Message => ({ en: 'install the current version', ko: '최신 버전을 설치하세요' }),
  openLink: (): Message => ({
    en: 'Open this link in a browser, on any device, and log in:',
    ko: '아무 기기에서나 브라우저로 이 링크를 열고 로그인하세요:',
  }),
  typeCode: ({ code, seconds }: { code: string; seconds: number }): Message => ({
    en: `Then type this code there: ${code} (good for ${durationText(seconds).en})`,
    ko: `그리고 그곳에 이 코드를 입력하세요: ${code} (${durationText(seconds).ko} 동안 유효)`,
  }),
  compareKey: ({ thumbprint }: { thumbprint: string }): Message => ({
    en: `The page must show this key: ${thumbprint}`,
    ko: `페이지에 이 키가 보여야 합니다: ${thumbprint}`,
  }),
  codeOver: (): Message => ({
    en: 'nobody has typed the code in time',
    ko: '시간 안에 코드가 입력되지 않았습니다',
  }),
  tryAgain: ({ command }: Command): Message => ({ en: `begin again: ${command}`, ko: `다시 시작하세요: ${command}` }),
  connected: ({ peer, account }: { peer: Message; account: string }): Message => ({
    en: `This device is connected to ${peer.en}, as ${account}.`,
    ko: `이 기기를 ${peer.ko}에 ${account} 계정으로 연결했습니다.`,
  }),
  renewsItself: (): Message => ({
    en: 'kubectl gets its tokens by itself from now on; each lives for an hour at most.',
    ko: '이제 kubectl이 토큰을 알아서 받습니다. 토큰은 최대 한 시간 동안 유효합니다.',
  }),
  unknownDevice: (): Message => ({
    en: 'this device is not connected any more: somebody removed it, or its account is gone',
    ko: '이 기기는 더 이상 연결되어 있지 않습니다. 누군가 제거했거나 계정이 없어졌습니다',
  }),
  deviceExpired: (): Message => ({
    en: 'this device was not used for too long, or was connected too long ago',
    ko: '이 기기를 너무 오래 쓰지 않았거나, 연결한 지 너무 오래되었습니다',
  }),
  accountGone: (): Message => ({
    en: 'your account on the cluster is gone',
    ko: '클러스터에 계정이 없습니다',
  }),
  askOperators: (): Message => ({
    en: 'if you are a member, ask the operators',
    ko: '회원이라면 운영진에게 문의하세요',
  }),
  wrongClock: (): Message => ({
    en: "this computer's clock is off by more than a minute",
    ko: '컴퓨터 시계가 1분 넘게 어긋나 있습니다',
  }),
  setClock: (): Message => ({ en: "set the computer's clock", ko: '컴퓨터 시계를 맞추세요' }),
  logInAgain: ({ command }: Command): Message => ({
    en: `log in again: ${command}`,
    ko: `다시 로그인하세요: ${command}`,
  }),
  tooManyDevices: (): Message => ({
    en: 'you have ten devices already',
    ko: '이미 기기가 10대 있습니다',
  }),
  removeOne: ({ address }: { address: string }): Message => ({
    en: `remove one at ${address}`,
    ko: `${address}에서 하나를 제거하세요`,
  }),
  siteRefused: (): Message => ({
    en: "the club's site does not accept this login",
    ko: '동아리 사이트가 이 로그인을 받아들이지 않습니다',
  }),
  noDelivery: (): Message => ({
    en: "the club's site holds no token for you, which would say which account is yours",
    ko: '동아리 사이트에 토큰이 없어서 어떤 계정인지 알 수 없습니다',
  }),
  activeOnly: (): Message => ({
    en: 'tokens are issued to active members only',
    ko: '토큰은 활동 중인 회원에게만 발급됩니다',
  }),
  codeRefused: (): Message => ({
    en: 'the gateway does not take this code: it was used, withdrawn or is too old, or it is for another gateway',
    ko: '게이트웨이가 이 코드를 받아들이지 않습니다. 이미 썼거나, 취소되었거나, 너무 오래되었거나, 다른 게이트웨이의 코드입니다',
  }),
  askForAnotherCode: (): Message => ({
    en: 'ask the operators for another one',
    ko: '운영진에게 새 코드를 요청하세요',
  }),
  notCodeFor: ({ address, other }: { address: string; other: string }): Message => ({
    en: `this is not a code for ${address} but for ${other}; nothing was sent`,
    ko: `${address}이(가) 아니라 ${other}에서 쓰는 코드입니다. 아무것도 보내지 않았습니다`,
  }),
  askCode: (): Message => ({ en: 'Code from the operators: ', ko: '운영진에게 받은 코드: ' }),
  theCode: (): Message => ({ en: 'code', ko: '코드' }),
  codeIsForGateways: (): Message => ({
    en: "--code-file goes with a gateway's address",
    ko: '--code-file은 게이트웨이 주소와 함께 써야 합니다',
  }),
  takesNoCodes: ({ peer }: { peer: Message }): Message => ({
    en: `${peer.en} is an older version, which takes no codes`,
    ko: `${peer.ko}은(는) 이전 버전이어서 코드를 받지 않습니다`,
  }),
  refused: ({ peer, said }: { peer: Message; said: string }): Message => ({
    en: `${peer.en} refused: ${said}`,
    ko: `${peer.ko}이(가) 거부했습니다: ${said}`,
  }),
  unexpectedAnswer: ({ peer, status }: { peer: Message; status: number }): Message => ({
    en: `${peer.en} answered with ${status}`,
    ko: `${peer.ko}이(가) ${status}(으)로 응답했습니다`,
  }),
  away: ({ peer }: { peer: Message }): Message => ({
    en: `${peer.en} can't serve this just now`,
    ko: `${peer.ko}이(가) 지금은 처리할 수 없습니다`,
  }),
  tryLater: (): Message => ({ en: 'try again in a minute', ko: '1분 뒤에 다시 시도하세요' }),
  notADevice: ({ file }: { file: string }): Message => ({
    en: `${file} is not a device that this version of the program has written`,
    ko: `${file} 파일은 이 버전이 만든 기기 정보가 아닙니다`,
  }),
  deleteAndLogIn: ({ command }: Command): Message => ({
    en: `delete it and log in again: ${command}`,
    ko: `파일을 지우고 다시 로그인하세요: ${command}`,
  }),
  needsGateway: ({ cluster }: { cluster: string }): Message => ({
    en: `${cluster} is not a cluster that a gateway serves`,
    ko: `${cluster}은(는) 게이트웨이로 접속하는 클러스터가 아닙니다`,
  }),
  logInAtGateway: ({ command }: Command): Message => ({
    en: `devices are for gateways: ${command}`,
    ko: `기기는 게이트웨이에서만 씁니다: ${command}`,
  }),
  noDevice: ({ name }: { name: string }): Message => ({
    en: `there is no device called ${name}`,
    ko: `${name}(이)라는 기기가 없습니다`,
  }),
  listDevices: ({ command }: Command): Message => ({ en: `see them: ${command}`, ko: `목록 보기: ${command}` }),
  severalDevices: ({ name }: { name: string }): Message => ({
    en: `several devices are called ${name}`,
    ko: `${name}(이)라는 기기가 여러 대입니다`,
  }),
  giveId: (): Message => ({ en: 'give its id, the last column', ko: '마지막 열의 id를 입력하세요' }),
  removed: ({ name }: { name: string }): Message => ({
    en: `${name} is removed; its access ends within 10 seconds.`,
    ko: `${name} 기기를 제거했습니다. 10초 안에 접속이 끊어집니다.`,
  }),
  headDevice: (): Message => ({ en: 'DEVICE', ko: '기기' }),
  headConnected: (): Message => ({ en: 'CONNECTED', ko: '연결' }),
  headUsed: (): Message => ({ en: 'LAST USED', ko: '마지막 사용' }),
  thisOne: (): Message => ({ en: 'this one', ko: '이 기기' }),
  deviceOf: ({ peer, account }: { peer: Message; account: string }): Message => ({
    en: `a device of ${account} at ${peer.en}`,
    ko: `${peer.ko}에 연결한 ${account}의 기기`,
  }),
  renewedByItself: (): Message => ({ en: 'renewed by itself', ko: '자동으로 갱신됨' }),
  but: ({ problem }: { problem: Text }): Message => ({ en: `But: ${en(problem)}.`, ko: `그런데 ${ko(problem)}.` }),
  loggedOut: ({ cluster }: { cluster: string }): Message => ({
    en: `Logged out of ${cluster}: this device is removed, and its key and token are gone from this computer.`,
    ko: `${cluster}에서 로그아웃했습니다. 이 기기를 제거하고, 컴퓨터에서 키와 토큰을 지웠습니다.`,
  }),
  notRemovedThere: ({ address }: { address: string }): Message => ({
    en: `the device could not be removed at the gateway; remove it at ${address}`,
    ko: `게이트웨이에서 기기를 제거하지 못했습니다. ${address}에서 제거하세요`,
  }),
};
