/**
 * One scenario for each safeguard, as small as shows it. Each takes the program to try; with the safeguard in place it
 * passes, without it throws (safeguards.test.ts).
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'vitest';
import { accountsOf, createAccount } from '../accounts.ts';
import { type Club, useClub } from '../club.ts';
import { expectExit, type RunningCommand } from '../command.ts';
import { changeLease } from './lease.ts';
import { changesSomething } from './steps.ts';
import { openWire } from './wire.ts';

type Program = { readonly program?: string };

const stateOf = async ({ cluster, api }: Club) => ({
  accounts: await accountsOf(cluster),
  tokens: api.storedTokens(),
  deliveries: api.deliveries(),
});

/** A club after a sync, whom a member has left since. */
export async function useClubWithLeaver(others: number): Promise<{ club: Club; leaver: { readonly uuid: string } }> {
  const club = await useClub();
  club.api.seed(others);
  const leaver = await club.api.addMember({ loginId: 'leaver' });
  expectExit(await club.run(['sync']), 0);
  club.api.setActive(leaver.uuid, false);
  return { club, leaver };
}

/** The UID precondition: between our look and the DELETE, another account took the leaver's name. */
export async function namesakeOfALeaverStays(program: Program): Promise<void> {
  const { club } = await useClubWithLeaver(4);
  const wire = await openWire(club);
  const replaced = Promise.withResolvers<void>();
  const { hit } = wire.addFault('remove an account', { kind: 'hold', until: replaced.promise, answered: false });

  const ended = wire.run(['sync'], program);
  await hit;
  await club.cluster.request('DELETE', `/api/v1/namespaces/${club.cluster.usersNamespace}/serviceaccounts/leaver`);
  await createAccount(club.cluster, { name: 'leaver' });
  const namesake = (await accountsOf(club.cluster)).get('leaver');
  replaced.resolve();

  expectExit(await ended, 0);
  expect((await accountsOf(club.cluster)).get('leaver')).toEqual(namesake);
}

/** The guard: more than half of the members are gone from a well-formed answer. */
export async function halfADirectoryChangesNothing(program: Program): Promise<void> {
  const club = await useClub();
  const members = club.api.seed(12);
  expectExit(await club.run(['sync']), 0);
  const before = await stateOf(club);
  for (const { uuid } of members.slice(0, 7)) club.api.setActive(uuid, false);

  const result = await club.run(['sync'], program);

  expect(await stateOf(club)).toEqual(before);
  expectExit(result, 4);
}

/** The owner check: an account with a UUID annotation, but without our label, is somebody else's. */
export async function accountsOfOthersStay(program: Program): Promise<void> {
  const club = await useClub();
  club.api.seed(4);
  await createAccount(club.cluster, {
    name: 'of-another-program',
    annotations: { 'credentials-updater/user-uuid': '0b9c2f5e-7f1c-4f0e-9d59-5a0f7c1b2a3d' },
  });
  const before = (await accountsOf(club.cluster)).get('of-another-program');

  expectExit(await club.run(['sync'], program), 0);

  expect((await accountsOf(club.cluster)).get('of-another-program')).toEqual(before);
}

/** The redaction: servers that quote what they were sent, as it is and encoded. */
export async function quotedSecretsAreNotPrinted(program: Program): Promise<void> {
  const club = await useClub();
  club.api.seed(2);
  const wire = await openWire(club);
  const quote = (secret: string) => `${secret} and ${Buffer.from(`x${secret}`).toString('base64')}`;
  const directory = wire.addFault('fetch the members', {
    kind: 'status',
    status: 400,
    body: JSON.stringify({ message: `Invalid API key ${quote(club.api.apiKey)}` }),
  });
  // The run itself is searched for every secret, by anyone who starts it.
  for (const output of ['json', 'text']) expectExit(await wire.run(['sync', '--output', output], program), 1);
  directory.remove();
  const refusal = { kind: 'Status', reason: 'Invalid', message: `cannot use ${quote(club.account.token)}` };
  wire.addFault('create an account', { kind: 'status', status: 422, body: JSON.stringify(refusal) });
  for (const output of ['json', 'text']) expectExit(await wire.run(['sync', '--output', output], program), 1);
}

/** The lock: another run is in the middle of its work. */
export async function secondRunWaits(program: Program): Promise<void> {
  const club = await useClub();
  club.api.seed(4);
  const [first, second] = [await openWire(club), await openWire(club)];
  const go = Promise.withResolvers<void>();
  const { hit } = first.addFault('fetch the members', { kind: 'hold', until: go.promise, answered: true });
  const firstEnds = first.run();
  await hit;

  const looks = Promise.withResolvers<void>();
  second.watch(({ step }) => {
    if (step !== 'read the lock' || second.steps.filter((seen) => seen === step).length >= 3) looks.resolve();
  });
  const secondEnds = second.run(['sync'], program);
  await looks.promise;
  const done = [...new Set(second.steps)];
  go.resolve();
  const results = await Promise.all([firstEnds, secondEnds]);

  expect(done).toEqual(['read the lock']);
  for (const result of results) expectExit(result, 0);
}

const frozenLockSeconds = 6;

/** The fence: a run was frozen for longer than its lock lasts, and does not know it. */
export async function frozenRunChangesNothing(program: Program): Promise<void> {
  const club = await useClub();
  club.api.seed(4);
  const wire = await openWire(club);
  const frozen = Promise.withResolvers<RunningCommand>();
  const ended = wire.run(['sync'], {
    ...program,
    env: { LOCK_DURATION: `${frozenLockSeconds}s` },
    onStart: (running) =>
      wire.watch(({ step, at }) => {
        if (step !== 'create an account' || at !== 'request') return;
        running.kill('SIGSTOP');
        frozen.resolve(running);
      }),
  });
  void ended.then(
    ({ stdout }) => frozen.reject(new Error(`The run ended before it was frozen:\n${stdout}`)),
    frozen.reject,
  );
  const running = await frozen.promise;
  await sleep((frozenLockSeconds + 1) * 1_000);
  const asked = [wire.cluster.requests.length, wire.poolc.requests.length];
  const changes = () =>
    [...wire.cluster.requests.slice(asked[0]), ...wire.poolc.requests.slice(asked[1])].filter(changesSomething);
  // One change says it all: what a run without the fence does after that, and for how long, is of no interest.
  wire.watch(() => {
    if (changes().length > 0) running.kill('SIGKILL');
  });
  running.kill('SIGCONT');
  const result = await ended;

  expect(changes().map(({ method, path }) => `${method} ${path}`)).toEqual([]);
  expectExit(result, 5);
}

/**
 * The renewal before the first change: while the directory was asked, the lock became another run's, and no clock told, as
 * on a virtual machine that was paused.
 */
export async function staleRunChangesNothing(program: Program): Promise<void> {
  const { club } = await useClubWithLeaver(3);
  await club.api.addMember({ loginId: 'joiner' });
  const before = await stateOf(club);
  const wire = await openWire(club);
  const taken = Promise.withResolvers<void>();
  wire.addFault('fetch the members', { kind: 'hold', until: taken.promise, answered: true });
  wire.watch(({ step }) => {
    if (step === 'fetch the members')
      changeLease(club, { holderIdentity: 'another-run' }).then(taken.resolve, taken.reject);
  });

  const result = await wire.run(['sync'], program);

  expect(await stateOf(club)).toEqual(before);
  expectExit(result, 5);
  expect(result.stdout).toContain('the run lock was lost to another-run');
}

/** The renewal before each attempt to deliver: between the first one and the second the lock became another run's. */
export async function deliveryIsNotRepeatedWithoutTheLock(program: Program): Promise<void> {
  const club = await useClub();
  club.api.seed(4);
  const wire = await openWire(club);
  // Retry-After leaves enough time for the other run to come in between.
  const { hit } = wire.addFault('deliver', { kind: 'status', status: 503, retryAfter: '2' }, 1);
  const taken = hit.then(() => changeLease(club, { holderIdentity: 'another-pod' }));

  const result = await wire.run(['sync'], program);

  await taken;
  expect(club.api.deliveries()).toEqual([]);
  expectExit(result, 5);
}

/** The tolerance: one member's token can't be minted. */
export async function mapWithoutAMemberIsNotSent(program: Program): Promise<void> {
  const club = await useClub();
  club.api.seed(4);
  expectExit(await club.run(['sync']), 0);
  const before = await stateOf(club);
  const wire = await openWire(club);
  wire.addFault('mint a token', { kind: 'status', status: 422, body: '{"kind":"Status","message":"not this one"}' }, 1);

  const result = await wire.run(['sync'], program);

  expect(await stateOf(club)).toEqual(before);
  expectExit(result, 1);
}

/** Verification: on its way, each member's token was exchanged for another's. By itself: an old API server can't be asked live. */
export async function wrongTokenIsNotDelivered(program: Program): Promise<void> {
  const club = await useClub();
  club.api.seed(4);
  expectExit(await club.run(['sync']), 0);
  const before = await stateOf(club);
  const wire = await openWire(club);
  wire.addFault('try a token', { kind: 'status', status: 404, body: '{"kind":"Status"}' });
  let first: Buffer | undefined;
  wire.addFault('mint a token', {
    kind: 'rewrite',
    change: (answer) => {
      first ??= answer.body;
      return { ...answer, body: first };
    },
  });

  const result = await wire.run(['sync'], program);

  expect(await stateOf(club)).toEqual(before);
  expectExit(result, 1);
}
