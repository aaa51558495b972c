/** What a MemberSync is read as, and the exact words of each refusal, with the line. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { stringify } from 'yaml';
import { Failure } from '../lib/failure.ts';
import { parseMemberSync } from './member-sync-file.ts';
import { readSettings } from './settings.ts';

const read = (text: string) => parseMemberSync(text, 'lab.yaml', 'poolc-system');

/** Message and hint, as they are printed. */
function refusal(text: string): string {
  try {
    read(text);
  } catch (error) {
    if (error instanceof Failure && error.kind === 'usage')
      return error.hint === undefined ? error.message : `${error.message}; what to do: ${error.hint}`;
    throw error;
  }
  throw new Error('nothing was refused');
}

const head = `apiVersion: credentials-updater.poolc.org/v1alpha1
kind: MemberSync
metadata: {name: credentials-updater}
spec:
`;
const poolc = 'poolc: {endpoint: https://api.example.org, apiKey: {file: ./key}}';
/** A document whose line 5 is the directory, line 6 the delivery, and what follows begins with line 7. */
const documentWith = (more: string, { directory = poolc, delivery = poolc } = {}) =>
  `${head}  directory: {${directory}}\n  delivery: {${delivery}}\n${more}`;

describe('a document', () => {
  test('is read as the settings that say the same', () => {
    const document = documentWith(`
  accounts: {namespace: users}
  token: {lifetime: 2d, audiences: [a, b]}
  cluster: {server: "https://pks.example.org:6443"}
  schedule: {cron: "0 15 * * 0", timeZone: Asia/Seoul}
  guard: {minMembers: 2, maxRemovals: 3, maxRemovalPercent: 4, maxAdditions: 5}
  maxUndelivered: 6
  notifications: {webhook: {env: NOTIFY_URL}, heartbeat: {env: HEARTBEAT_URL}}
`);
    const { metadata, directory, delivery, accounts, token, cluster, schedule, guard, maxUndelivered, notifications } =
      readSettings({
        POD_NAMESPACE: 'poolc-system',
        POOLC_API_ENDPOINT: 'https://api.example.org',
        POOLC_API_KEY_FILE: './key',
        TARGET_NAMESPACE: 'users',
        TOKEN_LIFETIME: '48h',
        TOKEN_AUDIENCES: 'a,b',
        CLUSTER_PUBLIC_SERVER: 'https://pks.example.org:6443',
        SCHEDULE: '0 15 * * 0',
        SCHEDULE_TIMEZONE: 'Asia/Seoul',
        MIN_MEMBERS: '2',
        MAX_REMOVALS: '3',
        MAX_REMOVAL_PERCENT: '4',
        MAX_ADDITIONS: '5',
        MAX_UNDELIVERED: '6',
        NOTIFY_URL: 'https://hooks.example.org/x',
        HEARTBEAT_URL: 'https://hooks.example.org/y',
      });
    const { allowRemovals, allowAdditions, ...limits } = guard;
    expect([allowRemovals, allowAdditions]).toEqual([undefined, undefined]);
    expect(read(document)).toMatchObject({
      metadata,
      directory,
      delivery,
      accounts,
      token,
      cluster,
      schedule,
      guard: limits,
      maxUndelivered,
      notifications,
    });
  });

  test('without more than it needs has the defaults of the settings', () => {
    const { accounts, token, guard, maxUndelivered, removalPolicy, suspend } = readSettings({});
    const { allowRemovals: _, allowAdditions: __, ...limits } = guard;
    expect(read(documentWith(''))).toMatchObject({
      metadata: { name: 'credentials-updater', namespace: 'poolc-system' },
      accounts,
      token,
      guard: limits,
      maxUndelivered,
      removalPolicy,
      suspend,
    });
  });

  test('may be JSON, may say its namespace, and may come from a cluster', () => {
    const document = {
      apiVersion: 'credentials-updater.poolc.org/v1alpha1',
      kind: 'MemberSync',
      metadata: { name: 'credentials-updater', namespace: 'own', uid: 'x', labels: { a: 'b' }, generation: 2 },
      spec: {
        directory: { poolc: { endpoint: 'http://127.0.0.1:1', apiKey: { env: 'KEY' } } },
        delivery: { poolc: { endpoint: 'http://127.0.0.1:1', apiKey: { env: 'KEY' } } },
      },
      status: { members: 3 },
    };
    expect(read(JSON.stringify(document))).toMatchObject({
      metadata: { name: 'credentials-updater', namespace: 'own' },
      directory: { kind: 'poolc', apiKey: { env: 'KEY' } },
    });
  });

  test('of the docs is one', async () => {
    const text = await readFile(join(import.meta.dirname, '../../docs/membersync.yaml'), 'utf8');
    expect(read(text)).toMatchObject({ directory: { kind: 'poolc' }, delivery: { kind: 'poolc' } });
  });
});

describe('a mistyped field is refused, and the nearest one is named', () => {
  test.each([
    [
      documentWith('  guards: {}\n'),
      'lab.yaml:7:3: spec.guards is not a field of a MemberSync; did you mean guard?; what to do: spec has the fields directory, login, accounts, workspace, token, cluster, delivery, maxUndelivered, interval, schedule, guard, removalPolicy, deletionPolicy, notifications, suspend',
    ],
    [
      documentWith('  token:\n    lifetime: 7d\n    renewbefor: 1d\n'),
      'lab.yaml:9:5: spec.token.renewbefor is not a field of a MemberSync; did you mean renewBefore?; what to do: spec.token has the fields lifetime, renewBefore, audiences',
    ],
    [
      documentWith('', { directory: 'poolcs: {}' }),
      'lab.yaml:5:15: spec.directory.poolcs is not a field of a MemberSync; did you mean poolc?; what to do: spec.directory has the fields poolc, file, http, ldap, github',
    ],
    [
      documentWith('', { delivery: 'none: {everything: true}' }),
      'lab.yaml:6:21: spec.delivery.none.everything is not a field of a MemberSync',
    ],
    [
      `${head}  directory: {${poolc}}\nspek: {}\n`,
      'lab.yaml:6:1: spek is not a field of a MemberSync; did you mean spec?; what to do: it has the fields apiVersion, kind, metadata, spec',
    ],
    [
      documentWith('  "a\\nb": {}\n'),
      'lab.yaml:7:3: spec.a\\u{a}b is not a field of a MemberSync; what to do: spec has the fields directory, login, accounts, workspace, token, cluster, delivery, maxUndelivered, interval, schedule, guard, removalPolicy, deletionPolicy, notifications, suspend',
    ],
  ])('%#', (text, words) => {
    expect(refusal(text)).toBe(words);
  });
});

describe('what is missing, or given twice, is named', () => {
  test.each([
    [
      '',
      'lab.yaml:1:1: this is not a MemberSync: it has no fields; what to do: `credentials-updater explain` shows them',
    ],
    [
      '- a\n',
      'lab.yaml:1:1: this is not a MemberSync: it has no fields; what to do: `credentials-updater explain` shows them',
    ],
    [
      'apiVersion: v1\nkind: Secret\n',
      "lab.yaml:1:1: apiVersion=v1 can't be used: credentials-updater.poolc.org/v1alpha1 is needed",
    ],
    [
      head.replace('spec:\n', ''),
      'lab.yaml:1:1: the document has no spec, which it needs; what to do: `credentials-updater explain spec` says what it is',
    ],
    [
      `${head}  delivery: {${poolc}}\n`,
      'lab.yaml:4:1: spec has no directory, which it needs; what to do: `credentials-updater explain spec.directory` says what it is',
    ],
    [
      documentWith('', { directory: '' }),
      'lab.yaml:5:3: spec.directory: exactly one directory is needed: poolc, file, http, ldap or github',
    ],
    [
      documentWith('', { directory: `${poolc}, file: {path: a.csv}` }),
      'lab.yaml:5:3: spec.directory: exactly one directory is needed: poolc, file, http, ldap or github',
    ],
    [
      documentWith('', { delivery: `${poolc}, none: {}` }),
      'lab.yaml:6:3: spec.delivery: exactly one delivery is needed: poolc, secrets, files or none',
    ],
    [
      documentWith('', { delivery: 'none: ' }),
      'lab.yaml:6:14: spec.delivery.none has no value; what to do: give it one, or leave the line out; nothing is {}',
    ],
    [
      documentWith('', { directory: 'poolc: {apiKey: {file: key}}' }),
      'lab.yaml:5:15: spec.directory.poolc has no endpoint, which it needs; what to do: `credentials-updater explain spec.directory.poolc.endpoint` says what it is',
    ],
    [
      documentWith('', { directory: 'poolc: {endpoint: https://api}' }),
      'lab.yaml:5:15: spec.directory.poolc has no apiKey, which it needs; what to do: `credentials-updater explain spec.directory.poolc.apiKey` says what it is',
    ],
    [
      documentWith('', { directory: 'poolc: {endpoint: https://api, apiKey: {}}' }),
      'lab.yaml:5:46: spec.directory.poolc.apiKey: exactly one of file, env and secretKeyRef is needed',
    ],
    [
      documentWith('', { directory: 'github: {organization: poolc}' }),
      'lab.yaml:5:15: spec.directory.github: exactly one of token and app is needed',
    ],
    [
      documentWith('', { directory: 'file: {}' }),
      'lab.yaml:5:15: spec.directory.file: exactly one of path, configMapKeyRef and secretKeyRef is needed',
    ],
  ])('%#', (text, words) => {
    expect(refusal(text)).toBe(words);
  });
});

describe('a value that cannot be used is refused', () => {
  const ldap = (more: string) => documentWith('', { directory: `ldap: {base: dc=org, ${more}}` });
  test.each([
    [
      documentWith('  token: {lifetime: 9m}\n'),
      "lab.yaml:7:11: spec.token.lifetime=9m can't be used: a duration from 10m to 49710d6h, such as 7d, 12h or 90m, is needed",
    ],
    [
      documentWith('  token: {lifetime: 1h30m}\n'),
      "lab.yaml:7:11: spec.token.lifetime=1h30m can't be used: a duration from 10m to 49710d6h, such as 7d, 12h or 90m, is needed",
    ],
    [
      documentWith('  token: {lifetime: 604800}\n'),
      "lab.yaml:7:11: spec.token.lifetime=604800 can't be used: a duration from 10m to 49710d6h, such as 7d, 12h or 90m, is needed",
    ],
    [
      documentWith('  token: {lifetime: 1h, renewBefore: 60m}\n'),
      "lab.yaml:7:25: spec.token.renewBefore=60m can't be used: a token must be renewed after a part of its life, so less than lifetime is needed",
    ],
    [
      documentWith('  guard: {maxRemovals: "10"}\n'),
      "lab.yaml:7:11: spec.guard.maxRemovals=10 can't be used: a whole number from 0 to 1000000 is needed",
    ],
    [documentWith('  guard: many\n'), "lab.yaml:7:3: spec.guard can't be used: fields are needed, each with its name"],
    [
      documentWith('  accounts: {namespace: PoolC}\n'),
      "lab.yaml:7:14: spec.accounts.namespace=PoolC can't be used: the name of a namespace (a-z, 0-9 and hyphens, at most 63 characters) is needed",
    ],
    [
      documentWith('  removalPolicy: remove\n'),
      "lab.yaml:7:3: spec.removalPolicy=remove can't be used: one of Remove, Report is needed",
    ],
    [documentWith('  suspend: yes\n'), "lab.yaml:7:3: spec.suspend=yes can't be used: true or false is needed"],
    [
      documentWith('  schedule: {cron: "0 15 *"}\n'),
      'lab.yaml:7:3: spec.schedule: a CronJob schedule has five fields (minute hour day month weekday), this one is "0 15 *"',
    ],
    [
      documentWith('  interval: 5m\n  schedule: {cron: "@daily"}\n'),
      "lab.yaml:7:3: spec.interval=5m can't be used: there is a schedule too, and only one of the two can say when runs happen",
    ],
    [
      documentWith('', { directory: 'poolc: {endpoint: http://api.example.org, apiKey: {file: key}}' }),
      "lab.yaml:5:23: spec.directory.poolc.endpoint=http://api.example.org can't be used: plain http would send the API key and every token in the clear; what to do: use https; http is for loopback only",
    ],
    [
      documentWith('  accounts: {namespace: users}\n', { delivery: 'secrets: {namespace: users}' }),
      "lab.yaml:6:24: spec.delivery.secrets.namespace=users can't be used: the accounts are in users, where a Secret can make a token that never expires; another namespace is needed",
    ],
    [
      documentWith('', { delivery: 'secrets: {namespace: tokens, name: credentials}' }),
      "lab.yaml:6:43: spec.delivery.secrets.name=credentials can't be used: a name of a-z, 0-9, dots and hyphens with {account} in it once is needed",
    ],
    [
      documentWith('  workspace: {clusterRole: admin, quota: {pods: lots}}\n'),
      "lab.yaml:7:43: spec.workspace.quota.pods=lots can't be used: a quantity such as 20, 500m or 8Gi is needed",
    ],
    [
      ldap('url: "ldap://ldap.example.org"'),
      "lab.yaml:5:36: spec.directory.ldap.url=ldap://ldap.example.org can't be used: plain ldap would send the password in the clear; use ldaps, or startTLS: true",
    ],
    [
      ldap('url: ldap.example.org'),
      "lab.yaml:5:36: spec.directory.ldap.url=ldap.example.org can't be used: an address such as ldaps://ldap.example.org is needed",
    ],
    [
      ldap('url: "ldaps://l", startTLS: true'),
      "lab.yaml:5:54: spec.directory.ldap.startTLS=true can't be used: ldaps is TLS from the beginning",
    ],
    [
      ldap('url: "ldaps://l", bindDN: cn=x'),
      "lab.yaml:5:54: spec.directory.ldap.bindDN=cn=x can't be used: bindDN and bindPassword are needed together",
    ],
    [
      documentWith('', { directory: 'http: {url: "https://a:b@c", members: "@", id: id}' }),
      "lab.yaml:5:22: spec.directory.http.url=https://[redacted]@c can't be used: it holds a user name or password",
    ],
    [
      documentWith('', { directory: 'http: {url: "https://c", members: "@", id: id, headers: {"a b": {env: X}}}' }),
      'lab.yaml:5:72: spec.directory.http.headers.a b: a name of a header is needed',
    ],
    [
      head.replace('credentials-updater}', 'My Lab}').concat(`  directory: {${poolc}}\n  delivery: {${poolc}}\n`),
      "lab.yaml:3:12: metadata.name=My Lab can't be used: a name of a-z, 0-9 and hyphens, at most 63 characters, is needed",
    ],
  ])('%#', (text, words) => {
    expect(refusal(text)).toBe(words);
  });
});

test.each([
  [
    'in the place of where it is',
    'apiKey: the-key-itself',
    "apiKey can't be used: fields are needed, each with its name",
  ],
  ['in the place of its variable', 'apiKey: {env: the-key-itself}', "apiKey.env can't be used: a variable's name"],
])('a secret %s is not repeated', (_, given, words) => {
  const said = refusal(documentWith('', { directory: `poolc: {endpoint: https://api, ${given}}` }));
  expect(said).toContain(words);
  expect(said).not.toContain('the-key-itself');
});

describe('what a command cannot do is refused by name', () => {
  const controllers =
    "can't be used with -f: only the controller reads Secrets and ConfigMaps of the cluster; what to do: give the path of a file, or {file: PATH} or {env: NAME} for a secret";
  test.each([
    [
      documentWith('', { directory: 'poolc: {endpoint: https://api, apiKey: {secretKeyRef: {name: a, key: b}}}' }),
      `lab.yaml:5:55: spec.directory.poolc.apiKey.secretKeyRef ${controllers}`,
    ],
    [
      documentWith('', { directory: 'file: {configMapKeyRef: {name: a, key: b}}' }),
      `lab.yaml:5:22: spec.directory.file.configMapKeyRef ${controllers}`,
    ],
    [
      documentWith('', {
        directory:
          'http: {url: "https://c", members: "@", id: id, headers: {Authorization: {secretKeyRef: {name: a, key: b}}}}',
      }),
      `lab.yaml:5:88: spec.directory.http.headers.Authorization.secretKeyRef ${controllers}`,
    ],
  ])('%#', (text, words) => {
    expect(refusal(text)).toBe(words);
  });

  test.each([
    [
      documentWith('', { directory: 'github: {organization: lab, token: {env: TOKEN}, apiURL: "https://g/api?x=1"}' }),
      "lab.yaml:5:64: spec.directory.github.apiURL=https://g/api?x=1 can't be used: it has a query; the address of the API itself is needed",
    ],
    [
      documentWith('', { directory: 'github: {organization: lab}' }),
      'lab.yaml:5:15: spec.directory.github: exactly one of token and app is needed',
    ],
    [
      documentWith('', { delivery: 'poolc: {endpoint: https://other.example.org, apiKey: {file: ./key}}' }),
      'lab.yaml:6:14: spec.delivery.poolc must be the same as spec.directory.poolc: the PoolC API knows its own members only',
    ],
  ])('%#', (text, words) => {
    expect(refusal(text)).toBe(words);
  });
});

describe('what is no document is refused with its line', () => {
  test.each([
    ['a: [\n', /^lab\.yaml:2:1: this is not one YAML or JSON document: .+; what to do: are indentation and quotes/],
    ['a: 1\na: 2\n', /^lab\.yaml:2:1: this is not one YAML or JSON document: Map keys must be unique/],
    ['a: 1\n---\nb: 2\n', /^lab\.yaml:2:1: .+ it has more than one document; what to do: give each MemberSync a file/],
    ['1: 2\n', /^lab\.yaml:1:1: a field's name must be a text$/],
    ['? [a, b]\n: c\n', /^lab\.yaml:1:3: a field's name must be a text$/],
    ['a: !!js/function x\n', /^lab\.yaml:1:4: this is not one YAML or JSON document: Unresolved tag/],
    [
      `a: &a [x, x, x, x, x, x, x, x, x, x]\n${Array.from('bcdef', (name, index) => `${name}: &${name} [${Array.from({ length: 10 }, () => `*${'abcdef'[index]}`).join(', ')}]`).join('\n')}\n`,
      /^lab\.yaml: its aliases can't be resolved/,
    ],
  ])('%#', (text, words) => {
    expect(refusal(text)).toMatch(words);
  });

  test('the same file as an alias says it is read', () => {
    const document = `${head}  directory: &d {${poolc}}\n  delivery: *d\n`;
    expect(read(document).delivery).toEqual(read(document).directory);
  });
});

/** Empty where it is read. @throws what is no refusal */
function wordsOf(text: string): string {
  try {
    read(text);
    return '';
  } catch (error) {
    if (error instanceof Failure && error.kind === 'usage') return `${error.message}${error.hint ?? ''}`;
    throw error;
  }
}

/** Any text, any YAML, and a right document with anything in any place of it. */
const anything = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 200 }),
  fc.anything({ withNullPrototype: false }).map((value) => stringifySafely(value)),
  fc
    .tuple(
      fc.constantFrom('directory', 'delivery', 'token', 'guard', 'schedule', 'accounts', '__proto__', 'constructor'),
      fc.anything(),
    )
    .map(([name, value]) => `${documentWith('')}  ? ${JSON.stringify(name)}\n  : ${JSON.stringify(value) ?? 'null'}\n`),
  fc.tuple(fc.nat(400), fc.nat(40), fc.string({ unit: 'grapheme', maxLength: 10 })).map(([start, length, text]) => {
    const document = documentWith('  guard: {minMembers: 2}\n  token: {lifetime: 2d}\n');
    return document.slice(0, start) + text + document.slice(start + length);
  }),
);

function stringifySafely(value: unknown): string {
  try {
    // oxlint-disable-next-line typescript/no-unnecessary-condition -- undefined for undefined, whatever its type says
    return stringify(value) ?? '';
  } catch {
    return '{}';
  }
}

test('whatever a file holds, it is read, or refused in one line', () => {
  fc.assert(
    fc.property(anything, (text) => {
      const words = wordsOf(text);
      expect(words.split('\n')).toHaveLength(1);
      expect(stripVTControlCharacters(words)).toBe(words);
      expect(words).not.toMatch(/expected .+ received/);
    }),
    { numRuns: 500 },
  );
});
