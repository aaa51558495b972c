import { Agent, request } from 'undici';
import { expect, onTestFinished, test } from 'vitest';
import { shardOf } from '../../src/registry/names-given.ts';
import { defaultSyncName, namesGivenName } from '../../src/registry/place.ts';
import { accountsOf } from '../accounts.ts';
import { type Club, useClub } from '../club.ts';
import { createNamespace } from '../cluster.ts';
import { expectExit } from '../command.ts';
import { printFigure } from './figures.ts';

/** Two namespaces that a member made, with a RoleBinding to their account in each: they may read ConfigMaps there. */
async function useOwnNamespaces({ cluster }: Club, account: string): Promise<string[]> {
  const names = ['blog', 'game'].map((name) => `${name}-${cluster.usersNamespace}`);
  for (const name of names) {
    await createNamespace(cluster, name);
    const rbac = `/apis/rbac.authorization.k8s.io/v1/namespaces/${name}`;
    await cluster.request('POST', `${rbac}/roles`, {
      metadata: { name: 'owner' },
      rules: [{ apiGroups: [''], resources: ['configmaps'], verbs: ['list'] }],
    });
    await cluster.request('POST', `${rbac}/rolebindings`, {
      metadata: { name: 'owner' },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: 'owner' },
      subjects: [{ kind: 'ServiceAccount', name: account, namespace: cluster.usersNamespace }],
    });
  }
  return names;
}

/** What the API server answers to the bearer of a member's stored token who lists ConfigMaps. */
async function statusesFor({ cluster, api }: Club, uuid: string, namespaces: readonly string[]): Promise<number[]> {
  const dispatcher = new Agent({ connect: { ca: cluster.certificateAuthority } });
  onTestFinished(() => dispatcher.destroy());
  const token = api.storedTokens().get(uuid) ?? '';
  const answers = namespaces.map(async (namespace) => {
    const { statusCode, body } = await request(`${cluster.server}/api/v1/namespaces/${namespace}/configmaps`, {
      dispatcher,
      headers: { authorization: `Bearer ${token}` },
    });
    await body.dump();
    return statusCode;
  });
  return Promise.all(answers);
}

const nameOf = async ({ cluster }: Club, uuid: string) =>
  [...(await accountsOf(cluster)).values()].find((account) => account.uuid === uuid)?.name;

test.each([
  ['after a run without either of them', true],
  ['in the same run in which the first one leaves', false],
])(
  'P9: anyone who takes the login id of a leaver, %s, inherits nothing; who returns gets all of it back',
  async (_, apart) => {
    const club = await useClub();
    club.api.seed(4);
    const first = await club.api.addMember({ loginId: 'alice' });
    expectExit(await club.run(['sync']), 0);
    const namespaces = await useOwnNamespaces(club, 'alice');
    await expect.poll(() => statusesFor(club, first.uuid, namespaces), { timeout: 20_000 }).toEqual([200, 200]);

    club.api.removeMember(first.uuid);
    if (apart) expectExit(await club.run(['sync']), 0);
    const newcomer = await club.api.addMember({ loginId: 'alice' });
    expectExit(await club.run(['sync']), 0);

    expect(await nameOf(club, newcomer.uuid)).toBe(`alice-${newcomer.uuid}`);
    expect(await statusesFor(club, newcomer.uuid, namespaces)).toEqual([403, 403]);

    await club.api.addMember({ uuid: first.uuid, loginId: 'alice-again' });
    expectExit(await club.run(['sync']), 0);

    expect(await nameOf(club, first.uuid)).toBe('alice');
    expect(await statusesFor(club, first.uuid, namespaces)).toEqual([200, 200]);
    expect(await statusesFor(club, newcomer.uuid, namespaces)).toEqual([403, 403]);
    if (apart)
      printFigure(
        'inheritance',
        "a newcomer with a leaver's login id: 403 in both of the leaver's namespaces; the leaver, back: 200 in both",
      );
  },
);

test('P9: nobody gets the name of a leaver whose account was deleted by hand before any run saw them leave', async () => {
  const club = await useClub();
  club.api.seed(4);
  const first = await club.api.addMember({ loginId: 'alice' });
  expectExit(await club.run(['sync']), 0);
  await club.cluster.request('DELETE', `/api/v1/namespaces/${club.cluster.usersNamespace}/serviceaccounts/alice`);
  club.api.removeMember(first.uuid);
  const newcomer = await club.api.addMember({ loginId: 'alice' });

  expectExit(await club.run(['sync']), 0);

  expect(await nameOf(club, newcomer.uuid)).toBe(`alice-${newcomer.uuid}`);
});

test('P2, P9: when names can not be recorded, leavers are removed all the same, and nobody is created', async () => {
  const club = await useClub({
    roles: (roles) =>
      roles.map(({ namespace, rules }) => ({
        namespace,
        rules: rules.filter(({ resources, verbs }) => !(resources.includes('configmaps') && verbs.includes('create'))),
      })),
  });
  const labels = { 'app.kubernetes.io/managed-by': 'credentials-updater' };
  const [stays, leaver] = [await club.api.addMember({ loginId: 'stays' }), 'd3b07384-d113-4ec5-a5c8-1d4f1a0a2f10'];
  for (const [name, uuid] of [
    ['stays', stays.uuid],
    ['leaver', leaver],
  ])
    await club.cluster.request('POST', `/api/v1/namespaces/${club.cluster.usersNamespace}/serviceaccounts`, {
      metadata: { name, labels, annotations: { 'credentials-updater/user-uuid': uuid } },
    });
  await club.api.addMember({ loginId: 'newcomer' });

  const result = await club.run(['sync']);

  expectExit(result, 1);
  expect([...(await accountsOf(club.cluster)).keys()]).toEqual(['stays']);
  expect(result.stdout).toContain('no account is created in this run');
  expect(club.api.deliveries()).toEqual([]);
});

test.each<[what: string, change: (uuid: string) => string, returns: boolean]>([
  ['with a line end behind it', (uuid) => `${uuid}\n`, true],
  ['in capitals', (uuid) => uuid.toUpperCase(), true],
  ['cut short', (uuid) => uuid.slice(0, -1), false],
  ['without anything in it', () => '', false],
])('P9: a name whose record was written by hand, %s, is inherited by nobody', async (_, change, returns) => {
  const club = await useClub();
  club.api.seed(3);
  const first = await club.api.addMember({ loginId: 'alice' });
  expectExit(await club.run(['sync']), 0);
  club.api.removeMember(first.uuid);
  expectExit(await club.run(['sync']), 0);
  const place = { namespace: club.cluster.systemNamespace, name: defaultSyncName };
  const record = `/api/v1/namespaces/${place.namespace}/configmaps/${namesGivenName(place, shardOf('alice'))}`;
  const { status } = await club.cluster.request('PATCH', record, { data: { alice: change(first.uuid) } });
  expect(status).toBe(200);

  const newcomer = await club.api.addMember({ loginId: 'alice' });
  expectExit(await club.run(['sync']), 0);
  expect(await nameOf(club, newcomer.uuid)).toBe(`alice-${newcomer.uuid}`);

  await club.api.addMember({ uuid: first.uuid, loginId: 'alice-again' });
  expectExit(await club.run(['sync']), 0);
  expect(await nameOf(club, first.uuid)).toBe(returns ? 'alice' : 'alice-again');
});
