/** What preflight says of the deployment: namespaces, the Secret, the PoolC API, the CronJob and its settings. */
import { en, ko, type Message, type Text } from '../message.ts';

export const namespaceMessages = {
  noSystem: ({ namespace }: { namespace: string }): Message => ({
    en: `the namespace ${namespace}, where the updater lives, does not exist`,
    ko: `이 프로그램이 실행되는 네임스페이스(${namespace})가 없습니다`,
  }),
  systemGoing: ({ namespace }: { namespace: string }): Message => ({
    en: `the namespace ${namespace} is being deleted, and the updater with it`,
    ko: `네임스페이스(${namespace})가 삭제되는 중이며 이 프로그램도 함께 삭제됩니다`,
  }),
  noUsers: ({ namespace }: { namespace: string }): Message => ({
    en: `the namespace ${namespace}, for the members' accounts, does not exist`,
    ko: `회원 계정을 둘 네임스페이스(${namespace})가 없습니다`,
  }),
  usersGoing: ({ namespace }: { namespace: string }): Message => ({
    en: `the namespace ${namespace} is being deleted: every member loses access. Once it is gone, apply it again and sync`,
    ko: `네임스페이스(${namespace})가 삭제되는 중입니다. 모든 회원이 접속하지 못하게 됩니다. 다 삭제되면 다시 적용하고 sync를 실행하세요`,
  }),
  unguarded: ({ namespace }: { namespace: string }): Message => ({
    en: `nothing keeps the namespace ${namespace} from being deleted by accident`,
    ko: `네임스페이스(${namespace})를 실수로 지우는 것을 막는 장치가 없습니다`,
  }),
  unguardedElsewhere: ({ namespace }: { namespace: string }): Message => ({
    en: `nothing keeps the namespace ${namespace} from being deleted by accident: deploy/base/protect-members-namespace.yaml is a policy that does, once it names that namespace`,
    ko: `네임스페이스(${namespace})를 실수로 지우는 것을 막는 장치가 없습니다. deploy/base/protect-members-namespace.yaml에 이 네임스페이스의 이름을 적으면 막을 수 있습니다`,
  }),
  bothExist: ({ system, users }: { system: string; users: string }): Message => ({
    en: `${system} and ${users} exist`,
    ko: `${system}, ${users} 모두 있습니다`,
  }),
};

export const secretMessages = {
  notNeeded: (): Message => ({
    en: 'not needed: the directory is not the PoolC API',
    ko: '필요 없습니다. 명부가 PoolC API가 아닙니다',
  }),
  paste: (): Message => ({
    en: 'paste the API key, then press Enter and Ctrl-D',
    ko: 'API 키를 붙여 넣고 Enter와 Ctrl-D를 누르세요',
  }),
  mounted: ({ from }: { from: Text }): Message => ({
    en: `the API key is there (${en(from)})`,
    ko: `API 키가 있습니다(${ko(from)})`,
  }),
  missing: ({ secret, namespace }: { secret: string; namespace: string }): Message => ({
    en: `the Secret ${secret} in ${namespace} does not exist`,
    ko: `${namespace}에 Secret(${secret})이 없습니다`,
  }),
  noKey: ({ secret, namespace, key, keys }: NoKey): Message => ({
    en: `the Secret ${secret} in ${namespace} has no key ${key} (${keys.length === 0 ? 'it is empty' : `it has ${keys.join(', ')}`})`,
    ko: `${namespace}의 Secret ${secret}에 ${key} 키가 없습니다(${keys.length === 0 ? '비어 있습니다' : `있는 키: ${keys.join(', ')}`})`,
  }),
  otherKey: ({ secret, namespace, from }: { secret: string; namespace: string; from: Text }): Message => ({
    en: `the Secret ${secret} in ${namespace} holds another key than ${en(from)}, which was given here and is tried below`,
    ko: `${namespace}의 Secret ${secret}에 있는 키가 여기서 지정한 것과 다릅니다. 아래에서는 지정한 것(${ko(from)})을 시험합니다`,
  }),
  keyOf: ({ secret, namespace, key }: { secret: string; namespace: string; key: string }): Message => ({
    en: `${key} of the Secret ${secret} in ${namespace}`,
    ko: `${namespace}에 있는 Secret ${secret}의 ${key}`,
  }),
  found: ({ secret, key }: { secret: string; key: string }): Message => ({
    en: `${secret} has its ${key}`,
    ko: `${secret}에 ${key} 키가 있습니다`,
  }),
};

interface NoKey {
  readonly secret: string;
  readonly namespace: string;
  readonly key: string;
  readonly keys: readonly string[];
}

export const endpointMessages = {
  loopback: ({ url }: { url: string }): Message => ({
    en: `${url} is on this machine's loopback, so that plain http is fine`,
    ko: `${url}: 이 컴퓨터의 loopback이므로 http를 써도 됩니다`,
  }),
  unusable: (): Message => ({
    en: "the CronJob's POOLC_API_ENDPOINT can't be used: below, cron-job says why",
    ko: 'CronJob의 POOLC_API_ENDPOINT를 쓸 수 없습니다. 이유는 아래 cron-job에 나옵니다',
  }),
  notSet: (): Message => ({
    en: "POOLC_API_ENDPOINT is set neither here nor in the CronJob's ConfigMap",
    ko: 'POOLC_API_ENDPOINT가 여기에도 CronJob의 ConfigMap에도 없습니다',
  }),
  notInCronJob: (): Message => ({
    en: 'the CronJob has no POOLC_API_ENDPOINT, which was given here',
    ko: '여기서 지정한 POOLC_API_ENDPOINT가 CronJob에는 없습니다',
  }),
  differs: ({ url, deployed }: { url: string; deployed: string }): Message => ({
    en: `tried below is ${url}, as given here; the CronJob will use ${deployed}`,
    ko: `아래에서는 여기서 지정한 주소(${url})를 시험합니다. CronJob이 쓸 주소는 ${deployed}입니다`,
  }),
  unreachable: ({ host, why }: { host: string; why: Text }): Message => ({
    en: `${host} can't be reached from here: ${en(why)}. Is POOLC_API_ENDPOINT right, and may this machine reach it?`,
    ko: `여기에서 ${host}에 연결할 수 없습니다: ${ko(why)}. POOLC_API_ENDPOINT가 맞는지, 이 컴퓨터에서 접속할 수 있는 곳인지 확인하세요`,
  }),
  untrusted: ({ host, why }: { host: string; why: Text }): Message => ({
    en: `the certificate of ${host} can't be trusted: ${en(why)}`,
    ko: `${host}의 인증서를 믿을 수 없습니다: ${ko(why)}`,
  }),
  ownAuthority: (): Message => ({
    en: 'where the certificate is from an authority of your own, tell the CronJob',
    ko: '직접 만든 CA의 인증서라면 CronJob에 알려 주세요',
  }),
  expiresSoon: ({ host, time }: { host: string; time: Message }): Message => ({
    en: `the certificate of ${host} expires in ${time.en}: renew it on that server`,
    ko: `${host}의 인증서가 ${time.ko} 뒤에 만료됩니다. 그 서버에서 갱신하세요`,
  }),
  trusted: ({ host, isLocal, lifetime, protocol }: Trusted): Message => ({
    en: `${host}${isLocal ? ' (this machine)' : ''} has a certificate that is trusted${lifetime === undefined ? '' : `, for ${lifetime.en} more`} (${protocol})`,
    ko: `${host}${isLocal ? '(이 컴퓨터)' : ''}의 인증서를 믿을 수 있습니다${lifetime === undefined ? '' : `. ${lifetime.ko} 남았습니다`}(${protocol})`,
  }),
  expired: ({ at }: { at: string }): Message => ({ en: `it expired on ${at}`, ko: `${at}에 만료되었습니다` }),
  otherName: ({ names }: { names: string | undefined }): Message => ({
    en: `it is for ${names ?? 'another name'}`,
    ko: `${names ?? '다른 이름'}의 인증서입니다`,
  }),
  selfSigned: ({ reason }: { reason: string }): Message => ({
    en: `it is signed by itself or by an unknown authority (${reason})`,
    ko: `스스로 서명했거나 알 수 없는 CA가 서명했습니다(${reason})`,
  }),
  noChain: ({ reason }: { reason: string }): Message => ({
    en: `its authority is unknown here, or it doesn't send its chain (${reason})`,
    ko: `여기서는 알 수 없는 CA이거나 서버가 중간 인증서를 보내지 않습니다(${reason})`,
  }),
};

interface Trusted {
  readonly host: string;
  readonly isLocal: boolean;
  readonly lifetime: Message | undefined;
  readonly protocol: string;
}

export const directoryCheckMessages = {
  noEndpoint: (): Message => ({
    en: 'not asked: there is no POOLC_API_ENDPOINT',
    ko: 'POOLC_API_ENDPOINT가 없어 확인하지 않았습니다',
  }),
  noKey: (): Message => ({
    en: 'not asked: there is no API key that could be used',
    ko: '쓸 수 있는 API 키가 없어 확인하지 않았습니다',
  }),
  neither: (): Message => ({
    en: 'the directory was not asked: there is no POOLC_API_ENDPOINT or no API key',
    ko: 'POOLC_API_ENDPOINT나 API 키가 없어 명부를 읽지 않았습니다',
  }),
  keyWorks: ({ members }: { members: number }): Message => ({
    en: `the API key works: ${members} members`,
    ko: `API 키로 명부를 읽었습니다. 회원 ${members}명`,
  }),
  wrongKey: ({ said, from }: { said: Text; from: Text }): Message => ({
    en: `${en(said)}: that is how a wrong API key is answered (${en(from)}). Put the current one into the Secret`,
    ko: `${ko(said)}. API 키가 틀렸을 때 이렇게 응답합니다(${ko(from)}). 지금 쓰는 키를 Secret에 넣으세요`,
  }),
  complete: ({ kind, members }: { kind: string; members: number }): Message => ({
    en: `the directory (${kind}) gives a complete list: ${members} members`,
    ko: `명부(${kind})를 모두 읽었습니다. 회원 ${members}명`,
  }),
  noMembers: (): Message => ({
    en: 'the directory says that there are no members at all: every sync will be refused',
    ko: '명부에 회원이 한 명도 없어 모든 sync가 거부됩니다',
  }),
  tooFew: ({ members, setting, least }: { members: number; setting: string; least: number }): Message => ({
    en: `the directory has ${members} members, fewer than ${setting}=${least}: every sync will be refused`,
    ko: `명부의 회원이 ${members}명이어서 ${setting}=${least}보다 적습니다. 모든 sync가 거부됩니다`,
  }),
};

export const cronJobMessages = {
  notSeen: ({ namespace }: { namespace: string }): Message => ({
    en: `there is no CronJob in ${namespace}: what runs sync elsewhere can't be seen`,
    ko: `${namespace}에 CronJob이 없습니다. 다른 곳에서 sync를 실행하고 있는지는 알 수 없습니다`,
  }),
  missing: ({ namespace }: { namespace: string }): Message => ({
    en: `there is no CronJob of the updater in ${namespace}`,
    ko: `${namespace}에 이 프로그램의 CronJob이 없습니다`,
  }),
  none: (): Message => ({ en: 'there is no CronJob to look at', ko: '확인할 CronJob이 없습니다' }),
  noConfigMap: ({ name }: { name: string }): Message => ({
    en: `the CronJob takes its settings from the ConfigMap ${name}, which does not exist: its pods can't start`,
    ko: `CronJob이 설정을 읽는 ConfigMap(${name})이 없어 파드가 시작되지 못합니다`,
  }),
  unusable: ({ kind, name, why }: { kind: string; name: string; why: Text }): Message => ({
    en: `in the ${kind} ${name}: ${en(why)}`,
    ko: `${kind} ${name}의 설정 ${ko(why)}`,
  }),
  toDefault: (): Message => ({ en: 'back to the default', ko: '기본값으로 되돌리기' }),
  afterFix: (): Message => ({ en: 'once it is fixed in the overlay', ko: '오버레이를 고친 뒤' }),
  suspended: ({ name }: { name: string }): Message => ({
    en: `the CronJob ${name} is suspended: no run will renew anyone's token`,
    ko: `CronJob(${name})이 일시 중지되어(suspend) 아무도 토큰을 갱신받지 못합니다`,
  }),
  runs: ({ name }: { name: string }): Message => ({
    en: `${name} is there and not suspended`,
    ko: `${name}: 있으며 일시 중지되지 않았습니다`,
  }),
  allowanceLeft: ({ setting, value, kind, name }: AllowanceLeft): Message => ({
    en: `${setting}=${value} is left in the ${kind} ${name}: it is for one run, and holds the guard back in every one`,
    ko: `${kind} ${name}에 ${setting}=${value} 설정이 남아 있습니다. 한 번만 쓰는 값인데 실행할 때마다 안전장치를 무력화합니다`,
  }),
  noAllowance: (): Message => ({
    en: 'no allowance of a single run is left in the CronJob',
    ko: '한 번만 쓰는 허용 값이 CronJob에 남아 있지 않습니다',
  }),
};

interface AllowanceLeft {
  readonly setting: string;
  readonly value: string;
  readonly kind: string;
  readonly name: string;
}

export const timeMessages = {
  noDate: (): Message => ({
    en: 'the API server sends no Date',
    ko: 'API 서버가 Date 헤더를 보내지 않습니다',
  }),
  clocksAgree: ({ within }: { within: Message }): Message => ({
    en: `the API server's clock agrees with ours (within ${within.en})`,
    ko: `API 서버와 이 컴퓨터의 시계가 맞습니다(차이 ${within.ko} 이내)`,
  }),
  clocksDiffer: ({ by, isAhead }: { by: Message; isAhead: boolean }): Message => ({
    en: `the API server's clock is ${by.en} ${isAhead ? 'ahead of' : 'behind'} this machine's: one of the two is wrong. Runs start and tokens expire by the API server's`,
    ko: `API 서버의 시계가 이 컴퓨터보다 ${by.ko} ${isAhead ? '빠릅니다' : '느립니다'}. 둘 중 하나가 틀렸습니다. 실행 시각과 토큰 만료는 API 서버의 시계를 따릅니다`,
  }),
  onWrongMachine: (): Message => ({ en: 'on the machine that is wrong', ko: '시계가 틀린 컴퓨터에서' }),

  shortened: ({ setting, wanted, isOfLastRun, granted, said }: Shortened): Message => ({
    en: `${setting} is ${wanted.en}, but ${isOfLastRun ? 'the last run was granted' : 'the API server grants'} ${granted.en} at most${said === undefined ? '' : ` ("${said}")`}. Lower the one, or raise kube-apiserver's --service-account-max-token-expiration`,
    ko: `${setting} 설정은 ${wanted.ko}인데 ${isOfLastRun ? '지난 실행에서는' : 'API 서버는'} 최대 ${granted.ko}만 허용${isOfLastRun ? '했습니다' : '합니다'}${said === undefined ? '' : `("${said}")`}. 설정을 줄이거나 kube-apiserver의 --service-account-max-token-expiration을 늘리세요`,
  }),
  asLastRun: ({ wanted }: { wanted: Message }): Message => ({
    en: `tokens live ${wanted.en}, which the last run was granted`,
    ko: `토큰 수명은 ${wanted.ko}이며 지난 실행에서 그만큼 받았습니다`,
  }),
  noMaximum: ({ wanted }: { wanted: Message }): Message => ({
    en: `tokens live ${wanted.en}; the API server has no maximum`,
    ko: `토큰 수명은 ${wanted.ko}이며 API 서버에 상한이 없습니다`,
  }),
  withinMaximum: ({ wanted, granted }: { wanted: Message; granted: Message }): Message => ({
    en: `tokens live ${wanted.en}; the API server grants up to ${granted.en}`,
    ko: `토큰 수명은 ${wanted.ko}이며 API 서버는 ${granted.ko}까지 허용합니다`,
  }),
  nobodyToAsk: (): Message => ({
    en: 'there is no ServiceAccount whose token could be asked for',
    ko: '토큰을 요청해 볼 ServiceAccount가 없습니다',
  }),

  scheduleUnusable: ({ why }: { why: Text }): Message => ({
    en: `the CronJob's schedule can't be used: ${en(why)}`,
    ko: `CronJob의 schedule을 쓸 수 없습니다: ${ko(why)}`,
  }),
  runDaily: (): Message => ({ en: 'run daily', ko: '매일 실행' }),
  margin: ({ interval, expression, timeZone, margin }: Margin): Message => ({
    en: `runs are ${interval.en} apart ("${expression}" ${timeZone}): renewal margin ${margin.en}`,
    ko: `실행 간격 ${interval.ko}("${expression}" ${timeZone}), 갱신 여유 ${margin.ko}`,
  }),
  notTold: (): Message => ({
    en: 'the program is not told its SCHEDULE, so that no run can warn of a gap',
    ko: '프로그램이 SCHEDULE을 몰라 접속이 끊기는 시간이 있어도 미리 알리지 못합니다',
  }),
  toldOtherwise: ({ told, toldZone, expression, timeZone }: ToldOtherwise): Message => ({
    en: `the program is told that it runs at "${told}" ${toldZone}, but the CronJob has "${expression}" ${timeZone}`,
    ko: `프로그램에 알려 준 일정은 "${told}" ${toldZone}인데 CronJob의 일정은 "${expression}" ${timeZone}입니다`,
  }),
  notFiveFields: ({ expression }: { expression: string }): Message => ({
    en: `a CronJob schedule has five fields (minute hour day month weekday), this one is "${expression}"`,
    ko: `CronJob의 schedule은 필드가 다섯 개(분 시 일 월 요일)여야 합니다. 지금 값은 "${expression}"입니다`,
  }),
  notTimeZone: ({ timeZone }: { timeZone: string }): Message => ({
    en: `"${timeZone}" is not a time zone of the IANA database`,
    ko: `"${timeZone}": IANA 시간대 이름이 아닙니다`,
  }),
  neverComes: ({ expression }: { expression: string }): Message => ({
    en: `"${expression}" never comes`,
    ko: `"${expression}"에 해당하는 때가 없습니다`,
  }),
  notCron: ({ expression, why }: { expression: string; why: string }): Message => ({
    en: `"${expression}" is not a cron expression: ${why}`,
    ko: `"${expression}": cron 표현식이 아닙니다(${why})`,
  }),
};

interface Shortened {
  readonly setting: string;
  readonly wanted: Message;
  readonly isOfLastRun: boolean;
  readonly granted: Message;
  /** By the API server. */
  readonly said: string | undefined;
}

interface Margin {
  readonly interval: Message;
  readonly expression: string;
  readonly timeZone: string;
  readonly margin: Message;
}

interface ToldOtherwise {
  readonly told: string;
  readonly toldZone: string;
  readonly expression: string;
  readonly timeZone: string;
}

export const accountMessages = {
  noNamespace: ({ namespace }: { namespace: string }): Message => ({
    en: `there is no namespace ${namespace}`,
    ko: `네임스페이스(${namespace})가 없습니다`,
  }),
  foreign: ({ name, namespace, labelled, instead }: Foreign): Message => ({
    en: `the ServiceAccount ${name} in ${namespace} ${labelled ? 'has our label but no valid UUID' : 'is not ours'}, so that no sync touches it. ${instead === undefined ? 'It has the rights of a member' : `It is in the way of the member of that name, who gets ${instead}`}`,
    ko: `${namespace}의 ServiceAccount ${name}: ${labelled ? '이 프로그램의 라벨은 있지만 올바른 UUID가 없어' : '이 프로그램이 만든 것이 아니어서'} sync가 건드리지 않습니다. ${instead === undefined ? '회원과 같은 권한이 있습니다' : `같은 이름의 회원은 그 이름을 받지 못하고 ${instead} 이름을 받습니다`}`,
  }),
  unlessNeeded: (): Message => ({ en: 'unless somebody needs it', ko: '필요한 사람이 없다면' }),
  probeLeft: ({ names, namespace }: { names: Message; namespace: string }): Message => ({
    en: `a probe that was killed has left ${names.en} in ${namespace}`,
    ko: `강제로 종료된 probe가 ${namespace}에 ${names.ko} 계정을 남겼습니다`,
  }),
  none: (): Message => ({ en: 'no accounts yet', ko: '아직 계정이 없습니다' }),
  allMembers: ({ accounts }: { accounts: number }): Message => ({
    en: `${accounts} accounts, each a member's`,
    ko: `계정 ${accounts}개 모두 회원의 것입니다`,
  }),
};

interface Foreign {
  readonly name: string;
  readonly namespace: string;
  readonly labelled: boolean;
  /** The name that the member of that login id gets. */
  readonly instead: string | undefined;
}
