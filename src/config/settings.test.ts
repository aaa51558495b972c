/** What variables and flags are read as, and the exact words of each refusal. */
import { describe, expect, test } from 'vitest';
import { Failure } from '../lib/failure.ts';
import { ko } from '../lib/message.ts';
import { defaultApiKeyFile } from './directory-fields.ts';
import { parseMemberSync } from './member-sync-file.ts';
import { directoryAddress, readPlaceOfRun, readSettings } from './settings.ts';

function refusal(read: () => unknown): string {
  try {
    read();
  } catch (error) {
    if (error instanceof Failure && error.kind === 'usage')
      return error.hint === undefined ? error.message : `${error.message}; what to do: ${error.hint}`;
    throw error;
  }
  throw new Error('nothing was refused');
}

test('without any variable, the defaults hold', () => {
  expect(readSettings({})).toMatchObject({
    metadata: { name: 'credentials-updater' },
    directory: { kind: 'poolc', apiKey: { file: defaultApiKeyFile } },
    delivery: { kind: 'poolc', apiKey: { file: defaultApiKeyFile } },
    accounts: { namespace: 'poolc-users' },
    token: { lifetime: 604_800, audiences: [] },
    guard: { minMembers: 1, maxRemovals: 10, maxRemovalPercent: 25, maxAdditions: 50, allowRemovals: undefined },
    maxUndelivered: 0,
    mintConcurrency: 8,
    accountConcurrency: 16,
    runDeadline: 900,
    lockDuration: 90,
    lockWait: 180,
    logLevel: 'info',
    cronJobName: 'credentials-updater',
    inPod: false,
  });
  expect(readSettings({}).schedule).toBeUndefined();
  expect(directoryAddress(readSettings({}))).toBeUndefined();
});

test('each variable is read, an empty one counts as none, and a flag wins', () => {
  const settings = readSettings(
    {
      POOLC_API_ENDPOINT: 'https://api.example.org/kubernetes/',
      POOLC_API_KEY_FILE: '/run/key',
      TARGET_NAMESPACE: 'users',
      POD_NAMESPACE: 'system',
      CLUSTER_PUBLIC_SERVER: 'https://pks.example.org:6443',
      MINT_CONCURRENCY: '4',
      TOKEN_LIFETIME: '1h30m',
      TOKEN_AUDIENCES: ' a, b ,,',
      SCHEDULE: '@daily',
      SCHEDULE_TIMEZONE: 'Asia/Seoul',
      RUN_DEADLINE: '60',
      MIN_MEMBERS: '',
      MAX_REMOVALS: ' 3 ',
      ALLOW_REMOVALS: '7',
      LOG_LEVEL: 'WARN',
      CRONJOB_NAME: 'ours',
      TERMINATION_MESSAGE_PATH: '/dev/null',
    },
    { flags: { TARGET_NAMESPACE: 'by-flag' }, defaults: { LOG_LEVEL: 'debug', MIN_MEMBERS: '2' } },
  );
  expect(settings).toMatchObject({
    metadata: { namespace: 'system' },
    directory: { endpoint: new URL('https://api.example.org'), apiKey: { file: '/run/key' } },
    delivery: { endpoint: new URL('https://api.example.org'), apiKey: { file: '/run/key' } },
    accounts: { namespace: 'by-flag' },
    cluster: { server: new URL('https://pks.example.org:6443') },
    token: { lifetime: 5_400, audiences: ['a', 'b'] },
    schedule: { expression: '@daily', timeZone: 'Asia/Seoul' },
    guard: { minMembers: 2, maxRemovals: 3, allowRemovals: 7 },
    mintConcurrency: 4,
    runDeadline: 60,
    logLevel: 'warn',
    cronJobName: 'ours',
    terminationMessagePath: '/dev/null',
  });
});

test('the time zone of no schedule says nothing', () => {
  expect(readSettings({ SCHEDULE_TIMEZONE: 'Seoul' }).schedule).toBeUndefined();
});

test('the address of a webhook is kept as the name of its variable', () => {
  const settings = readSettings({ NOTIFY_URL: 'https://hooks.example.org/secret-part' });
  expect(settings.notifications).toEqual({ webhook: { env: 'NOTIFY_URL' } });
  expect(JSON.stringify(settings)).not.toContain('secret-part');
});

describe('a value that cannot be used is refused', () => {
  test.each<[variables: Record<string, string>, words: string]>([
    [
      { POOLC_API_ENDPOINT: 'ftp://api' },
      "POOLC_API_ENDPOINT=ftp://api can't be used: ftp: is neither https nor http; what to do: give an address such as https://api.example.org",
    ],
    [
      { POOLC_API_ENDPOINT: 'https://me:secret@api' },
      "POOLC_API_ENDPOINT=https://[redacted]@api can't be used: it holds a user name or password; what to do: the API key goes into POOLC_API_KEY_FILE, nothing into the address",
    ],
    [
      { POOLC_API_ENDPOINT: 'thekeyitself' },
      "POOLC_API_ENDPOINT can't be used: it is not a URL; what to do: give an address such as https://api.example.org",
    ],
    [
      { TARGET_NAMESPACE: 'PoolC' },
      "TARGET_NAMESPACE=PoolC can't be used: the name of a namespace (a-z, 0-9 and hyphens, at most 63 characters) is needed",
    ],
    [
      { CLUSTER_PUBLIC_SERVER: 'pks' },
      "CLUSTER_PUBLIC_SERVER=pks can't be used: an address such as https://pks.example.org:6443 is needed",
    ],
    [
      { TOKEN_LIFETIME: 'a week' },
      "TOKEN_LIFETIME=a week can't be used: a duration from 10m to 49710d6h, such as 7d, 12h or 90m, is needed",
    ],
    [
      { TOKEN_LIFETIME: '9m' },
      "TOKEN_LIFETIME=9m can't be used: a duration from 10m to 49710d6h, such as 7d, 12h or 90m, is needed",
    ],
    [{ MAX_REMOVALS: 'many' }, "MAX_REMOVALS=many can't be used: a whole number from 0 to 1000000 is needed"],
    [{ MAX_REMOVALS: '1.5' }, "MAX_REMOVALS=1.5 can't be used: a whole number from 0 to 1000000 is needed"],
    [{ MAX_REMOVAL_PERCENT: '101' }, "MAX_REMOVAL_PERCENT=101 can't be used: a whole number from 0 to 100 is needed"],
    [{ MINT_CONCURRENCY: '0' }, "MINT_CONCURRENCY=0 can't be used: a whole number from 1 to 256 is needed"],
    [
      { SCHEDULE: '0 15 *' },
      'SCHEDULE can\'t be used: a CronJob schedule has five fields (minute hour day month weekday), this one is "0 15 *"',
    ],
    [
      { SCHEDULE: '@daily', SCHEDULE_TIMEZONE: 'Seoul' },
      'SCHEDULE can\'t be used: "Seoul" is not a time zone of the IANA database',
    ],
    [{ LOG_LEVEL: 'in\nfo' }, "LOG_LEVEL=in\\u{a}fo can't be used: one of debug, info, warn, error is needed"],
  ])('%o', (variables, words) => {
    expect(refusal(() => readSettings(variables))).toBe(words);
  });

  test('by the name of the flag that gave it', () => {
    expect(refusal(() => readSettings({}, { flags: { TOKEN_LIFETIME: '1' } }))).toBe(
      "--token-lifetime=1 can't be used: a duration from 10m to 49710d6h, such as 7d, 12h or 90m, is needed",
    );
  });
});

test('where a run was to be is said even when a setting is wrong', () => {
  expect(readPlaceOfRun({ POD_NAMESPACE: 'system', TOKEN_LIFETIME: 'a week' })).toEqual({
    namespace: 'system',
    membersNamespace: 'poolc-users',
  });
});

describe('a refusal in Korean', () => {
  const refusalOf = (read: () => unknown): Failure => {
    try {
      read();
    } catch (error) {
      if (error instanceof Failure) return error;
    }
    throw new Error('it was not refused');
  };
  const document = (spec: string) =>
    `apiVersion: credentials-updater.poolc.org/v1alpha1\nkind: MemberSync\nmetadata: {name: lab}\nspec: ${spec}\n`;

  test.each([
    [
      'a value',
      () => readSettings({ TOKEN_LIFETIME: '1s' }),
      'TOKEN_LIFETIME=1s: 쓸 수 없습니다. 7d, 12h, 90m처럼 10분부터 49710일 6시간까지의 기간이 필요합니다',
      undefined,
    ],
    [
      'an address that sends secrets in the clear',
      () => readSettings({ POOLC_API_ENDPOINT: 'http://api.example.org' }),
      'POOLC_API_ENDPOINT=http://api.example.org: 쓸 수 없습니다. http로 보내면 API 키와 모든 토큰이 암호화되지 않습니다',
      'https를 쓰세요. http는 이 컴퓨터(loopback) 안에서만 쓸 수 있습니다',
    ],
    [
      'a schedule, whose words hold what was given',
      () => readSettings({ SCHEDULE: '0 0 30 2 *' }),
      'SCHEDULE: 쓸 수 없습니다. "0 0 30 2 *"에 해당하는 때가 없습니다',
      undefined,
    ],
    [
      'a field that a document does not have',
      () => parseMemberSync(document('{guard: {minMember: 3}}'), 'lab.yaml', 'poolc-system'),
      'lab.yaml:4:16: spec.guard.minMember: MemberSync에 없는 필드입니다. 혹시 minMembers인가요?',
      'spec.guard에 있는 필드: minMembers, maxRemovals, maxRemovalPercent, maxAdditions',
    ],
    [
      'two of which one is needed',
      () =>
        parseMemberSync(
          document('{directory: {github: {organization: a, token: {}}}, delivery: {none: {}}}'),
          'lab.yaml',
          'poolc-system',
        ),
      'lab.yaml:4:46: spec.directory.github.token: file, env, secretKeyRef 중 하나만 필요합니다',
      undefined,
    ],
  ])('of %s says what is needed', (_, read, said, advised) => {
    const failure = refusalOf(read);
    expect(ko(failure.said)).toBe(said);
    expect(failure.advised === undefined ? undefined : ko(failure.advised)).toBe(advised);
    // What logs and JSON show.
    expect(failure.message).not.toMatch(/\p{Script=Hangul}/u);
  });
});
