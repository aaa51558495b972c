/** Whose accounts a namespace holds: a Lease there names the one MemberSync that may change them. */
import { expect, test } from 'vitest';
import { z } from 'zod';
import { accountsOf } from './accounts.ts';
import { type Club, useClub } from './club.ts';
import { expectExit } from './command.ts';

const leaseSchema = z.object({ spec: z.object({ holderIdentity: z.string() }) });
const leasesOf = ({ cluster }: Club) => `/apis/coordination.k8s.io/v1/namespaces/${cluster.usersNamespace}/leases`;
const pathOf = (club: Club) => `${leasesOf(club)}/credentials-updater-owner`;

test('the first sync claims the namespace, and later ones leave the claim as it is', async () => {
  const club = await useClub();
  club.api.seed(2);
  expectExit(await club.run(['sync', '--first-run']), 0);
  const first = await club.cluster.request('GET', pathOf(club));
  expect(leaseSchema.parse(first.body).spec.holderIdentity).toBe(`${club.cluster.systemNamespace}/credentials-updater`);
  expectExit(await club.run(['sync']), 0);
  expect((await club.cluster.request('GET', pathOf(club))).body).toEqual(first.body);
});

test("another MemberSync's accounts are a refusal that says whose they are, and nothing is changed", async () => {
  const club = await useClub();
  club.api.seed(2);
  expectExit(await club.run(['sync', '--first-run']), 0);
  const { status } = await club.cluster.request('PATCH', pathOf(club), { spec: { holderIdentity: 'lab/students' } });
  expect(status).toBe(200);
  const [accounts, tokens] = [await accountsOf(club.cluster), club.api.storedTokens()];
  club.api.seed(1);

  const result = await club.run(['sync']);

  expectExit(result, 4);
  expect(`${result.stdout}${result.stderr}`).toContain('belong to the MemberSync lab/students');
  expect(await accountsOf(club.cluster)).toEqual(accounts);
  expect(club.api.storedTokens()).toEqual(tokens);
});

test("another MemberSync's member is not revoked, nor held where nobody would look", async () => {
  const club = await useClub();
  const [kim] = club.api.seed(1);
  expectExit(await club.run(['sync', '--first-run']), 0);
  await club.cluster.request('PATCH', pathOf(club), { spec: { holderIdentity: 'lab/students' } });
  const accounts = await accountsOf(club.cluster);

  const result = await club.run(['revoke', String(kim?.loginId), '--hold', '--yes']);

  expectExit(result, 4);
  expect(`${result.stdout}${result.stderr}`).toContain('give the document of lab/students with -f');
  expect(await accountsOf(club.cluster)).toEqual(accounts);
  const holds = `/api/v1/namespaces/${club.cluster.systemNamespace}/configmaps/credentials-updater-holds`;
  expect((await club.cluster.request('GET', holds)).status).toBe(404);
});

test("a name is not reserved among another MemberSync's", async () => {
  const club = await useClub();
  club.api.seed(1);
  expectExit(await club.run(['sync', '--first-run']), 0);
  await club.cluster.request('PATCH', pathOf(club), { spec: { holderIdentity: 'lab/students' } });

  const result = await club.run(['reserve', 'somebody', '00000000-0000-0000-0000-000000000000']);

  expectExit(result, 4);
  expect(`${result.stdout}${result.stderr}`).toContain('belong to the MemberSync lab/students');
});

test('a sync that is refused by the guard claims nothing', async () => {
  const club = await useClub();
  club.api.seed(0);
  expectExit(await club.run(['sync', '--first-run']), 4);
  expect((await club.cluster.request('GET', pathOf(club))).status).toBe(404);
});

test('settings from the environment go on, with a warning, under a Role that is older than the claim', async () => {
  const club = await useClub({
    roles: (roles, { usersNamespace }) =>
      roles.map(({ namespace, rules }) => ({
        namespace,
        rules: namespace === usersNamespace ? rules.filter(({ resources }) => !resources.includes('leases')) : rules,
      })),
  });
  club.api.seed(2);
  const result = await club.run(['sync', '--first-run']);
  expectExit(result, 0);
  expect(`${result.stdout}${result.stderr}`).toContain('could not be seen');
});
