import { expect, test } from 'vitest';
import { useClub } from '../club.ts';
import { printFigure } from './figures.ts';
import { type KillReport, killRuns } from './kills.ts';
import { chanceOf, seed } from './random.ts';
import { scale } from './scale.ts';
import { wireSteps } from './steps.ts';

/** Side by side, because a run after a kill waits for the dead one's lock. */
const { clubs, each: killsEach } = scale.kills;

test(`P1, P2, P4, P8: runs are killed at ${clubs * killsEach} random moments, and no member notices`, {
  timeout: scale.timeoutMs,
  tags: 'older-versions',
}, async () => {
  const reports: KillReport[] = [];
  const club = await Promise.all(Array.from({ length: clubs }, () => useClub()));
  await Promise.all(
    club.map(async (each, index) => reports.push(await killRuns(each, { kills: killsEach, chance: chanceOf(index) }))),
  );

  const total = (count: (report: KillReport) => number) => reports.reduce((sum, report) => sum + count(report), 0);
  const departures = reports.flatMap((report) => report.departures);
  printFigure(
    'kills',
    `${total(({ kills }) => kills)} runs killed (seed ${seed}), ${total(({ completed }) => completed)} came to their end; ` +
      `${total(({ probes }) => probes)} probes, ${total(({ rejections }) => rejections)} rejections; ` +
      `${departures.length} departed, rejected at most ${(Math.max(...departures) / 1_000).toFixed(1)} s after the removal`,
  );
  printFigure(
    'kills by step',
    wireSteps.map((step) => `${step} ${total(({ byStep }) => byStep.get(step) ?? 0)}`).join(', '),
  );
  expect(total(({ kills }) => kills)).toBe(clubs * killsEach);
  expect(total(({ probes }) => probes)).toBeGreaterThan(9 * clubs * killsEach);
  expect(departures.length).toBeGreaterThan((clubs * killsEach) / 10);
});
