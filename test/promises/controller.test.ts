/** Two controllers under fire: frozen past their Lease while members come and go and tokens are renewed (P1, P2). */
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, onTestFinished, test } from 'vitest';
import { tokenReviewer } from '../accounts.ts';
import { condition, type Lab, ready, useLab } from '../controller/lab.ts';

const faithful = ['kim', 'lee', 'park', 'choi', 'jung'];

/** Uses the last delivered token of everyone who never leaves, all the time. */
function probe(lab: Lab) {
  const whoIs = tokenReviewer(lab.cluster);
  const rejections: string[] = [];
  let probes = 0;
  const over = new AbortController();
  onTestFinished(() => over.abort());
  const last = new Map<string, string>();
  const run = async () => {
    while (!over.signal.aborted) {
      for (const [account, token] of await lab.tokens()) if (faithful.includes(account)) last.set(account, token);
      for (const [account, token] of last) {
        const answer = await whoIs(token);
        probes++;
        if (answer !== `system:serviceaccount:${lab.cluster.usersNamespace}:${account}`)
          rejections.push(`${account}: ${answer ?? '401'}`);
      }
      await sleep(50);
    }
  };
  // What is still under way when a test fails has nobody to tell.
  const ended = run().catch((error: unknown) => {
    if (!over.signal.aborted) throw error;
  });
  return {
    stop: async () => {
      over.abort();
      await ended;
      return { probes, rejections };
    },
  };
}

async function clubUnderFire(): Promise<Lab> {
  const lab = await useLab();
  await lab.setMembers(faithful);
  // Tokens are renewed within the first minute of their ten: renewals go on all the time.
  await lab.createSync({
    token: { lifetime: '10m', renewBefore: '9m' },
    guard: { maxRemovals: 100_000, maxAdditions: 100_000 },
  });
  return lab;
}

const fast = { LEADER_LEASE: '4s' };

test('a leader frozen past its Lease changes nothing when it wakes up', async () => {
  const lab = await clubUnderFire();
  const frozen = await lab.controller(fast);
  await lab.until('Ready', async () => ready(await lab.status())?.status === 'True');
  const prober = probe(lab);
  frozen.signal('SIGSTOP');
  const other = await lab.controller(fast);
  await lab.until('the other one leads', async () => other.log().includes('this controller leads now'), 30_000);
  await lab.setMembers([...faithful, 'guest']);
  await lab.until('followed', async () => (await lab.accounts()).includes('guest'), 30_000);
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
