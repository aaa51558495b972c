/** Every fault at every step of a run: what may be broken for a moment, or for good, without a promise being broken. */
import { expect } from 'vitest';
import type { Fault } from '../../dev/fault-proxy/index.ts';
import { accountsOf, expectWorkingTokens } from '../accounts.ts';
import type { Club } from '../club.ts';
import { expectExit } from '../command.ts';
import { type Departures, watchDepartures } from './departures.ts';
import { type Prober, startProber } from './prober.ts';
import type { WireStep } from './steps.ts';
import { openWire, type Wire } from './wire.ts';

export const faults = {
  refuse: { kind: 'refuse', forMs: 200 },
  reset: { kind: 'reset' },
  delay: { kind: 'delay', ms: 300 },
  truncate: { kind: 'truncate' },
  '429': { kind: 'status', status: 429, retryAfter: '1' },
  '500': { kind: 'status', status: 500 },
  '502': { kind: 'status', status: 502 },
  '503': { kind: 'status', status: 503 },
  '504': { kind: 'status', status: 504 },
  'slow drip': { kind: 'drip', overMs: 400 },
  'wrong type': { kind: 'wrong-content-type' },
  'commit, drop': { kind: 'commit-then-drop' },
} as const satisfies Record<string, Fault>;
export type FaultName = keyof typeof faults;

export interface Cell {
  readonly step: WireStep;
  readonly fault: FaultName;
}

export interface CellResult extends Cell {
  readonly exitCode: number | null;
}

export interface MatrixReport {
  readonly results: readonly CellResult[];
  readonly probes: number;
  readonly departures: number;
}

/**
 * Does these faults to a club's runs, one run after the other, and holds each run to the promises.
 * @param persistent the fault happens to every request of the step, not only to the first one
 * @throws when a promise is broken
 */
export async function runCells(
  club: Club,
  cells: readonly Cell[],
  { persistent = false }: { persistent?: boolean } = {},
): Promise<MatrixReport> {
  club.api.seed(5);
  const wire = await openWire(club);
  expectExit(await wire.run(), 0);
  const scene: Scene = {
    club,
    wire,
    prober: startProber(club, { perSecond: 25 }),
    departures: watchDepartures(club),
    nth: persistent ? undefined : 1,
  };
  const results: CellResult[] = [];
  for (const cell of cells) {
    try {
      results.push({ ...cell, exitCode: await runCell(scene, cell) });
    } catch (error) {
      throw new Error(`With the fault "${cell.fault}" at "${cell.step}"`, { cause: error });
    }
  }
  const departures = await scene.departures.settle();
  await scene.prober.stop();
  expect(scene.prober.rejections).toEqual([]);
  expect(departures).not.toContain(undefined);
  return { results, probes: scene.prober.probes, departures: departures.length };
}

interface Scene {
  readonly club: Club;
  readonly wire: Wire;
  readonly prober: Prober;
  readonly departures: Departures;
  readonly nth: number | undefined;
}

async function runCell({ club, wire, prober, departures, nth }: Scene, { step, fault }: Cell): Promise<number | null> {
  const { api, cluster } = club;
  const [leaver] = api.members().filter(({ active }) => active);
  if (leaver === undefined) throw new Error('There is nobody left to leave');
  departures.add(leaver.uuid, prober.leave(leaver.uuid));
  api.setActive(leaver.uuid, false);
  api.seed(1);
  const active = api.members().filter((member) => member.active).length;
  const before = {
    accounts: await accountsOf(cluster),
    deliveries: api.deliveries().length,
    tokens: api.storedTokens(),
  };

  const rule = wire.addFault(step, faults[fault], nth);
  const result = await wire.run();
  expect(rule.hits, 'how often the fault happened').toBeGreaterThan(0);
  rule.remove();
  await departures.look();

  // P4: all or nothing.
  const delivered = api.deliveries().slice(before.deliveries);
  for (const { entries } of delivered) expect(entries).toBe(active);
  if (delivered.length === 0) expect(api.storedTokens()).toEqual(before.tokens);
  if (result.exitCode === 0) {
    expect(delivered.length).toBeGreaterThan(0);
  } else {
    expectExit(result, 1);
    // P3: without a directory nothing is changed.
    if (step === 'fetch the members' || step === 'list the accounts') {
      expect(await accountsOf(cluster)).toEqual(before.accounts);
      expect(delivered).toEqual([]);
    }
    // P8: the next run finishes the work.
    expectExit(await wire.run(), 0);
    await departures.look();
  }
  expect([...departures.pending]).toEqual([]);
  await expectWorkingTokens(club);
  return result.exitCode;
}

/** Steps down, faults across; in each cell the run's exit code. */
export function renderMatrix(results: readonly CellResult[]): string {
  const names = [...new Set(results.map(({ fault }) => fault))];
  const steps = [...new Set(results.map(({ step }) => step))];
  const width = Math.max(...steps.map((step) => step.length));
  const code = (step: WireStep, fault: FaultName): string => {
    const cell = results.find((result) => result.step === step && result.fault === fault);
    return cell === undefined ? '' : String(cell.exitCode);
  };
  return [
    ['exit code'.padEnd(width), ...names].join(' | '),
    ...steps.map((step) =>
      [step.padEnd(width), ...names.map((name) => code(step, name).padStart(name.length))].join(' | '),
    ),
  ].join('\n');
}
