/** Every fault at every step of a run: what may be broken for a moment, or for good, without a promise being broken. */
import { expect } from 'vitest';
import { z } from 'zod';
import { accountsOf, expectWorkingTokens } from '../accounts.ts';
import { type Club, useClub } from '../club.ts';
import { expectExit } from '../command.ts';
import { type Departures, watchDepartures } from './departures.ts';
import { type FaultName, faultNames, faults } from './faults.ts';
import { type Prober, startProber } from './prober.ts';
import { type WireStep, wireSteps } from './steps.ts';
import { openWire, type Wire } from './wire.ts';

/** A weekly run, in which one leaves and one joins; the first one of a cluster; one that the guard refuses. */
type RunKind = 'weekly' | 'first' | 'refused';

export interface Cell {
  readonly run: RunKind;
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

const stepsOf: Readonly<Record<RunKind, readonly WireStep[]>> = {
  weekly: wireSteps.filter(
    (step) => !['look for the namespace', 'claim the accounts', 'write an Event'].includes(step),
  ),
  // What only a first run asks for, and what it creates where a later one updates.
  first: ['take the lock', 'claim the accounts', 'look for the namespace', 'record names', 'write the summary'],
  refused: ['write an Event'],
};

export function cellsOf(...kinds: readonly RunKind[]): Cell[] {
  return kinds.flatMap((run) => stepsOf[run].flatMap((step) => faultNames.map((fault) => ({ run, step, fault }))));
}

/** How long a fault lasts: it happens to the first request of its step, or to each one until the run gives up. */
export type Lasting = 'once' | 'to the end';

/** A run under a fault without an end gives up soon, and its lock doesn't keep the next one waiting. */
const impatient = { RUN_DEADLINE: '20s', LOCK_DURATION: '8s' };

/**
 * Does these faults to the runs of a club of its own, one run after the other, and holds each run to the promises. First
 * runs may not share their club with others: before each of them the cluster is wiped. Call it in a test.
 * @throws when a promise is broken
 */
export async function runCells(cells: readonly Cell[], lasting: Lasting): Promise<MatrixReport> {
  const club = await useClub();
  club.api.seed(5);
  const wire = await openWire(club);
  expectExit(await wire.run(), 0);
  const first = cells.every(({ run }) => run === 'first');
  const prober = first ? undefined : startProber(club, { perSecond: 25 });
  const departures = watchDepartures(club);
  const results: CellResult[] = [];
  for (const cell of cells) {
    try {
      const scene: Scene = { club, wire, prober, departures, lasting, cell };
      results.push({ ...cell, exitCode: await runOf[cell.run](scene) });
    } catch (error) {
      throw new Error(`With the fault "${cell.fault}" at "${rowOf(cell)}"`, { cause: error });
    }
  }
  const verdicts = await departures.settle();
  await prober?.stop();
  expect(prober?.rejections ?? []).toEqual([]);
  expect(verdicts).not.toContain(undefined);
  return { results, probes: prober?.probes ?? 0, departures: verdicts.length };
}

interface Scene {
  readonly club: Club;
  readonly wire: Wire;
  /** None where there is nobody whose token must work. */
  readonly prober: Prober | undefined;
  readonly departures: Departures;
  readonly lasting: Lasting;
  readonly cell: Cell;
}

const runOf: Readonly<Record<RunKind, (scene: Scene) => Promise<number | null>>> = {
  weekly: weeklyRun,
  first: firstRun,
  refused: refusedRun,
};

async function weeklyRun(scene: Scene): Promise<number | null> {
  const { api } = scene.club;
  const [leaver] = api.members().filter(({ active }) => active);
  if (leaver === undefined) throw new Error('There is nobody left to leave');
  scene.departures.add(leaver.uuid, scene.prober?.leave(leaver.uuid));
  api.setActive(leaver.uuid, false);
  api.seed(1);
  return runUnderFault(scene);
}

async function firstRun(scene: Scene): Promise<number | null> {
  const { request, systemNamespace, usersNamespace } = scene.club.cluster;
  for (const collection of [
    `/api/v1/namespaces/${usersNamespace}/serviceaccounts`,
    `/api/v1/namespaces/${systemNamespace}/configmaps`,
    `/apis/coordination.k8s.io/v1/namespaces/${systemNamespace}/leases`,
    `/apis/coordination.k8s.io/v1/namespaces/${usersNamespace}/leases`,
  ])
    await request('DELETE', collection);
  return runUnderFault(scene);
}

async function runUnderFault({ club, wire, departures, lasting, cell }: Scene): Promise<number | null> {
  const { api, cluster } = club;
  const active = api.members().filter((member) => member.active).length;
  const before = {
    accounts: await accountsOf(cluster),
    deliveries: api.deliveries().length,
    tokens: api.storedTokens(),
  };

  const result = await wireRun({ wire, lasting, cell });
  await departures.look();

  // P4: all or nothing.
  const delivered = api.deliveries().slice(before.deliveries);
  for (const { entries } of delivered) expect(entries).toBe(active);
  if (delivered.length === 0) expect(api.storedTokens()).toEqual(before.tokens);
  if (result.exitCode === 0) {
    expect(delivered.length).toBeGreaterThan(0);
  } else {
    // 5: a fault without an end may cost the run its lock.
    expectExit(result, ...(lasting === 'once' ? [1] : [1, 5]));
    // P3: without a directory nothing is changed.
    if (['read the owner', 'fetch the members', 'list the accounts'].includes(cell.step)) {
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

const eventsSchema = z.object({ items: z.array(z.object({ reason: z.string() })) });

async function refusedRun({ club, wire, lasting, cell }: Scene): Promise<number | null> {
  const { api, cluster } = club;
  const events = `/apis/events.k8s.io/v1/namespaces/${cluster.systemNamespace}/events`;
  await cluster.request('DELETE', events);
  const state = async () => ({
    accounts: await accountsOf(cluster),
    deliveries: api.deliveries().length,
    tokens: api.storedTokens(),
  });
  const before = await state();

  const job = { JOB_NAME: 'credentials-updater-29000000', JOB_UID: 'c9a1f3b2-6d1e-4c55-8a57-0e5d1b6f9a10' };
  const result = await wireRun({ wire, lasting, cell, env: { ...job, MIN_MEMBERS: '1000' } });

  // Whatever becomes of the Event, the run's own result stays; and a fault that passes leaves exactly one Event.
  expectExit(result, 4);
  expect(await state()).toEqual(before);
  if (lasting === 'once') {
    const { items } = eventsSchema.parse((await cluster.request('GET', events)).body);
    expect(items).toEqual([{ reason: 'SyncRefused' }]);
  }
  await expectWorkingTokens(club);
  return result.exitCode;
}

async function wireRun({
  wire,
  lasting,
  cell: { step, fault },
  env = {},
}: Pick<Scene, 'wire' | 'lasting' | 'cell'> & { env?: Readonly<Record<string, string>> }) {
  const rule = wire.addFault(step, faults[fault], lasting === 'once' ? 1 : undefined);
  const result = await wire.run(['sync'], { env: lasting === 'once' ? env : { ...env, ...impatient } });
  expect(rule.hits, 'how often the fault happened').toBeGreaterThan(0);
  rule.remove();
  return result;
}

/** Steps down, faults across; in each cell the run's exit code. */
export function renderMatrix(results: readonly CellResult[]): string {
  const names = [...new Set(results.map(({ fault }) => fault))];
  const rows = Map.groupBy(results, rowOf);
  const width = Math.max(...[...rows.keys()].map((row) => row.length));
  const code = (cells: readonly CellResult[], name: FaultName): string =>
    String(cells.find(({ fault }) => fault === name)?.exitCode ?? '');
  return [
    ['exit code'.padEnd(width), ...names].join(' | '),
    ...[...rows].map(([row, cells]) =>
      [row.padEnd(width), ...names.map((name) => code(cells, name).padStart(name.length))].join(' | '),
    ),
  ].join('\n');
}

function rowOf({ run, step }: Cell): string {
  return run === 'weekly' ? step : `${step} (${run} run)`;
}
