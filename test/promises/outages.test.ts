/** The cluster itself fails in the middle of a run, on a control plane of this file's own. */
import net from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { type ControlPlane, startControlPlane } from '../../dev/control-plane/index.ts';
import { expectWorkingTokens, tokenReviewer } from '../accounts.ts';
import { type Club, useClub } from '../club.ts';
import { type CommandResult, expectExit, logLines } from '../command.ts';
import { type Departures, watchDepartures } from './departures.ts';
import { printFigure } from './figures.ts';
import { lockHolder } from './lease.ts';
import { type Prober, startProber } from './prober.ts';
import type { WireStep } from './steps.ts';
import { openWire, type Wire } from './wire.ts';

let controlPlane: ControlPlane;
beforeAll(async () => {
  controlPlane = await startControlPlane();
});
afterAll(() => controlPlane.stop());

/** What was lived through, and by how many probes it was watched. */
const livedThrough: { what: string; probes: number }[] = [];
afterAll(() => {
  const counts = Map.groupBy(livedThrough, ({ what }) => what);
  const probes = livedThrough.reduce((sum, outage) => sum + outage.probes, 0);
  const list = [...counts].map(([what, outages]) => `${what} ${outages.length} times`).join(', ');
  printFigure('outages', `${list}, each in another step of a run; every run finished; ${probes} probes, 0 rejections`);
});

interface Scene {
  readonly club: Club;
  readonly wire: Wire;
  readonly prober: Prober;
  readonly departures: Departures;
  readonly deliveriesBefore: number;
}

/** A club that someone has left and someone has joined since its last run. */
async function openScene(): Promise<Scene> {
  const club = await useClub({ controlPlane: controlPlane.connection });
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
async function expectPromises(
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
  expect(await lockHolder(club)).toBeFalsy();
}

/** Lets a run come to the nth request of a step, does `outage` while the run waits for the answer, and lets it go on. */
async function runThrough(
  { wire }: Scene,
  { step, nth = 1, answered = false }: { step: WireStep; nth?: number; answered?: boolean },
  outage: (letGo: () => void) => Promise<void>,
  env: Record<string, string> = {},
): Promise<CommandResult> {
  const held = Promise.withResolvers<void>();
  const { hit } = wire.addFault(step, { kind: 'hold', until: held.promise, answered }, nth);
  const ended = wire.run(['sync'], { env });
  await Promise.race([
    hit,
    ended.then(({ stdout }) => Promise.reject(new Error(`The run ended before it came to "${step}":\n${stdout}`))),
  ]);
  await outage(held.resolve);
  return ended;
}

const moments: readonly (readonly [step: WireStep, nth: number, answered: boolean])[] = [
  ['take the lock', 1, true],
  ['list the accounts', 1, false],
  ['record names', 1, false],
  ['remove an account', 1, false],
  ['remove an account', 1, true],
  ['create an account', 1, true],
  ['fetch the keys', 1, false],
  ['mint a token', 3, false],
  ['try a token', 1, false],
  ['renew the lock', 1, false],
  ['deliver', 1, false],
  ['release the lock', 1, false],
];

test.each(moments)(
  'P1 to P5, P8: the API server is killed and started again at "%s" (%i, done: %s), and the run finishes',
  { timeout: 600_000 },
  async (step, nth, answered) => {
    const scene = await openScene();
    const result = await runThrough(scene, { step, nth, answered }, async (letGo) => {
      await controlPlane.stopApiServer({ abruptly: true });
      letGo();
      await controlPlane.startApiServer();
    });
    await expectPromises(scene, result);
    livedThrough.push({ what: 'the API server killed', probes: scene.prober.probes });
  },
);

test('an API server that is away for longer than one renewal is tried for does not end a delivery that has its lock', {
  timeout: 600_000,
}, async () => {
  const scene = await openScene();
  const result = await runThrough(scene, { step: 'renew the lock' }, async (letGo) => {
    await controlPlane.stopApiServer({ abruptly: true });
    letGo();
    await sleep(12_000);
    await controlPlane.startApiServer();
  });
  await expectPromises(scene, result);
});

/** Resolves once something listens there: an API server does so before it knows anybody's account or rights. */
async function untilListening(server: string): Promise<void> {
  const { hostname, port } = new URL(server);
  for (;;) {
    const listens = await new Promise<boolean>((resolve) => {
      const socket = net.connect(Number(port), hostname, () => resolve(true)).on('error', () => resolve(false));
      socket.once('close', () => socket.destroy());
    });
    if (listens) return;
    await sleep(5);
  }
}

test('an API server that has just started, and knows neither accounts nor rights yet, does not end a run', {
  timeout: 600_000,
}, async () => {
  const scene = await openScene();
  const straight = { KUBECONFIG: scene.club.account.kubeconfig };
  const result = await runThrough(
    scene,
    { step: 'fetch the members' },
    async (letGo) => {
      await controlPlane.stopApiServer({ abruptly: true });
      const ready = controlPlane.startApiServer();
      await untilListening(controlPlane.server);
      letGo();
      await ready;
    },
    straight,
  );
  await expectPromises(scene, result);
});

test('P1, P7: the signing key is rotated between two runs: old tokens go on working, new ones are of the new key', {
  timeout: 600_000,
}, async () => {
  const scene = await openScene();
  const { club, prober } = scene;
  const whoIs = tokenReviewer(club.cluster);
  const old = club.api.storedTokens();
  const active = club.api.members().filter(({ uuid, active: stays }) => stays && old.has(uuid));

  await controlPlane.rotateSigningKey();
  await expect
    .poll(() => whoIs(club.account.token).catch(() => undefined), { timeout: 60_000 })
    .toBe(`system:serviceaccount:${club.cluster.systemNamespace}:credentials-updater`);
  const asked = prober.probes;
  await expect.poll(() => prober.probes, { timeout: 60_000 }).toBeGreaterThan(asked + 5);
  await expectPromises(scene, await scene.wire.run());

  const renewed = club.api.storedTokens();
  for (const { uuid } of active) {
    expect(keyIdOf(renewed.get(uuid))).not.toBe(keyIdOf(old.get(uuid)));
    // Whoever has not fetched the new one from the site yet.
    expect(await whoIs(old.get(uuid) ?? '')).toBe(await whoIs(renewed.get(uuid) ?? ''));
  }
});

test('the signing key is replaced, and no old token counts any more: one run with fresh credentials gives everyone access again', {
  timeout: 600_000,
}, async () => {
  const club = await useClub({ controlPlane: controlPlane.connection });
  club.api.seed(4);
  expectExit(await club.run(['sync']), 0);
  const before = club.api.storedTokens();

  await controlPlane.rotateSigningKey({ acceptOld: false });

  const refused = await club.run(['sync']);
  expectExit(refused, 1);
  expect(logLines(refused).at(-1)?.['message']).toContain('does not accept our credentials (401)');
  expect(club.api.storedTokens()).toEqual(before);
  expectExit(await club.run(['sync'], { env: { KUBECONFIG: controlPlane.kubeconfig } }), 0);
  await expectWorkingTokens(club);
});

function keyIdOf(token = ''): string | undefined {
  return z.object({ kid: z.string() }).parse(JSON.parse(Buffer.from(token.split('.')[0] ?? '', 'base64url').toString()))
    .kid;
}

describe('a refusal', () => {
  const forbidden = { kind: 'Status', status: 'Failure', reason: 'Forbidden', message: 'not yours', code: 403 };
  const fault = { kind: 'status', status: 403, body: JSON.stringify(forbidden) } as const;

  test('ends the run at once, and the lock is given back', async () => {
    const { wire, club } = await openScene();
    const rule = wire.addFault('fetch the keys', { kind: 'status', status: 403, body: JSON.stringify(forbidden) });
    const minting = wire.addFault('mint a token', fault);
    expectExit(await wire.run(), 1);
    expect(rule.hits).toBe(1);
    // One for each member at most: those were under way already.
    expect(minting.hits).toBeLessThanOrEqual(6);
    expect(await lockHolder(club)).toBeFalsy();
  });

  test('that goes on for long after the API server was away is final, and says what is missing', async () => {
    const { wire, club } = await openScene();
    wire.addFault('list the accounts', { kind: 'reset' }, 1);
    const rule = wire.addFault('list the accounts', fault);
    const result = await wire.run();
    expectExit(result, 1);
    expect(rule.hits).toBeGreaterThan(2);
    expect(logLines(result).at(-1)?.['message']).toMatch(/^listing ServiceAccounts in \S+: not yours$/);
    expect(await lockHolder(club)).toBeFalsy();
  });
});

const etcdOutageMs = 5_000;

test.each<[what: string, step: WireStep, nth: number, outage: () => Promise<void>]>([
  [
    'frozen',
    'create an account',
    1,
    async () => {
      controlPlane.pauseEtcd();
      await sleep(etcdOutageMs);
      controlPlane.resumeEtcd();
    },
  ],
  [
    'killed',
    'remove an account',
    1,
    async () => {
      await controlPlane.stopEtcd({ abruptly: true });
      await sleep(etcdOutageMs);
      await controlPlane.startEtcd();
    },
  ],
  [
    'killed',
    'renew the lock',
    1,
    async () => {
      await controlPlane.stopEtcd({ abruptly: true });
      await sleep(etcdOutageMs);
      await controlPlane.startEtcd();
    },
  ],
])(
  'P1 to P5, P8: etcd is %s for 5 s at "%s", and the run finishes',
  { timeout: 600_000 },
  async (what, step, nth, outage) => {
    const scene = await openScene();
    const result = await runThrough(scene, { step, nth }, async (letGo) => {
      const over = outage();
      letGo();
      await over;
    });
    await expectPromises(scene, result);
    livedThrough.push({ what: `etcd ${what}`, probes: scene.prober.probes });
  },
);
