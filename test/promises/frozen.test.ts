/**
 * A run that is stopped (SIGSTOP: a frozen container, a suspended node, a very long pause) until its lock is another's,
 * and then goes on. Its plan is stale: it would remove a member who is back, and deliver a map that lacks them.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { accountsOf, expectWorkingTokens } from '../accounts.ts';
import type { Club } from '../club.ts';
import { type CommandResult, expectExit, type RunningCommand } from '../command.ts';
import { printFigure } from './figures.ts';
import { tokenVerdicts } from './prober.ts';
import { useClubWithLeaver } from './scenarios.ts';
import { changesSomething } from './steps.ts';
import { type Moment, openWire, type Wire } from './wire.ts';

/** Long enough to come to the place where it is frozen on a busy machine, short enough to wait for its end. */
const lockSeconds = 8;

interface Frozen {
  readonly club: Club;
  /** The frozen run's own wire. */
  readonly wire: Wire;
  /** Of the member who was away when the frozen run fetched the directory, and is back. */
  readonly returned: string;
  /** Lets the frozen run go on. @returns how it ended, and what it asked for after it had woken up */
  readonly wake: () => Promise<{ result: CommandResult; changes: string[] }>;
}

type Freeze = (wire: Wire, running: RunningCommand) => Promise<void>;

/** Starts a run that has someone to remove and someone to create, and stops it; then the directory changes. */
async function freezeRun(freeze: Freeze): Promise<Frozen> {
  const { club, leaver } = await useClubWithLeaver(6);
  await club.api.addMember({ loginId: 'joiner' });
  const wire = await openWire(club);
  const stopped = Promise.withResolvers<RunningCommand>();
  const ended = wire.run(['sync'], {
    env: { LOCK_DURATION: `${lockSeconds}s` },
    onStart: (running) => {
      freeze(wire, running).then(() => stopped.resolve(running), stopped.reject);
    },
  });
  void ended.then(
    ({ stdout }) => stopped.reject(new Error(`The run ended before it was frozen:\n${stdout}`)),
    stopped.reject,
  );
  const running = await stopped.promise;
  club.api.setActive(leaver.uuid, true);
  return {
    club,
    wire,
    returned: leaver.uuid,
    async wake() {
      const before = [wire.cluster.requests.length, wire.poolc.requests.length];
      running.kill('SIGCONT');
      const result = await ended;
      const asked = [...wire.cluster.requests.slice(before[0]), ...wire.poolc.requests.slice(before[1])];
      return { result, changes: asked.filter(changesSomething).map(({ method, path }) => `${method} ${path}`) };
    },
  };
}

/** At the nth such moment. */
function at(step: Moment['step'], where: Moment['at'], nth = 1): Freeze {
  return (wire, running) => {
    const { promise, resolve } = Promise.withResolvers<void>();
    let countdown = nth;
    wire.watch((moment) => {
      if (moment.step !== step || moment.at !== where || --countdown !== 0) return;
      running.kill('SIGSTOP');
      resolve();
    });
    return promise;
  };
}

/** The map is ready, its connection opens: TLS has begun on our side, and the answer comes while the run stands still. */
const whileTheConnectionForTheDeliveryOpens: Freeze = async (wire, running) => {
  const { promise, resolve } = Promise.withResolvers<void>();
  wire.watch(({ step }) => {
    if (step !== 'renew the lock' || !wire.steps.includes('try a token')) return;
    wire.watch(undefined);
    const stopped = Promise.withResolvers<void>();
    void wire.poolc.holdConnections(stopped.promise).then(() => {
      running.kill('SIGSTOP');
      stopped.resolve();
      resolve();
    });
  });
  await promise;
};

const freezes: readonly (readonly [where: string, freeze: Freeze])[] = [
  ['when it has just taken the lock', at('take the lock', 'answer')],
  ['while it waits for the directory', at('fetch the members', 'answer')],
  ['while it renews the lock for the changes', at('renew the lock to change', 'request')],
  ['while it records names', at('record names', 'request')],
  ['while it waits for the answer to a removal', at('remove an account', 'request')],
  ['while it creates', at('create an account', 'request')],
  ['while it fetches the keys', at('fetch the keys', 'request')],
  ['while it mints', at('mint a token', 'request', 3)],
  ['while it tries a token', at('try a token', 'answer')],
  ['while it renews the lock for the delivery', at('renew the lock', 'request')],
  ['while the connection for the delivery opens', whileTheConnectionForTheDeliveryOpens],
];

test('P1, P3, P4: a run that was frozen past its lock changes and delivers nothing, wherever it stood', {
  timeout: 900_000,
}, async () => {
  const frozen = await Promise.all(freezes.map(async ([where, freeze]) => ({ where, ...(await freezeRun(freeze)) })));
  await Promise.all(
    frozen.map(async ({ where, club, returned, wake }) => {
      expectExit(await club.run(['sync']), 0);
      const state = async () => ({
        accounts: await accountsOf(club.cluster),
        tokens: club.api.storedTokens(),
        deliveries: club.api.deliveries(),
      });
      const before = await state();

      const { result, changes } = await wake();

      expect([where, changes]).toEqual([where, []]);
      expectExit(result, 5);
      expect(await state()).toEqual(before);
      expect(await tokenVerdicts(club)(club.api.storedTokens().get(returned) ?? '')).toContain('leaver');
      await expectWorkingTokens(club);
    }),
  );
  printFigure(
    'frozen',
    `${frozen.length} runs frozen past their lock, each in another step; after waking up, 0 changes and 0 deliveries`,
  );
});

test('P1: a run that was frozen past its lock changes nothing, though nobody else has taken it', {
  timeout: 600_000,
}, async () => {
  const { club, wake } = await freezeRun(at('mint a token', 'request', 2));
  await sleep((lockSeconds + 1) * 1_000);
  const before = club.api.deliveries().length;

  const { result, changes } = await wake();

  expect(changes).toEqual([]);
  expectExit(result, 5);
  expect(result.stdout).toContain(`the run lock could not be renewed for ${lockSeconds} s`);
  expect(club.api.deliveries()).toHaveLength(before);
});

test('P4: a run that was frozen while its delivery was answered does not deliver again', {
  timeout: 600_000,
}, async () => {
  const { club, wake } = await freezeRun(at('deliver', 'request'));
  expectExit(await club.run(['sync']), 0);
  const deliveries = club.api.deliveries();
  const tokens = club.api.storedTokens();

  const { changes } = await wake();

  expect(changes).toEqual([]);
  expect(club.api.deliveries()).toEqual(deliveries);
  expect(club.api.storedTokens()).toEqual(tokens);
});
