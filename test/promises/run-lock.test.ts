/** What the run lock does with time, seen on the wire and in the Lease. */
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import type { Answer } from '../../dev/fault-proxy/index.ts';
import { expectWorkingTokens } from '../accounts.ts';
import { type Club, useClub } from '../club.ts';
import { expectExit, logLines } from '../command.ts';
import { printFigure } from './figures.ts';
import { changeLease, holdLock, labelLease, lockHolder, readLease, removeLease } from './lease.ts';
import { changesSomething, type WireStep } from './steps.ts';
import { openWire, type Wire } from './wire.ts';

const never = new Promise<never>(() => {});
const since = '2026-01-02T03:04:05.000000Z';

async function openClub(members = 3): Promise<{ club: Club; wire: Wire }> {
  const club = await useClub();
  club.api.seed(members);
  return { club, wire: await openWire(club) };
}

/** Resolves when a run has come to this moment for the nth time. */
function comesTo(wire: Wire, step: WireStep, nth = 1): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  let times = 0;
  wire.watch((moment) => {
    if (moment.step === step && moment.at === 'request' && ++times === nth) resolve();
  });
  return promise;
}

describe('a run that waits', () => {
  test('goes on when the lock is given back, and knows who joined while it waited', async () => {
    const { club, wire } = await openClub();
    await holdLock(club, { holder: 'another-pod', since });
    const waits = comesTo(wire, 'read the lock', 3);

    const ended = wire.run();
    await waits;
    expect([...new Set(wire.steps)]).toEqual(['read the lock']);
    await club.api.addMember({ loginId: 'late' });
    await changeLease(club, { holderIdentity: '' });

    const result = await ended;
    expectExit(result, 0);
    expect(result.stdout).toContain(`another run is at work (another-pod, since ${since}); waiting for it`);
    expect(club.api.deliveries().map(({ entries }) => entries)).toEqual([4]);
    await expectWorkingTokens(club);
    expect(await lockHolder(club)).toBe('');
  });

  test.each([
    ['years behind', '2020-01-01'],
    ['years ahead', '2040-01-01'],
  ])('never takes the lock of a holder whose clock is %s, as long as it renews', async (_, date) => {
    const { club, wire } = await openClub();
    const time = (seconds: number) => `${date}T00:00:${String(seconds).padStart(2, '0')}.000000Z`;
    await holdLock(club, { holder: 'another-pod', since: time(0), durationSeconds: 3 });
    const stop = new AbortController();
    const renewing = (async () => {
      for (let second = 1; !stop.signal.aborted; second = (second + 1) % 60) {
        await sleep(1_000);
        await changeLease(club, { renewTime: time(second) });
      }
    })();

    const result = await wire.run(['sync'], { env: { LOCK_WAIT: '8s' } });
    stop.abort();
    await renewing;

    expectExit(result, 5);
    expect(logLines(result).at(-1)).toMatchObject({
      outcome: 'locked',
      step: 'lock',
      message: expect.stringMatching(
        new RegExp(`another run holds the lock: another-pod since ${time(0)}, last renewed ${date}T.+; waited 8 s`),
      ),
    });
    expect([...new Set(wire.steps)]).toEqual(['read the lock']);
    expect(await lockHolder(club)).toBe('another-pod');
  });

  test.each(['2020-01-01T00:00:00.000000Z', '2040-01-01T00:00:00.000000Z'])(
    'takes a lock that stands still, whatever time it says: %s',
    async (time) => {
      const { club, wire } = await openClub();
      await holdLock(club, { holder: 'a-dead-pod', since: time, durationSeconds: 3 });
      expectExit(await wire.run(), 0);
      // It looked for as long as the lock lasts, once a second.
      expect(timesOf(wire, 'read the lock')).toBeGreaterThanOrEqual(4);
      expect(await lockHolder(club)).toBe('');
    },
  );

  test('waits on through an API server that is away for a moment', async () => {
    const { club, wire } = await openClub();
    await holdLock(club, { holder: 'a-dead-pod', since, durationSeconds: 4 });
    wire.addFault('read the lock', { kind: 'refuse', forMs: 1_000 }, 2);
    wire.addFault('read the lock', { kind: 'status', status: 503 }, 4);
    expectExit(await wire.run(), 0);
    await expectWorkingTokens(club);
  });
});

const timesOf = ({ steps }: Wire, step: WireStep) => steps.filter((seen) => seen === step).length;

/** The first rule that has not had its request yet takes it, so that each of them takes one. */
function failTheNext(wire: Wire, step: WireStep, times: number): void {
  for (let time = 0; time < times; time += 1) wire.addFault(step, { kind: 'status', status: 503 }, 1);
}

describe('a delivery', () => {
  test.each(['{"error":"down for maintenance"}', '{"status":503}', '<html>', 'ok'])(
    'that is answered with 200 and %s is not acknowledged, and sent again',
    async (text) => {
      const { club, wire } = await openClub();
      const change = (answer: Answer) => ({ ...answer, body: Buffer.from(text) });
      wire.addFault('deliver', { kind: 'rewrite', change }, 1);

      expectExit(await wire.run(), 0);

      expect(timesOf(wire, 'deliver')).toBe(2);
      await expectWorkingTokens(club);
    },
  );

  test('renews the lock right before each attempt', async () => {
    const { club, wire } = await openClub();
    failTheNext(wire, 'deliver', 3);

    expectExit(await wire.run(), 0);

    const attempts = wire.steps.flatMap((step, index) => (step === 'deliver' ? [wire.steps[index - 1]] : []));
    expect(attempts).toEqual(Array.from({ length: 4 }, () => 'renew the lock'));
    expect(club.api.deliveries()).toHaveLength(1);
  });

  test('is given up before the lock could end, and sent again under a renewed one', async () => {
    const { club, wire } = await openClub();
    wire.addFault('deliver', { kind: 'hold', until: never, answered: true }, 1);

    const result = await wire.run(['sync'], { env: { LOCK_DURATION: '8s' } });

    expectExit(result, 0);
    const given = /did not answer within ([\d.]+) s; sending the same map again \(attempt 2\)/.exec(result.stdout)?.[1];
    expect(Number(given)).toBeGreaterThan(1);
    expect(Number(given)).toBeLessThan(8);
    // The first one was committed though its answer never came.
    const [first, second] = club.api.deliveries();
    expect([first?.entries, second?.entries]).toEqual([3, 3]);
    await expectWorkingTokens(club);
    printFigure('delivery deadline', `under a lock of 8 s an attempt to deliver ends after ${given} s`);
  });
});

describe('a renewal in the middle of a run', () => {
  const lock = { LOCK_DURATION: '8s' };

  /** A run that is minting, until it is let go on. */
  function untilLetGo(wire: Wire) {
    const go = Promise.withResolvers<void>();
    wire.addFault('mint a token', { kind: 'hold', until: go.promise, answered: false });
    return go.resolve;
  }

  test('that fails is no harm, as long as one succeeds before the lock ends', async () => {
    const { club, wire } = await openClub();
    const letGo = untilLetGo(wire);
    failTheNext(wire, 'renew the lock', 2);
    wire.addFault('renew the lock', { kind: 'commit-then-drop' }, 2);
    void comesTo(wire, 'renew the lock', 6).then(letGo);

    const result = await wire.run(['sync'], { env: lock });

    expectExit(result, 0);
    await expectWorkingTokens(club);
    expect(await lockHolder(club)).toBe('');
  });

  test('that fails until the lock ends stops the run there: nothing more is changed', async () => {
    const { club, wire } = await openClub();
    wire.addFault('mint a token', { kind: 'hold', until: never, answered: false });
    const rule = wire.addFault('renew the lock', { kind: 'status', status: 500 });

    const result = await wire.run(['sync'], { env: lock });

    expectExit(result, 5);
    expect(rule.hits).toBeGreaterThan(1);
    expect(logLines(result).at(-1)).toMatchObject({
      outcome: 'locked',
      step: 'mint',
      message: expect.stringContaining('the run lock could not be renewed for 8 s and may be another run'),
    });
    expect(club.api.deliveries()).toEqual([]);
  });

  test.each<[what: string, disturb: (club: Club) => Promise<void>, message: RegExp, holder: string | undefined]>([
    [
      'finds another holder',
      (club) => changeLease(club, { holderIdentity: 'another-pod' }),
      /the run lock was lost to another-pod; nothing more was changed/,
      'another-pod',
    ],
    ['finds no Lease', removeLease, /the run lock was lost to nobody: it was deleted or given back/, undefined],
  ])('that %s ends the run at once, and leaves the Lease as it is', async (_, disturb, message, holder) => {
    const { club, wire } = await openClub();
    const minting = wire.addFault('mint a token', { kind: 'hold', until: never, answered: false });
    let asked = 0;
    void minting.hit.then(async () => {
      // All three members' requests are on their way: what comes after them would be one too many.
      await expect.poll(() => timesOf(wire, 'mint a token')).toBe(3);
      await disturb(club);
      asked = wire.cluster.requests.length;
    });

    const result = await wire.run(['sync'], { env: lock });

    expectExit(result, 5);
    expect(logLines(result).at(-1)?.['message']).toMatch(message);
    expect(club.api.deliveries()).toEqual([]);
    const after = wire.cluster.requests.slice(asked).filter(changesSomething);
    expect(after.filter(({ path }) => !path.includes('/leases'))).toEqual([]);
    expect(await lockHolder(club).catch(() => undefined)).toBe(holder);
  });

  test('goes on though somebody else has written a label on the Lease', async () => {
    const { club, wire } = await openClub();
    const letGo = untilLetGo(wire);
    void comesTo(wire, 'renew the lock', 1).then(async () => {
      await labelLease(club);
      await comesTo(wire, 'renew the lock', 2);
      letGo();
    });

    expectExit(await wire.run(['sync'], { env: lock }), 0);

    expect(await lockHolder(club)).toBe('');
  });
});

describe('the lock is given back by a run that', () => {
  test.each<[how: string, exitCode: number, prepare: (club: Club, wire: Wire) => Promise<void> | void]>([
    [
      'gets no directory',
      1,
      (_, wire) => void wire.addFault('fetch the members', { kind: 'status', status: 404, body: '{}' }),
    ],
    [
      'is refused by the guard',
      4,
      async (club) => {
        expectExit(await club.run(['sync']), 0);
        for (const { uuid } of club.api.members()) club.api.setActive(uuid, false);
      },
    ],
    [
      'may not list the accounts',
      1,
      (_, wire) => void wire.addFault('list the accounts', { kind: 'status', status: 403, body: '{"kind":"Status"}' }),
    ],
    [
      'is refused by the PoolC API',
      1,
      (_, wire) => void wire.addFault('deliver', { kind: 'status', status: 400, body: '{"message":"no"}' }),
    ],
    [
      'takes longer than RUN_DEADLINE',
      1,
      (_, wire) => void wire.addFault('mint a token', { kind: 'hold', until: never, answered: false }),
    ],
    [
      'loses the answer to giving it back',
      0,
      (_, wire) => void wire.addFault('release the lock', { kind: 'commit-then-drop' }, 1),
    ],
    [
      'is told to wait while it gives it back',
      0,
      (_, wire) => void wire.addFault('release the lock', { kind: 'status', status: 429, retryAfter: '4' }, 1),
    ],
  ])('%s', async (_, exitCode, prepare) => {
    const { club, wire } = await openClub();
    await prepare(club, wire);

    const result = await wire.run(['sync'], { env: { RUN_DEADLINE: '10s' } });

    expectExit(result, exitCode);
    const { holderIdentity, leaseDurationSeconds } = await readLease(club);
    expect({ holderIdentity, leaseDurationSeconds }).toEqual({ holderIdentity: '', leaseDurationSeconds: 90 });
    expect(result.stdout).not.toContain('could not be given back');
  });
});
