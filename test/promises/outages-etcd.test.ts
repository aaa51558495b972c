/** etcd fails in the middle of runs, on a control plane of this file's own. */
import { setTimeout as sleep } from 'node:timers/promises';
import { test } from 'vitest';
import { printFigure } from './figures.ts';
import { expectPromises, openScene, runTo, useControlPlane } from './outages.ts';
import type { WireStep } from './steps.ts';

const controlPlane = useControlPlane();
const outageMs = 5_000;

test.each<[what: string, steps: readonly WireStep[], outage: () => Promise<void>]>([
  [
    'frozen',
    ['create an account'],
    async () => {
      controlPlane().pauseEtcd();
      await sleep(outageMs);
      controlPlane().resumeEtcd();
    },
  ],
  [
    'killed',
    ['remove an account', 'renew the lock'],
    async () => {
      await controlPlane().stopEtcd({ abruptly: true });
      await sleep(outageMs);
      await controlPlane().startEtcd();
    },
  ],
])(
  'P1 to P5, P8: etcd is %s for 5 s at %j, and each run finishes',
  { timeout: 600_000 },
  async (what, steps, outage) => {
    const runs = await Promise.all(
      steps.map(async (step) => {
        const scene = await openScene(controlPlane());
        return { step, scene, ...(await runTo(scene, { step })) };
      }),
    );
    const over = outage();
    for (const { letGo } of runs) letGo();
    await over;
    await Promise.all(
      runs.map(async ({ step, scene, ended }) => {
        try {
          await expectPromises(scene, await ended);
        } catch (error) {
          throw new Error(`With etcd ${what} at "${step}"`, { cause: error });
        }
      }),
    );
    const probes = runs.reduce((sum, { scene }) => sum + scene.prober.probes, 0);
    printFigure(
      `etcd ${what}`,
      `etcd ${what} under ${runs.length} runs, each in another step; every run finished; ${probes} probes, 0 rejections`,
    );
  },
);
