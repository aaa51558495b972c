/** Two controllers under fire: killed, frozen past their Lease, while members come and go and tokens are renewed (P1, P2). */
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { condition, ready } from '../../dev/controller/status.ts';
import { tokenReviewer } from '../accounts.ts';
import { type RunningController } from '../controller/lab.ts';
import { clubUnderFire, faithful, fast, probe } from './controllers.ts';
import { scale } from './scale.ts';

/** Others who stay: a guest for each kill leaves on one day, and those may not be half of the club. */
const others = Array.from({ length: 2 * scale.controllerKills }, (_, index) => `member${index}`);

test(`${scale.controllerKills} kills at random moments: nobody is locked out, and everything is in step afterwards`, {
  tags: 'older-versions',
}, async () => {
  const lab = await clubUnderFire([...faithful, ...others]);
  const replicas: RunningController[] = [await lab.controller(fast), await lab.controller(fast)];
  await lab.until('Ready', async () => ready(await lab.status())?.status === 'True');
  const prober = probe(lab);
  let guests: string[] = [];
  for (let round = 0; round < scale.controllerKills; round++) {
    // One joins, and one who joined two rounds ago leaves.
    guests = [...guests.slice(-1), `guest${round}`];
    await lab.setMembers([...faithful, ...others, ...guests]);
    await sleep(Math.random() * 2_000);
    const index = Math.floor(Math.random() * 2);
    replicas[index]?.signal('SIGKILL');
    replicas[index] = await lab.controller(fast);
  }
  const wanted = [...faithful, ...others, ...guests].toSorted();
  await lab.until('in step', async () => (await lab.accounts()).join() === wanted.join(), 90_000);
  await lab.until(
    'all delivered',
    async () => [...(await lab.tokens()).keys()].toSorted().join() === wanted.join(),
    90_000,
  );
  await lab.until('Ready', async () => ready(await lab.status())?.status === 'True', 90_000);
  const { probes, rejections } = await prober.stop();
  expect(rejections).toEqual([]);
  expect(probes).toBeGreaterThan(scale.controllerKills * 5);
  console.log(`controller: ${scale.controllerKills} kills, ${probes} uses of tokens, 0 rejected`);
});

test('a leader frozen past its Lease changes nothing when it wakes up', async () => {
  const lab = await clubUnderFire();
  const frozen = await lab.controller(fast);
  await lab.until('Ready', async () => ready(await lab.status())?.status === 'True');
  const prober = probe(lab);
  frozen.signal('SIGSTOP');
  const other = await lab.controller(fast);
  await lab.until('the other one leads', async () => other.log().includes('this controller leads now'), 30_000);
  await lab.setMembers([...faithful, 'guest']);
  // The account comes first, its token a moment later.
  await lab.until('delivered', async () => (await lab.tokens()).has('guest'), 30_000);
  const before = await lab.tokens();
  frozen.signal('SIGCONT');
  await lab.until('it noticed', async () => /leads no more/.test(frozen.log()), 30_000);
  // It knew of no guest: by its plan, one who must go.
  expect(await lab.accounts()).toEqual([...faithful, 'guest'].toSorted());
  expect((await lab.tokens()).get('guest')).toBe(before.get('guest'));
  await lab.setMembers(faithful);
  await lab.until('followed', async () => !(await lab.accounts()).includes('guest'), 30_000);
  expect(condition(await lab.status(), 'DirectoryTrusted')?.status).toBe('True');
  expect((await prober.stop()).rejections).toEqual([]);
});

test("a leaver's token is rejected within 30 s of the list saying so", async () => {
  const lab = await clubUnderFire();
  await lab.setMembers([...faithful, 'guest']);
  await lab.controller(fast);
  await lab.until('a token', async () => (await lab.tokens()).has('guest'));
  const token = (await lab.tokens()).get('guest') ?? '';
  const whoIs = tokenReviewer(lab.cluster);
  expect(await whoIs(token)).toContain(':guest');
  const left = performance.now();
  await lab.setMembers(faithful);
  await lab.until('rejected', async () => (await whoIs(token)) === undefined, 30_000);
  console.log(
    `controller: a leaver was rejected ${((performance.now() - left) / 1_000).toFixed(1)} s after the list said so`,
  );
});
