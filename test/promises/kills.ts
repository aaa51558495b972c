/** Runs that are killed (SIGKILL, as by the OOM killer or a lost node) at random moments, on a club whose members come and go. */
import { expect } from 'vitest';
import { expectWorkingTokens } from '../accounts.ts';
import type { Club } from '../club.ts';
import { expectExit } from '../command.ts';
import { type Departures, watchDepartures } from './departures.ts';
import { type Prober, startProber } from './prober.ts';
import type { Chance } from './random.ts';
import { type WireStep, wireSteps } from './steps.ts';
import { type Moment, openWire, shortLock, type Wire } from './wire.ts';

export interface KillReport {
  readonly kills: number;
  /** Runs that came to their end, since the moment chosen for the kill never came. */
  readonly completed: number;
  /** How many were killed at which step. */
  readonly byStep: ReadonlyMap<WireStep, number>;
  readonly probes: number;
  readonly rejections: number;
  /** For each removed member, how long the token still worked after the removal, in milliseconds. */
  readonly departures: readonly number[];
}

const clubSize = 12;
/** More at a time would be refused by the guard, rightly. */
const mostPending = 3;

/** Kills `kills` runs, then lets one come to its end and checks what is left. */
export async function killRuns(club: Club, { kills, chance }: { kills: number; chance: Chance }): Promise<KillReport> {
  club.api.seed(clubSize);
  const wire = await openWire(club);
  expectExit(await wire.run(), 0);
  const scene: Scene = {
    club,
    wire,
    chance,
    prober: startProber(club, { perSecond: 25 }),
    departures: watchDepartures(club),
  };
  const byStep = new Map<WireStep, number>();
  let killed = 0;
  let completed = 0;
  while (killed < kills) {
    await changeMembers(scene);
    const where = await runAndKill(scene);
    if (where === undefined) completed += 1;
    else {
      killed += 1;
      byStep.set(where, (byStep.get(where) ?? 0) + 1);
    }
    await scene.departures.look();
  }
  await expectClean(scene);
  const departures = await scene.departures.settle();
  await scene.prober.stop();
  expect(scene.prober.rejections).toEqual([]);
  expect(departures).not.toContain(undefined);
  return {
    kills: killed,
    completed,
    byStep,
    probes: scene.prober.probes,
    rejections: scene.prober.rejections.length,
    departures: departures.filter((elapsed) => elapsed !== undefined),
  };
}

interface Scene {
  readonly club: Club;
  readonly wire: Wire;
  readonly chance: Chance;
  readonly prober: Prober;
  readonly departures: Departures;
}

/** One leaves, and one joins or comes back, so that each run has something to remove and something to create. */
async function changeMembers({ club: { api }, chance, prober, departures }: Scene): Promise<void> {
  const [someone, ...others] = api.members().filter(({ active }) => active);
  if (someone !== undefined && others.length >= clubSize / 2 && departures.pending.size < mostPending) {
    const { uuid } = chance.pick([someone, ...others]);
    departures.add(uuid, prober.leave(uuid));
    api.setActive(uuid, false);
  }
  if (others.length >= clubSize * 2) return;
  const away = api.members().find(({ active, uuid }) => !active && !departures.pending.has(uuid));
  if (away !== undefined && chance.next() < 0.5) {
    api.setActive(away.uuid, true);
    prober.comeBack(away.uuid);
  } else {
    api.seed(1);
  }
}

/** @returns the step in which the run was killed; undefined when it had ended before */
async function runAndKill({ club, wire, chance }: Scene): Promise<WireStep | undefined> {
  const [delivered, active] = [
    club.api.deliveries().length,
    club.api.members().filter((member) => member.active).length,
  ];
  const victim: Moment = { step: chance.pick(wireSteps), at: chance.pick(['request', 'answer']) };
  let countdown = /mint/.test(victim.step) ? chance.between(1, clubSize) : 1;
  const afterMs = chance.pick([0, 0, chance.between(1, 30)]);
  let where: WireStep | undefined;
  const result = await wire.run(['sync'], {
    env: shortLock,
    onStart: (running) =>
      wire.watch((moment) => {
        if (moment.step !== victim.step || moment.at !== victim.at || --countdown !== 0) return;
        const kill = () => {
          where = wire.steps.at(-1);
          running.kill('SIGKILL');
        };
        if (afterMs === 0) kill();
        else setTimeout(kill, afterMs);
      }),
  });
  wire.watch(undefined);
  // P4: whatever happened to the run, what was delivered was delivered whole.
  for (const { entries } of club.api.deliveries().slice(delivered)) expect(entries).toBe(active);
  if (result.exitCode === null) return where;
  // On a machine this busy, a lock this short may run out in the middle of a run: that run says so and stops.
  expectExit(result, 0, 5);
  return undefined;
}

/** One whole run, after which there is nothing left to do, everybody has a token that works, and nobody else does. */
async function expectClean({ club, wire, departures }: Scene): Promise<void> {
  expectExit(await wire.run(), 0);
  await departures.look();
  expect([...departures.pending]).toEqual([]);
  expectExit(await wire.run(['plan', '--detailed-exitcode']), 0);
  await expectWorkingTokens(club);
}
