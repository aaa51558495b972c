/** The words of the report's tables and pictures, in the two languages of the docs. */
import type { TargetName } from '../targets.ts';

export interface Words {
  readonly target: string;
  readonly bound: string;
  readonly measured: string;
  readonly reached: string;
  readonly yes: string;
  readonly no: string;
  readonly notMeasured: string;
  readonly atLeast: (figure: string) => string;
  readonly atMost: (figure: string) => string;
  /** What each target says, for a club of so many members where it depends on that. */
  readonly targets: Readonly<Record<TargetName, (members: string) => string>>;

  readonly members: string;
  readonly sync: string;
  readonly syncAtBest: (connections: number) => string;
  readonly undici: string;
  readonly ofWrk: string;
  readonly wholeSync: string;
  readonly toFirstRequest: string;
  readonly cpu: string;
  readonly cpuEach: string;
  readonly requests: string;
  readonly peakMemory: string;
  readonly steps: Readonly<Record<'lock' | 'fetch' | 'observe' | 'create' | 'mint' | 'deliver', string>>;
  readonly connections: string;
  readonly idle: string;
  readonly isDefault: (connections: number) => string;
  readonly tokensASecond: string;
  readonly ofBest: string;
  readonly timesIdle: string;
  readonly created: string;
  readonly createdByWrk: string;
  readonly cpuAccount: string;
  readonly wholeFirstRun: string;
  readonly unlimited: string;
  readonly limited: (seats: number, queue: number) => string;
  readonly answered429: string;
  readonly flags: string;
  readonly noFlags: string;
  readonly client: string;
  readonly original: string;
  readonly kubectl: string;
  readonly wrkAlone: string;
  readonly thousandMembers: string;

  readonly conditions: {
    readonly when: string;
    readonly machine: (cpus: number, model: string, gibibytes: string, system: string) => string;
    readonly versions: (kubernetes: string, node: string, wrk: string) => string;
    readonly flags: (flags: string) => string;
    readonly load: (load: string, priority: boolean) => string;
    readonly rounds: (rounds: number) => string;
  };
  readonly plot: {
    readonly time: string;
    readonly memory: string;
    readonly memberAxis: string;
    readonly original: string;
    readonly bound: string;
  };
}

export const english: Words = {
  target: 'what',
  bound: 'target',
  measured: 'measured',
  reached: 'reached',
  yes: 'yes',
  no: '**no**',
  notMeasured: 'not in this run',
  atLeast: (figure) => `at least ${figure}`,
  atMost: (figure) => `at most ${figure}`,
  targets: {
    'mint-rate': (members) => `minting with verification, against wrk in the same round, ${members} members`,
    'whole-sync': (members) => `a whole sync of ${members} members, start to exit`,
    requests: (members) => `requests to the API server, ${members} members`,
    memory: (members) => `peak resident memory, ${members} members`,
    'first-request': () => 'start to first request',
    'flow-control': () => 'answers of 429 in a run that delivers every token all the same',
    neighbours: () => "p99 of an unrelated client's GET during a sync, against the idle server",
  },
  members: 'members',
  sync: 'sync',
  syncAtBest: (connections) => `sync, ${connections} connections`,
  undici: 'undici loop',
  ofWrk: 'sync / wrk',
  wholeSync: 'whole sync, s',
  toFirstRequest: 'to first request, ms',
  cpu: 'CPU, s',
  cpuEach: 'CPU a member, ms',
  requests: 'requests',
  peakMemory: 'peak memory, MiB',
  steps: { lock: 'lock', fetch: 'fetch', observe: 'observe', create: 'create', mint: 'mint', deliver: 'deliver' },
  connections: 'connections',
  idle: 'idle',
  isDefault: (connections) => `${connections} (default)`,
  tokensASecond: 'tokens a second',
  ofBest: 'of the most',
  timesIdle: '× idle',
  created: 'sync, accounts a second',
  createdByWrk: 'wrk, accounts a second',
  cpuAccount: 'CPU an account, ms',
  wholeFirstRun: 'whole first run, s',
  unlimited: 'unlimited',
  limited: (seats, queue) => `${seats} seats and a queue of ${queue}`,
  answered429: 'answers of 429',
  flags: 'flags',
  noFlags: 'none',
  client: 'client',
  original: 'the program before this one (measured once, see below)',
  kubectl: 'a loop over `kubectl create token`',
  wrkAlone: 'wrk, which only sends and counts',
  thousandMembers: '1,000 members take',
  conditions: {
    when: 'Measured at',
    machine: (cpus, model, gibibytes, system) => `${cpus} CPUs (${model}), ${gibibytes} GiB, ${system}`,
    versions: (kubernetes, node, wrk) => `Kubernetes ${kubernetes}, Node ${node}, wrk ${wrk}`,
    flags: (flags) => `Node runs with the image's flags: \`${flags}\``,
    load: (load, priority) =>
      `Load average before the first measurement: ${load}${priority ? '; what was measured had the highest priority' : ''}`,
    rounds: (rounds) => `Medians of ${rounds} rounds, with the least and the most in brackets`,
  },
  plot: {
    time: 'Time of a whole sync',
    memory: 'Peak resident memory',
    memberAxis: 'members',
    original: 'the program before',
    bound: 'target',
  },
};

export const korean: Words = {
  target: '항목',
  bound: '목표',
  measured: '측정값',
  reached: '달성',
  yes: '예',
  no: '**아니요**',
  notMeasured: '이번 실행에서는 재지 않음',
  atLeast: (figure) => `${figure} 이상`,
  atMost: (figure) => `${figure} 이하`,
  targets: {
    'mint-rate': (members) => `검증까지 포함한 토큰 발급 속도, 같은 라운드의 wrk 대비, 회원 ${members}명`,
    'whole-sync': (members) => `회원 ${members}명 sync 전체, 프로세스 시작부터 종료까지`,
    requests: (members) => `API 서버로 보내는 요청 수, 회원 ${members}명`,
    memory: (members) => `최대 상주 메모리, 회원 ${members}명`,
    'first-request': () => '시작부터 첫 요청까지',
    'flow-control': () => '429 응답을 받으면서도 모든 토큰을 전달한 실행의 429 응답 수',
    neighbours: () => 'sync 중 무관한 클라이언트의 GET p99, 쉬고 있는 서버 대비',
  },
  members: '회원 수',
  sync: 'sync',
  syncAtBest: (connections) => `sync, 연결 ${connections}개`,
  undici: 'undici 루프',
  ofWrk: 'sync / wrk',
  wholeSync: 'sync 전체, 초',
  toFirstRequest: '첫 요청까지, ms',
  cpu: 'CPU, 초',
  cpuEach: '회원당 CPU, ms',
  requests: '요청 수',
  peakMemory: '최대 메모리, MiB',
  steps: { lock: 'lock', fetch: 'fetch', observe: 'observe', create: 'create', mint: 'mint', deliver: 'deliver' },
  connections: '연결 수',
  idle: '쉬는 중',
  isDefault: (connections) => `${connections} (기본값)`,
  tokensASecond: '초당 토큰',
  ofBest: '최고 대비',
  timesIdle: '쉴 때의 몇 배',
  created: 'sync, 초당 계정',
  createdByWrk: 'wrk, 초당 계정',
  cpuAccount: '계정당 CPU, ms',
  wholeFirstRun: '첫 실행 전체, 초',
  unlimited: '제한 없음',
  limited: (seats, queue) => `동시 처리 ${seats}개, 대기열 ${queue}개`,
  answered429: '429 응답',
  flags: '플래그',
  noFlags: '없음',
  client: '클라이언트',
  original: '이전 프로그램 (한 번 측정한 값, 아래 참고)',
  kubectl: '`kubectl create token` 반복',
  wrkAlone: 'wrk (보내고 세기만 한다)',
  thousandMembers: '회원 1,000명에 걸리는 시간',
  conditions: {
    when: '측정 시각',
    machine: (cpus, model, gibibytes, system) => `CPU ${cpus}개 (${model}), ${gibibytes} GiB, ${system}`,
    versions: (kubernetes, node, wrk) => `Kubernetes ${kubernetes}, Node ${node}, wrk ${wrk}`,
    flags: (flags) => `Node는 이미지와 같은 플래그로 실행: \`${flags}\``,
    load: (load, priority) =>
      `측정 직전의 부하 평균: ${load}${priority ? '. 측정 대상 프로세스는 가장 높은 우선순위로 실행' : ''}`,
    rounds: (rounds) => `${rounds}라운드의 중앙값이며, 괄호 안은 최솟값과 최댓값`,
  },
  plot: {
    time: 'sync 전체에 걸리는 시간',
    memory: '최대 상주 메모리',
    memberAxis: '회원 수',
    original: '이전 프로그램',
    bound: '목표',
  },
};
