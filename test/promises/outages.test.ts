/** The API server fails in the middle of runs, on a control plane of this file's own. */
import net from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { test } from 'vitest';
import { printFigure } from './figures.ts';
import { expectPromises, openScene, runTo, useControlPlane } from './outages.ts';
import type { WireStep } from './steps.ts';

const controlPlane = useControlPlane();

type Moment = readonly [step: WireStep, nth: number, answered: boolean];

/** Runs of as many clubs stand at these when the API server is killed under all of them. */
const moments: readonly (readonly Moment[])[] = [
  [
    ['take the lock', 1, true],
    ['list the accounts', 1, false],
    ['record names', 1, false],
    ['remove an account', 1, false],
  ],
  [
    ['remove an account', 1, true],
    ['create an account', 1, true],
    ['fetch the keys', 1, false],
    ['mint a token', 3, false],
  ],
  [
    ['try a token', 1, false],
    ['renew the lock', 1, false],
    ['deliver', 1, false],
    ['release the lock', 1, false],
  ],
];

const inWords = ([step, nth, answered]: Moment) => `"${step}" (${nth}, done: ${answered})`;

test.each(moments.map((group) => [group.map(inWords).join(', '), group] as const))(
  'P1 to P5, P8: the API server is killed and started again at %s, and each run finishes',
  { timeout: 600_000 },
  async (_, group) => {
    const runs = await Promise.all(
      group.map(async (moment) => {
        const [step, nth, answered] = moment;
        const scene = await openScene(controlPlane());
        return { moment, scene, ...(await runTo(scene, { step, nth, answered })) };
      }),
    );
    await controlPlane().stopApiServer({ abruptly: true });
    for (const { letGo } of runs) letGo();
    await controlPlane().startApiServer();
    await Promise.all(
      runs.map(async ({ moment, scene, ended }) => {
        try {
          await expectPromises(scene, await ended);
        } catch (error) {
          throw new Error(`With the API server killed at ${inWords(moment)}`, { cause: error });
        }
      }),
    );
    const probes = runs.reduce((sum, { scene }) => sum + scene.prober.probes, 0);
    printFigure(
      `outages at ${group.map(inWords).join(', ')}`,
      `the API server killed under ${runs.length} runs, each in another step; every run finished; ${probes} probes, 0 rejections`,
    );
  },
);

test('an API server that is away for longer than one renewal is tried for does not end a delivery that has its lock', {
  timeout: 600_000,
}, async () => {
  const scene = await openScene(controlPlane());
  const run = await runTo(scene, { step: 'renew the lock' });
  await controlPlane().stopApiServer({ abruptly: true });
  run.letGo();
  await sleep(12_000);
  await controlPlane().startApiServer();
  await expectPromises(scene, await run.ended);
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
  const scene = await openScene(controlPlane());
  const straight = { KUBECONFIG: scene.club.account.kubeconfig };
  const run = await runTo(scene, { step: 'fetch the members' }, straight);
  await controlPlane().stopApiServer({ abruptly: true });
  const ready = controlPlane().startApiServer();
  await untilListening(controlPlane().server);
  run.letGo();
  await ready;
  await expectPromises(scene, await run.ended);
});
