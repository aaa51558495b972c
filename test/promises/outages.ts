/** The cluster itself fails in the middle of runs: what the tests of that share. */
import { afterAll, beforeAll, expect } from 'vitest';
import { type ControlPlane, startControlPlane } from '../../dev/control-plane/index.ts';
import { expectWorkingTokens } from '../accounts.ts';
import { type Club, useClub } from '../club.ts';
import { type CommandResult, expectExit } from '../command.ts';
import { type Departures, watchDepartures } from './departures.ts';
import { lockHolder } from './lease.ts';
import { type Prober, startProber } from './prober.ts';
import type { WireStep } from './steps.ts';
import { openWire, type Wire } from './wire.ts';

/** Call it in a test file: a control plane of the file's own. */
export function useControlPlane(): () => ControlPlane {
  let controlPlane: ControlPlane;
  beforeAll(async () => {
    controlPlane = await startControlPlane();
  });
  afterAll(() => controlPlane.stop());
  return () => controlPlane;
}

export interface Scene {
  readonly club: Club;
  readonly wire: Wire;
  readonly prober: Prober;
  readonly departures: Departures;
  readonly deliveriesBefore: number;
}

/** A club that someone has left and someone has joined since its last run; on the shared control plane unless told otherwise. */
export async function openScene(controlPlane?: ControlPlane): Promise<Scene> {
  const club = await useClub(controlPlane === undefined ? {} : { controlPlane: controlPlane.connection });
  club.api.seed(6);
  expectExit(await club.run(['sync']), 0);
  const prober = startProber(club, { perSecond: 25, outages: true });
  const departures = watchDepartures(club);
  const [leaver] = club.api.members();
  departures.add(leaver?.uuid ?? '', prober.leave(leaver?.uuid ?? ''));
  club.api.setActive(leaver?.uuid ?? '', false);
  club.api.seed(1);
  return { club, wire: await openWire(club), prober, departures, deliveriesBefore: club.api.deliveries().length };
}

/** Of a run that lived through it, or of one that did not and the one after it. */
export async function expectPromises(
  { club, wire, prober, departures, deliveriesBefore }: Scene,
  result: CommandResult,
): Promise<void> {
  expectExit(result, 0);
  await departures.look();
  expect([...departures.pending]).toEqual([]);
  const deliveries = club.api.deliveries().slice(deliveriesBefore);
  expect(deliveries.length).toBeGreaterThan(0);
  for (const { entries } of deliveries) expect(entries).toBe(6);
  await expectWorkingTokens(club);
  expectExit(await wire.run(['plan', '--detailed-exitcode']), 0);
  expect(await departures.settle()).not.toContain(undefined);
  await prober.stop();
  expect(prober.probes).toBeGreaterThan(0);
  expect(prober.rejections).toEqual([]);
  expect(await lockHolder(club), `The lock of this run was not given back:\n${result.stdout}`).toBeFalsy();
}

export interface RunAtMoment {
  /** Lets the run go on. */
  readonly letGo: () => void;
  readonly ended: Promise<CommandResult>;
}

/** Lets a run come to the nth request of a step. `answered`: the server has done what it was asked, and the answer waits. */
export async function runTo(
  { wire }: Scene,
  { step, nth = 1, answered = false }: { step: WireStep; nth?: number; answered?: boolean },
  env: Record<string, string> = {},
): Promise<RunAtMoment> {
  const held = Promise.withResolvers<void>();
  const { hit } = wire.addFault(step, { kind: 'hold', until: held.promise, answered }, nth);
  const ended = wire.run(['sync'], { env });
  await Promise.race([
    hit,
    ended.then(({ stdout }) => Promise.reject(new Error(`The run ended before it came to "${step}":\n${stdout}`))),
  ]);
  return { letGo: held.resolve, ended };
}
