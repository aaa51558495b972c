import { expect, test } from 'vitest';
import { expectWorkingTokens } from '../accounts.ts';
import { useClub } from '../club.ts';
import { expectExit } from '../command.ts';
import { watchDepartures } from './departures.ts';
import { printFigure } from './figures.ts';
import { holdLock } from './lease.ts';
import { startProber } from './prober.ts';
import { scale } from './scale.ts';
import { openWire } from './wire.ts';

/** Of thirty runs, the last one waits for all the others. */
const patient = { LOCK_WAIT: '15m' };

test.each(scale.concurrentRuns)(
  'P1 to P4: %i runs at once work one after the other, and their deliveries do not interleave',
  { timeout: scale.timeoutMs, tags: 'older-versions' },
  async (runs) => {
    const club = await useClub();
    club.api.seed(8);
    expectExit(await club.run(['sync']), 0);
    const prober = startProber(club);
    const departures = watchDepartures(club);
    const [leaver] = club.api.members();
    departures.add(leaver?.uuid ?? '', prober.leave(leaver?.uuid ?? ''));
    club.api.setActive(leaver?.uuid ?? '', false);
    club.api.seed(1);
    const deliveriesBefore = club.api.deliveries().length;
    const wires = await Promise.all(Array.from({ length: runs }, () => openWire(club)));
    /** Which run asked, request by request; those that wait for the lock only look. */
    const asked: number[] = [];
    for (const [run, wire] of wires.entries())
      wire.watch(({ step, at }) => {
        if (at === 'request' && step !== 'read the lock' && step !== 'take the lock') asked.push(run);
      });

    const results = await Promise.all(wires.map((wire) => wire.run(['sync'], { env: patient })));
    await departures.look();
    await prober.stop();

    for (const result of results) expectExit(result, 0);
    const turns = asked.filter((run, index) => run !== asked[index - 1]);
    expect(turns.toSorted((a, b) => a - b)).toEqual(Array.from({ length: runs }, (_, run) => run));
    const deliveries = club.api.deliveries().slice(deliveriesBefore);
    expect(deliveries).toHaveLength(runs);
    for (const { entries } of deliveries) expect(entries).toBe(8);
    await expectWorkingTokens(club);
    expect(prober.rejections).toEqual([]);
    expect([...departures.pending]).toEqual([]);
    expect(await departures.settle()).not.toContain(undefined);
    printFigure(
      `${runs} at once`,
      `${runs} runs at once: ${turns.length} turns, ${deliveries.length} whole deliveries, ${prober.probes} probes, 0 rejections`,
    );
  },
);

test('of two runs at once, the one that waits in vain says who holds the lock since when, and exits with 5', async () => {
  const club = await useClub();
  club.api.seed(2);
  const since = '2026-01-02T03:04:05.000000Z';
  await holdLock(club, { holder: 'another-pod-1a2b3c4d', since });

  const result = await club.run(['sync'], { env: { LOCK_WAIT: '2s' } });

  expectExit(result, 5);
  expect(result.stdout).toContain(`another run holds the lock: another-pod-1a2b3c4d since ${since}`);
  expect(club.api.deliveries()).toEqual([]);
});

test('a lock that its holder lost hold of is taken over only after it has stood still for its duration', async () => {
  const club = await useClub();
  club.api.seed(2);
  // Written by a clock that is years behind ours: only that it stands still may count.
  await holdLock(club, { holder: 'a-dead-pod', since: '2020-01-01T00:00:00.000000Z', durationSeconds: 3 });
  const startedAt = performance.now();
  const result = await club.run(['sync']);
  expectExit(result, 0);
  expect(performance.now() - startedAt).toBeGreaterThan(3_000);
  expect(result.stdout).toContain('the run of a-dead-pod stopped renewing its lock');
});
