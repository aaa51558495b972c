/** Two controllers while the API server and etcd end, and while each is cut off: on a control plane of this file's own (P1, P2). */
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { ready } from '../../dev/controller/status.ts';
import { useCluster } from '../cluster.ts';
import { type Lab } from '../controller/lab.ts';
import { clubUnderFire, faithful, fast, isMembersChange, openCable, probe } from './controllers.ts';
import { printFigure } from './figures.ts';
import { useControlPlane } from './outages.ts';

const controlPlane = useControlPlane();
const patienceMs = 90_000;
const club = async () => clubUnderFire([...faithful, 'leaver'], await useCluster(controlPlane().connection));
const becomesReady = (lab: Lab) =>
  lab.until('Ready', async () => ready(await lab.status())?.status === 'True', patienceMs);

/** Accounts and Secrets of these, and of nobody else. */
async function untilInStep(lab: Lab, members: readonly string[]): Promise<void> {
  const wanted = members.toSorted().join();
  await lab.until('in step', async () => (await lab.accounts()).join() === wanted, patienceMs);
  const delivered = async () => [...(await lab.tokens()).keys()].toSorted().join();
  await lab.until('delivered', async () => (await delivered()) === wanted, patienceMs);
  await becomesReady(lab);
}

test.each<[what: string, outage: () => Promise<void>]>([
  [
    'the API server is killed',
    async () => {
      await controlPlane().stopApiServer({ abruptly: true });
      await sleep(6_000);
      await controlPlane().startApiServer();
    },
  ],
  [
    'etcd is killed',
    async () => {
      await controlPlane().stopEtcd({ abruptly: true });
      await sleep(6_000);
      await controlPlane().startEtcd();
    },
  ],
  [
    'etcd is frozen',
    async () => {
      controlPlane().pauseEtcd();
      await sleep(6_000);
      controlPlane().resumeEtcd();
    },
  ],
])(
  '%s for longer than a Lease, in the middle of changes: nobody is locked out, and all is in step afterwards',
  async (what, outage) => {
    const lab = await club();
    await lab.controller(fast);
    await lab.controller(fast);
    await becomesReady(lab);
    const prober = probe(lab, { outages: true });
    await lab.setMembers([...faithful, 'joiner']);
    await outage();
    await untilInStep(lab, [...faithful, 'joiner']);
    // The watches are open again, too: nothing but the list's change says this one.
    await lab.setMembers([...faithful, 'joiner', 'another']);
    await untilInStep(lab, [...faithful, 'joiner', 'another']);
    const { probes, rejections } = await prober.stop();
    expect(rejections).toEqual([]);
    expect(probes).toBeGreaterThan(0);
    printFigure(`controller, ${what}`, `two controllers, ${what} for 6 s; ${probes} uses of tokens, 0 rejected`);
  },
);

test('replicas cut off in turn: who is cut off changes nothing, the other goes on, and nobody is locked out', async () => {
  const lab = await club();
  const replicas = await Promise.all(
    ['first', 'second'].map(async (name) => {
      const cable = await openCable(lab);
      return { name, cable, process: await lab.controller({ ...fast, KUBECONFIG: cable.kubeconfig }) };
    }),
  );
  await becomesReady(lab);
  const prober = probe(lab);
  let guests: string[] = [];
  for (const [round, { cable, process: replica }] of [...replicas, ...replicas].entries()) {
    const other = replicas.find(({ cable: another }) => another !== cable)?.process;
    const terms = () => other?.log().split('this controller leads now').length ?? 0;
    const isLeading = replica.log().lastIndexOf('leads now') > replica.log().lastIndexOf('leads no more');
    const before = terms();
    const connect = cable.cut();
    if (isLeading) await lab.until('the other one leads', async () => terms() > before, patienceMs);
    const arrived = cable.proxy.requests.length;
    guests = [...guests.slice(-1), `guest${round}`];
    await lab.setMembers([...faithful, ...guests]);
    await untilInStep(lab, [...faithful, ...guests]);
    // What it tried since its Lease was another's, whether it got through or not.
    expect(cable.proxy.requests.slice(arrived).filter(isMembersChange)).toEqual([]);
    connect();
  }
  for (const { cable } of replicas) expect(cable.proxy.requests.some(isMembersChange)).toBe(true);
  const { probes, rejections } = await prober.stop();
  expect(rejections).toEqual([]);
  printFigure('controller, cut off', `two controllers, cut off in turn; ${probes} uses of tokens, 0 rejected`);
});

test('clocks that are an hour apart: tokens are renewed when they are due, and times are those of the API server', async () => {
  const lab = await club();
  const preload = join(import.meta.dirname, 'clock-skew.cjs');
  const at = (skewMs: number) => ({ ...fast, NODE_OPTIONS: `--require=${preload}`, CLOCK_SKEW_MS: String(skewMs) });
  const hour = 3_600_000;
  const ahead = await lab.controller(at(hour));
  await becomesReady(lab);
  const [, loggedAt = ''] = /"time":"([^"]+)"/.exec(ahead.log()) ?? [];
  expect(Date.parse(loggedAt) - Date.now()).toBeGreaterThan(hour / 2);
  const prober = probe(lab);
  const first = await lab.tokens();
  const behind = await lab.controller(at(-hour));
  ahead.signal('SIGKILL');
  await lab.until('the other one leads', async () => behind.log().includes('this controller leads now'), patienceMs);
  await lab.setMembers([...faithful, 'joiner']);
  await untilInStep(lab, [...faithful, 'joiner']);
  const isRenewed = async () => {
    const now = await lab.tokens();
    return faithful.every((account) => now.get(account) !== first.get(account));
  };
  await lab.until('all renewed', isRenewed, patienceMs);
  expect((await prober.stop()).rejections).toEqual([]);
  const { lastSyncTime = '', earliestExpiration = '' } = await lab.status();
  expect(Math.abs(Date.parse(lastSyncTime) - Date.now())).toBeLessThan(hour / 2);
  expect(Math.abs(Date.parse(earliestExpiration) - Date.now())).toBeLessThan(hour / 2);
});
