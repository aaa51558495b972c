/** Every word on the gateway's pages, in both languages. Members read them, most of them once a semester. */

export const languages = ['en', 'ko'] as const;
export type Language = (typeof languages)[number];

/** The first of ours that the browser asks for. */
export function languageOf(acceptLanguage: string | undefined): Language {
  const wanted = (acceptLanguage ?? '')
    .split(',')
    .map((part, index) => {
      const [tag = '', quality] = part
        .trim()
        .toLowerCase()
        .split(/;\s*q=/);
      return { tag, quality: quality === undefined ? 1 : Number(quality), index };
    })
    .filter(({ quality }) => quality > 0)
    .toSorted((a, b) => b.quality - a.quality || a.index - b.index);
  for (const { tag } of wanted) {
    const language = languages.find((each) => tag === each || tag.startsWith(`${each}-`));
    if (language !== undefined) return language;
  }
  return 'en';
}

const english = {
  title: (cluster: string) => `Access to ${cluster}`,
  logIn: 'Log in',
  logOut: 'Log out',
  loginIntro: 'Log in to see the devices that can use the cluster in your name.',
  loginForDevice: 'Log in to connect a device to your account.',
  loggedInAs: (account: string) => `Your account on the cluster: ${account}`,
  devices: 'Your devices',
  noDevices: 'You have no devices yet.',
  addDevice: 'Connect a device',
  addDeviceHow: 'Run this in a terminal on that device, and open the link that it shows:',
  device: 'Device',
  created: 'Connected',
  lastUsed: 'Last used',
  remove: 'Remove',
  removeDevice: (name: string) => `Remove ${name}`,
  removed: (name: string) => `${name} was removed. Its access ends within 10 seconds.`,
  confirmTitle: 'Connect this device?',
  confirmIntro: 'A device asks for access to the cluster in your name.',
  address: 'Address',
  thumbprint: 'Key',
  confirmWarning:
    'Go on only if you started this yourself, just now. If somebody sent you this link, close the page: with your code they would get your access.',
  code: 'Code that your terminal shows',
  connect: 'Connect',
  connected: (name: string) => `${name} is connected. Go back to your terminal.`,
  wrongCode: 'That is not the code that the terminal shows. Look again, and type all 8 characters.',
  full: (most: number) => `You have ${most} devices already. Remove one first.`,
  otherAccount: 'This device is connected to another account already. Start again on the device.',
  linkOld: 'This link is too old, or not complete. Start again on the device: credentials-updater login',
  problem: 'That did not work',
  back: 'Back to your devices',
  sessionOver: 'Your login on this page is over. Log in again.',
  tooMany: (seconds: number) => `Too many attempts. Try again in ${seconds} seconds.`,
  accountGone: 'There is no account for you on the cluster. If you are a member, ask the operators.',
  otherPerson:
    'The account of this login is remembered for somebody else, or you had another login before. Ask the operators.',
  away: 'The cluster does not answer just now. Try again in a minute.',
};
export type Texts = typeof english;

const korean: Texts = {
  title: (cluster) => `${cluster} 접속`,
  logIn: '로그인',
  logOut: '로그아웃',
  loginIntro: '로그인하면 내 이름으로 클러스터를 쓸 수 있는 기기를 볼 수 있습니다.',
  loginForDevice: '기기를 내 계정에 연결하려면 로그인하세요.',
  loggedInAs: (account) => `클러스터 계정: ${account}`,
  devices: '내 기기',
  noDevices: '아직 연결된 기기가 없습니다.',
  addDevice: '기기 연결하기',
  addDeviceHow: '연결할 기기의 터미널에서 다음 명령을 실행하고, 화면에 나오는 링크를 여세요.',
  device: '기기',
  created: '연결한 때',
  lastUsed: '마지막 사용',
  remove: '제거',
  removeDevice: (name) => `${name} 제거`,
  removed: (name) => `${name} 기기를 제거했습니다. 10초 안에 접속이 끊어집니다.`,
  confirmTitle: '이 기기를 연결할까요?',
  confirmIntro: '아래 기기가 내 이름으로 클러스터를 쓰려고 합니다.',
  address: '주소',
  thumbprint: '키',
  confirmWarning:
    '방금 직접 시작한 경우에만 계속하세요. 다른 사람이 보낸 링크라면 이 페이지를 닫으세요. 코드를 입력하면 그 사람이 내 권한을 갖게 됩니다.',
  code: '터미널에 나온 코드',
  connect: '연결',
  connected: (name) => `${name} 기기를 연결했습니다. 터미널로 돌아가세요.`,
  wrongCode: '터미널에 나온 코드와 다릅니다. 다시 확인하고 8자리를 모두 입력하세요.',
  full: (most) => `이미 기기가 ${most}대 있습니다. 먼저 하나를 제거하세요.`,
  otherAccount: '이미 다른 계정에 연결된 기기입니다. 기기에서 다시 시작하세요.',
  linkOld: '링크가 오래되었거나 잘렸습니다. 기기에서 다시 시작하세요: credentials-updater login',
  problem: '문제가 생겼습니다',
  back: '내 기기로 돌아가기',
  sessionOver: '로그인이 끝났습니다. 다시 로그인하세요.',
  tooMany: (seconds) => `시도가 너무 많습니다. ${seconds}초 뒤에 다시 시도하세요.`,
  accountGone: '클러스터에 계정이 없습니다. 회원이라면 운영진에게 문의하세요.',
  otherPerson:
    '이 아이디의 계정은 다른 사람의 것으로 기억되어 있거나, 전에 다른 아이디를 썼습니다. 운영진에게 문의하세요.',
  away: '지금 클러스터가 응답하지 않습니다. 1분 뒤에 다시 시도하세요.',
};

export const texts: Readonly<Record<Language, Texts>> = { en: english, ko: korean };
