/** Runs that are asked to stop, runs that are told to wait, and what they leave for people to read. */
import { expect, test } from 'vitest';
import { z } from 'zod';
import { type Club, useClub } from '../club.ts';
import { expectExit, logLines } from '../command.ts';
import { printFigure } from './figures.ts';
import { lockHolder } from './lease.ts';
import type { WireStep } from './steps.ts';
import { openWire } from './wire.ts';

const never = new Promise<never>(() => {});

test.each<[step: WireStep, name: string]>([
  ['fetch the members', 'fetch'],
  ['list the accounts', 'observe'],
  ['create an account', 'create'],
  ['mint a token', 'mint'],
  ['deliver', 'deliver'],
])(
  'SIGTERM while the answer to "%s" does not come: it stops, gives the lock back, and says where it stood',
  { timeout: 120_000 },
  async (step, name) => {
    const club = await useClub();
    club.api.seed(4);
    const wire = await openWire(club);
    const { hit } = wire.addFault(step, { kind: 'hold', until: never, answered: false });
    let signalledAt = 0;

    const result = await wire.run(['sync'], {
      onStart: (running) =>
        void hit.then(() => {
          signalledAt = performance.now();
          running.kill('SIGTERM');
        }),
    });

    expectExit(result, 143);
    // The promise itself: ten seconds.
    expect(performance.now() - signalledAt).toBeLessThan(10_000);
    expect(logLines(result).at(-1)).toMatchObject({
      outcome: 'stopped',
      step: name,
      exitCode: 143,
      message: expect.stringContaining('stopped by SIGTERM'),
    });
    expect(await lockHolder(club)).toBeFalsy();
    expect(club.api.deliveries()).toEqual([]);
  },
);

test('SIGINT ends a run with 130', async () => {
  const club = await useClub();
  club.api.seed(2);
  const wire = await openWire(club);
  const { hit } = wire.addFault('mint a token', { kind: 'hold', until: never, answered: false });
  const result = await wire.run(['sync'], { onStart: (running) => void hit.then(() => running.kill('SIGINT')) });
  expectExit(result, 130);
  expect(await lockHolder(club)).toBeFalsy();
});

test('SIGTERM while the API server answers nothing at all: it stops within 10 s', { timeout: 120_000 }, async () => {
  const club = await useClub();
  club.api.seed(2);
  const wire = await openWire(club);
  const { hit } = wire.addFault('mint a token', { kind: 'hold', until: never, answered: false });
  wire.addFault('renew the lock', { kind: 'hold', until: never, answered: false });
  wire.addFault('release the lock', { kind: 'hold', until: never, answered: false });
  let signalledAt = 0;
  const result = await wire.run(['sync'], {
    onStart: (running) =>
      void hit.then(() => {
        signalledAt = performance.now();
        running.kill('SIGTERM');
      }),
  });
  expectExit(result, 143);
  expect(performance.now() - signalledAt).toBeLessThan(10_000);
  expect(result.stdout).toContain('the run lock could not be given back');
});

test.each<[step: WireStep, status: number]>([
  ['mint a token', 429],
  ['fetch the members', 503],
  ['deliver', 503],
])('Retry-After of the answer to "%s" (%i) is waited for', { timeout: 120_000 }, async (step, status) => {
  const club = await useClub();
  club.api.seed(1);
  const wire = await openWire(club);
  wire.addFault(step, { kind: 'status', status, retryAfter: '3' }, 1);
  const askedAt: number[] = [];
  wire.watch((moment) => {
    if (moment.step === step && moment.at === 'request') askedAt.push(performance.now());
  });
  expectExit(await wire.run(), 0);
  const [first = 0, second = 0] = askedAt;
  // A timer of Node's may fire a millisecond early.
  expect(second - first).toBeGreaterThan(2_990);
});

test('a Retry-After beyond the time there is for retries ends the run at once', async () => {
  const club = await useClub();
  club.api.seed(1);
  const wire = await openWire(club);
  const rule = wire.addFault('fetch the members', { kind: 'status', status: 503, retryAfter: '86400' });
  expectExit(await wire.run(), 1);
  expect(rule.hits).toBe(1);
});

const eventsSchema = z.object({
  items: z.array(
    z.object({
      reason: z.string(),
      note: z.string(),
      type: z.string(),
      regarding: z.object({ kind: z.string(), name: z.string() }),
    }),
  ),
});

async function eventsOf({ cluster }: Club) {
  const { body } = await cluster.request('GET', `/apis/events.k8s.io/v1/namespaces/${cluster.systemNamespace}/events`);
  return eventsSchema.parse(body).items;
}

/** As the CronJob sets it up. */
const asAJob = { JOB_NAME: 'credentials-updater-29000000', JOB_UID: 'c9a1f3b2-6d1e-4c55-8a57-0e5d1b6f9a10' };

test('a refused run leaves an Event on its Job and a termination message under 4 KB, no matter who would have gone', {
  timeout: 120_000,
}, async () => {
  const club = await useClub({ api: { longestLoginId: 63 } });
  const names = Array.from({ length: 60 }, (_, index) => `${'long'.repeat(14)}-${index}`);
  const members = await Promise.all(names.map((loginId) => club.api.addMember({ loginId })));
  expectExit(await club.run(['sync']), 0);
  for (const { uuid } of members.slice(1)) club.api.setActive(uuid, false);

  const result = await club.run(['sync'], { env: asAJob });

  expectExit(result, 4);
  const message = result.termination;
  expect(Buffer.byteLength(message)).toBeLessThan(4_096);
  expect(JSON.parse(message)).toMatchObject({ outcome: 'refused', exitCode: 4, members: 1, delivered: 0 });
  const events = await eventsOf(club);
  expect(events).toMatchObject([
    { reason: 'SyncRefused', type: 'Warning', regarding: { kind: 'Job', name: asAJob.JOB_NAME } },
  ]);
  for (const { note } of events) expect(note).not.toContain('longlong');
  printFigure('termination message', `the refusal of 59 removals is ${Buffer.byteLength(message)} bytes of JSON`);
});

test('a partial and a failed run leave Events with counts, and a done one leaves none', {
  timeout: 120_000,
}, async () => {
  const club = await useClub();
  club.api.seed(4);
  const wire = await openWire(club);
  const done = await wire.run(['sync'], { env: asAJob });
  expectExit(done, 0);
  expect(await eventsOf(club)).toEqual([]);
  expect(JSON.parse(done.termination)).toMatchObject({ outcome: 'done', delivered: 4 });

  const refusal = { kind: 'status', status: 422, body: '{"kind":"Status","message":"not this one"}' } as const;
  wire.addFault('mint a token', refusal, 1);
  expectExit(await wire.run(['sync'], { env: { ...asAJob, MAX_UNDELIVERED: '1' } }), 3);
  expect(club.api.deliveries().at(-1)?.entries).toBe(3);
  wire.clearFaults();
  wire.addFault('mint a token', refusal, 1);
  expectExit(await wire.run(['sync'], { env: asAJob }), 1);

  const events = await eventsOf(club);
  expect(events.map(({ reason }) => reason).toSorted()).toEqual(['SyncFailed', 'SyncPartial']);
  expect(events.find(({ reason }) => reason === 'SyncPartial')?.note).toContain(
    '4 members, 3 delivered, 1 without a fresh token',
  );
});
