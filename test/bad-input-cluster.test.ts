/** A cluster that can't be reached, isn't set up, or doesn't grant a right: one clear line, and nothing has changed. */
import { randomUUID } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { stringify } from 'yaml';
import { createCertificateAuthority } from '../dev/control-plane/certificates.ts';
import type { PolicyRule, UpdaterRole } from '../dev/updater-account.ts';
import { shardOf } from '../src/registry/names-given.ts';
import { defaultSyncName, namesGivenName } from '../src/registry/place.ts';
import { accountsOf } from './accounts.ts';
import { expectRefusal, theOneLine, useClubWithHistory } from './bad-input.ts';
import { type Club, useClub } from './club.ts';
import { type CommandResult, logLines } from './command.ts';

async function kubeconfigFile(content: string): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'pks-input-'));
  onTestFinished(() => rm(directory, { recursive: true, force: true }));
  const path = join(directory, 'kubeconfig');
  await writeFile(path, content);
  return path;
}

const withUser = (user: object) => kubeconfigOf({ server: 'https://127.0.0.1:1' }, user);

/** A kubeconfig as kubectl would write it. */
function kubeconfigOf(
  cluster: Readonly<Record<string, string>>,
  user: object = { token: 'a-token-of-the-kubeconfig' },
): string {
  return stringify({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'pks', cluster }],
    users: [{ name: 'pks', user }],
    contexts: [{ name: 'pks', context: { cluster: 'pks', user: 'pks' } }],
    'current-context': 'pks',
  });
}

describe('a kubeconfig that cannot be used', () => {
  const choose = /set KUBECONFIG to the file that kubectl uses for this cluster/;

  test('none at all', async () => {
    await expectRefusal(await useClubWithHistory(), ['sync'], {
      env: { KUBECONFIG: '' },
      exitCode: 2,
      says: [/no kubeconfig: .+\.kube\/config does not exist, and this is not a pod/, choose],
    });
  });

  test('a file that is not there', async () => {
    await expectRefusal(await useClubWithHistory(), ['sync'], {
      env: { KUBECONFIG: '/nowhere/config' },
      exitCode: 2,
      says: [/the kubeconfig \/nowhere\/config does not exist/, choose],
    });
  });

  test.each<[name: string, content: string, says: RegExp[]]>([
    ['an empty file', '', [/the kubeconfig \S+ has no current-context/]],
    ['no YAML', 'clusters: [', [/is not valid YAML/, choose]],
    ['another shape', 'current-context: a\ncontexts: 7', [/is malformed at contexts: a list is expected/, choose]],
    ['an entry of another shape', withUser({ token: ['a'] }), [/is malformed at users\.0\.user\.token: /, choose]],
    ['something else altogether', '127.0.0.1 localhost', [/the file .+ is not a kubeconfig/, choose]],
    ['no context', 'clusters: []', [/has no current-context/, /kubectl config use-context NAME/]],
    ['a context that is not there', 'current-context: prod', [/has no context prod/, /kubectl config get-contexts/]],
    [
      'no such user',
      kubeconfigOf({ server: 'https://127.0.0.1:1' }).replace('user: pks', 'user: kim'),
      [/has no user kim, which its context pks names/, /kubectl config get-users/],
    ],
    [
      'groups to act as, and nobody',
      withUser({ token: 'a-token', 'as-groups': ['admins'] }),
      [/field as-groups for the user pks, but nobody to act as/],
    ],
    [
      'a token with a line break',
      withUser({ token: 'a-token\nx: y' }),
      [/the token of user pks in .+ holds a line break/],
    ],
    ['a user name without a password', withUser({ username: 'kim' }), [/a user name without a password/]],
    ['an auth provider', withUser({ 'auth-provider': { name: 'oidc' } }), [/field auth-provider .*not supported/]],
    ['a certificate without its key', withUser({ 'client-certificate-data': 'YQ==' }), [/without its key/]],
    [
      'a proxy whose address is none',
      kubeconfigOf({ server: 'https://127.0.0.1:1', 'proxy-url': 'ftp://kim:word@127.0.0.1:2' }),
      [/has a proxy-url for pks that is not the address of a proxy \(it is not shown/],
    ],
    [
      'an address in the clear',
      kubeconfigOf({ server: 'http://pks.example.org:8080' }),
      [/has the address http:\/\/pks\.example\.org:8080 for pks: plain http would send/, /http is for loopback only/],
    ],
    [
      'an address that is none',
      kubeconfigOf({ server: 'pks.example.org' }),
      [/unusable server address for pks: pks\.example\.org/],
    ],
  ])('%s', async (_, content, says) => {
    const env = { KUBECONFIG: await kubeconfigFile(content) };
    await expectRefusal(await useClubWithHistory(), ['sync'], { env, exitCode: 2, says });
  });
});

describe('an API server that', () => {
  test("can't be reached", async () => {
    const env = { KUBECONFIG: await kubeconfigFile(kubeconfigOf({ server: 'https://127.0.0.1:1' })) };
    await expectRefusal(await useClubWithHistory(), ['sync'], {
      env,
      exitCode: 1,
      says: [
        /API server https:\/\/127\.0\.0\.1:1 can't be reached: nothing listens there \(gave up after/,
        /is the API server up/,
      ],
    });
  });

  test('shows a certificate of another authority', async () => {
    const club = await useClubWithHistory();
    const other = await createCertificateAuthority('another authority');
    const cluster = {
      server: club.cluster.server,
      'certificate-authority-data': Buffer.from(other.certificate).toString('base64'),
    };
    await expectRefusal(club, ['sync'], {
      env: { KUBECONFIG: await kubeconfigFile(kubeconfigOf(cluster)) },
      exitCode: 1,
      says: [
        /the certificate of https:\/\/127\.0\.0\.1:\d+ can't be trusted/,
        /certificate-authority must be the one that signed/,
      ],
    });
  });

  test('does not know our token', async () => {
    const club = await useClubWithHistory();
    await expectRefusal(club, ['sync'], {
      env: { KUBECONFIG: await club.cluster.kubeconfigFor({ token: 'not-a-token-of-this-cluster' }) },
      exitCode: 1,
      says: [/does not accept our credentials \(401\)/, /come from context pks of .+ does kubectl work with them\?/],
    });
  });
});

describe('a namespace that is missing', () => {
  const missing = 'poolc-users-that-is-not-there';

  test("the members', for an administrator, whose list of it is empty", async () => {
    const club = await useClubWithHistory();
    await expectRefusal(club, ['sync'], {
      env: { TARGET_NAMESPACE: missing, KUBECONFIG: club.cluster.kubeconfig },
      exitCode: 1,
      says: [
        new RegExp(`the namespace ${missing} does not exist`),
        /kubectl create namespace/,
        /apply -k deploy\/overlays\/production/,
      ],
    });
  });

  test("the members', for the updater's account, whose Role went with it", async () => {
    await expectRefusal(await useClubWithHistory(), ['sync'], {
      env: { TARGET_NAMESPACE: missing },
      exitCode: 1,
      says: [
        new RegExp(`cannot list resource "serviceaccounts" .* in the namespace "${missing}"`),
        new RegExp(`the namespace ${missing} does not exist \\(its Role went with it\\) or the Role is missing`),
        /apply -k deploy\/overlays\/production/,
      ],
    });
  });

  test("the updater's own", async () => {
    const club = await useClubWithHistory();
    await expectRefusal(club, ['sync'], {
      env: { POD_NAMESPACE: missing, KUBECONFIG: club.cluster.kubeconfig },
      exitCode: 1,
      says: [new RegExp(`namespaces "${missing}" not found`), /POD_NAMESPACE/],
    });
  });
});

/** A right that the updater's account has, and that is taken from it. */
interface Right {
  readonly verb: string;
  readonly resource: string;
  /** Only of the rules for this name. */
  readonly name?: string;
}

function without({ verb, resource, name }: Right): (roles: UpdaterRole[]) => UpdaterRole[] {
  let found = false;
  const reduce = (rule: PolicyRule): PolicyRule[] => {
    if (!rule.resources.includes(resource) || !rule.verbs.includes(verb)) return [rule];
    if (name !== undefined && !rule.resourceNames?.includes(name)) return [rule];
    found = true;
    const others = rule.verbs.filter((other) => other !== verb);
    const otherNames = name === undefined ? [] : (rule.resourceNames ?? []).filter((other) => other !== name);
    return [
      ...(others.length === 0 ? [] : [{ ...rule, verbs: others }]),
      ...(otherNames.length === 0 ? [] : [{ ...rule, resourceNames: otherNames, verbs: [verb] }]),
    ];
  };
  return (roles) => {
    const reduced = roles.map(({ namespace, rules }) => ({ namespace, rules: rules.flatMap(reduce) }));
    if (!found) throw new Error(`The Roles of deploy/base don't grant to ${verb} ${resource}`);
    return reduced;
  };
}

describe("without a right of the updater's Role that is needed first, a run changes nothing:", () => {
  test.each<Right>([
    { verb: 'get', resource: 'leases' },
    { verb: 'create', resource: 'leases' },
    { verb: 'list', resource: 'serviceaccounts' },
    { verb: 'get', resource: 'configmaps', name: 'credentials-updater-names-3' },
    { verb: 'get', resource: 'configmaps', name: 'credentials-updater-holds' },
  ])('$verb $resource', async (right) => {
    const club = await useClubWithHistory({ roles: without(right) });
    await expectRefusal(club, ['sync'], { exitCode: 1, says: namesTheRight(right) });
  });

  test('update leases, once there is one', async () => {
    const right = { verb: 'update', resource: 'leases' };
    const club = await useClubWithHistory({ roles: without(right) });
    const leases = `/apis/coordination.k8s.io/v1/namespaces/${club.cluster.systemNamespace}/leases`;
    expect((await club.cluster.request('POST', leases, { metadata: { name: 'credentials-updater' } })).status).toBe(
      201,
    );
    await expectRefusal(club, ['sync'], { exitCode: 1, says: namesTheRight(right) });
  });

  test('get namespaces, where there is no account at all', async () => {
    const right = { verb: 'get', resource: 'namespaces' };
    const club = await useClub({ roles: without(right) });
    club.api.seed(2);
    await expectRefusal(club, ['sync'], { exitCode: 1, says: namesTheRight(right) });
  });
});

/** The record's names don't depend on the namespace. */
const place = { namespace: '', name: defaultSyncName };

describe('without a right that is needed later, a run ends before the delivery, and anyone who had access has it still:', () => {
  const records = namesGivenName(place, shardOf('newcomer'));

  test.each<Right & { leaver?: boolean }>([
    { verb: 'create', resource: 'configmaps' },
    { verb: 'update', resource: 'configmaps', name: records },
    { verb: 'create', resource: 'serviceaccounts' },
    { verb: 'create', resource: 'serviceaccounts/token' },
    { verb: 'delete', resource: 'serviceaccounts', leaver: true },
    { verb: 'update', resource: 'leases' },
  ])('$verb $resource', async ({ leaver = false, ...right }) => {
    const club = await useClubWithHistory({ roles: without(right) });
    if (right.name !== undefined) await createRecord(club, right.name);
    if (leaver) club.api.removeMember(club.api.members().find(({ loginId }) => loginId === 'jimin')?.uuid ?? '');
    const [accounts, tokens] = [await accountsOf(club.cluster), club.api.storedTokens()];

    const result = await club.run(['sync']);

    expect(result.exitCode).toBe(1);
    for (const pattern of namesTheRight(right)) expect(theOneLine(result)).toMatch(pattern);
    const left = await accountsOf(club.cluster);
    for (const [name, account] of accounts) expect(left.get(name)).toEqual(account);
    expect(club.api.storedTokens()).toEqual(tokens);
    expect(club.api.deliveries()).toHaveLength(1);
  });
});

test('P9: where some names can not be recorded, exactly those members get no account, and nothing is delivered', async () => {
  const [recorded, unrecorded] = ['newcomer', 'seojun'];
  expect(shardOf(unrecorded)).not.toBe(shardOf(recorded));
  const right = { verb: 'update', resource: 'configmaps', name: namesGivenName(place, shardOf(unrecorded)) };
  const club = await useClub({ roles: without(right) });
  await createRecord(club, right.name);
  for (const loginId of [recorded, unrecorded]) await club.api.addMember({ loginId });

  const result = await club.run(['sync']);

  expect(result.exitCode).toBe(1);
  const accounts = await accountsOf(club.cluster);
  expect(accounts.has(recorded)).toBe(true);
  expect(accounts.has(unrecorded)).toBe(false);
  expect(warningsOf(result)).toContainEqual(
    expect.stringMatching(/^names could not be recorded: .* is forbidden.*; no account is created for those members/),
  );
  expect(club.api.deliveries()).toEqual([]);
});

test('P9: where no name can be recorded, nobody gets an account, and one warning says so for all of them', async () => {
  const club = await useClub({ roles: without({ verb: 'create', resource: 'configmaps' }) });
  club.api.seed(30);

  const result = await club.run(['sync']);

  expect(result.exitCode).toBe(1);
  expect(await accountsOf(club.cluster)).toEqual(new Map());
  expect(warningsOf(result).filter((warning) => warning.startsWith('names could not be recorded'))).toEqual([
    expect.stringMatching(/is forbidden.* \(and so for 7 more ConfigMaps of names\); no account is created/),
  ]);
  expect(club.api.deliveries()).toEqual([]);
});

describe('without a right that only serves the record of a run, the run does its work and warns:', () => {
  test.each<Right>([
    { verb: 'get', resource: 'configmaps', name: 'credentials-updater-summary' },
    { verb: 'update', resource: 'configmaps', name: 'credentials-updater-summary' },
  ])('$verb $resource', async (right) => {
    const club = await useClubWithHistory({ roles: without(right) });
    await createRecord(club, 'credentials-updater-summary');
    const result = await club.run(['sync']);
    expect(result.exitCode).toBe(0);
    expect(club.api.storedTokens().size).toBe(2);
    expect(warningsOf(result)).toEqual([expect.stringMatching(/^the summary could not be written: .* is forbidden/)]);
  });

  test('create events', async () => {
    const club = await useClubWithHistory({ roles: without({ verb: 'create', resource: 'events' }) });
    const result = await club.run(['sync'], {
      env: { JOB_NAME: 'by-hand', JOB_UID: randomUUID(), MIN_MEMBERS: '3' },
    });
    expect(result.exitCode).toBe(4);
    expect(warningsOf(result)).toEqual([expect.stringMatching(/^the Event could not be written: .* is forbidden/)]);
  });
});

function namesTheRight({ verb, resource }: Right): RegExp[] {
  return [new RegExp(`cannot ${verb} resource "${resource}"`), /deploy\/overlays\/production/];
}

function warningsOf(result: CommandResult): string[] {
  return logLines(result).flatMap(({ level, msg }) => (level === 'warn' ? [msg] : []));
}

/** One of the updater's ConfigMaps, as an earlier run would have left it. */
async function createRecord({ cluster }: Club, name: string): Promise<void> {
  const path = `/api/v1/namespaces/${cluster.systemNamespace}/configmaps`;
  expect((await cluster.request('POST', path, { metadata: { name } })).status).toBe(201);
}
