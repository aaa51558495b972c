/** The promises for the delivery `secrets`, on a real API server. */
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import type { SeenRequest } from '../../dev/fault-proxy/index.ts';
import { accountsOf } from '../accounts.ts';
import { expectExit } from '../command.ts';
import { type FaultName, faultNames, faults } from './faults.ts';
import { printFigure } from './figures.ts';
import { chanceOf, seed } from './random.ts';
import { scale } from './scale.ts';
import { type SecretsClub, useSecretsClub } from './secrets-club.ts';

const club = ['kim', 'lee', 'park', 'choi', 'jung', 'kang', 'cho', 'yoon', 'jang', 'lim', 'han', 'oh'];
/** For a run that is killed: the next one waits for the end of its lock. */
const shortLock = { LOCK_DURATION: '3s' };

/** The steps of a run that no other delivery has. */
const ownSteps = {
  'list the Secrets': { method: 'GET', path: /\/secrets\?/ },
  'remove a Secret': { method: 'DELETE', path: /\/secrets\// },
  'create a Secret': { method: 'POST', path: /\/secrets$/ },
  'update a Secret': { method: 'PUT', path: /\/secrets\// },
} as const;
type OwnStep = keyof typeof ownSteps;
const ownStepNames: readonly OwnStep[] = Object.keys(ownSteps).filter((name): name is OwnStep => name in ownSteps);

const clubs = scale.kills.clubs / 2;

test(`P1, P2, P5, P8: runs are killed at ${clubs * scale.kills.each} random moments, and no member notices`, {
  timeout: scale.timeoutMs,
}, async () => {
  const killAll = async (index: number) => {
    const one = await useSecretsClub(club);
    return killRuns(one, chanceOf(100 + index), scale.kills.each);
  };
  const reports = await Promise.all(Array.from({ length: clubs }, (_, index) => killAll(index)));
  const total = (count: (report: (typeof reports)[number]) => number) =>
    reports.reduce((sum, report) => sum + count(report), 0);
  const between = new Map<string, number>();
  for (const where of reports.flatMap((report) => report.where)) between.set(where, (between.get(where) ?? 0) + 1);
  printFigure(
    'kills, secrets',
    `${total(({ where }) => where.length)} runs killed (seed ${seed}); ${total(({ probes }) => probes)} probes, 0 rejections; ` +
      `${total(({ departed }) => departed)} departed, each rejected within 30 s; ` +
      `${total(({ returned }) => returned)} came back`,
  );
  printFigure('kills by request, secrets', [...between].map(([where, count]) => `${where} ${count}`).join(', '));
  expect(total(({ probes }) => probes)).toBeGreaterThan(500);
  expect(total(({ departed }) => departed)).toBeGreaterThan(5);
  expect(total(({ returned }) => returned)).toBeGreaterThan(0);
  expect([...between.keys()]).toEqual(expect.arrayContaining(['PUT secrets']));
});

async function killRuns(one: SecretsClub, chance: ReturnType<typeof chanceOf>, kills: number) {
  const where: string[] = [];
  let returned = 0;
  let joined = 0;
  while (where.length < kills) {
    const [someone, ...others] = [...one.members];
    if (someone !== undefined && others.length >= club.length / 2 && one.pending.size < 3)
      await one.leave(chance.pick([someone, ...others]));
    const away = club.filter((login) => !one.members.has(login) && !one.pending.has(login));
    const [back, ...more] = away;
    if (back !== undefined && chance.next() < 0.7) {
      await one.join(chance.pick([back, ...more]));
      returned += 1;
    } else if (one.members.size < club.length * 1.5) {
      joined += 1;
      await one.join(`joiner${joined}`);
    }
    // A run has some 60 requests, and tokens and Secrets are most of them.
    let countdown = chance.between(1, 60);
    const afterMs = chance.pick([0, 0, chance.between(1, 30)]);
    let last: SeenRequest | undefined;
    const result = await one.sync({
      env: shortLock,
      onStart: (running) =>
        one.wire.watch((request) => {
          last = request;
          if (--countdown !== 0) return;
          if (afterMs === 0) running.kill('SIGKILL');
          else setTimeout(() => running.kill('SIGKILL'), afterMs);
        }),
    });
    one.wire.watch(undefined);
    if (result.exitCode === null) where.push(last === undefined ? 'nothing' : nameOf(last));
    // On a machine this busy, a lock this short may run out in the middle of a run: that run says so and stops.
    else expectExit(result, 0, 5);
  }
  expectExit(await one.sync(), 0);
  expectExit(await one.sync({ args: ['plan', '--detailed-exitcode'] }), 0);
  await one.expectInStep();
  return { where, returned, ...(await one.settle()) };
}

/** `PUT secrets` */
function nameOf({ method, path }: SeenRequest): string {
  const [, , resource = path, subresource = ''] =
    /\/namespaces\/([^/?]+)\/([^/?]+)(?:\/[^/?]+)?(\/token)?/.exec(path) ?? [];
  return `${method} ${resource}${subresource}`;
}

test.each([2, 5])('P1 to P4: %i runs at once work one after the other', { timeout: scale.timeoutMs }, async (runs) => {
  const one = await useSecretsClub(club);
  await one.leave('kim');
  await one.join('shin');
  /** Which run asked for something that it may ask for only with the lock, request by request. */
  const asked: number[] = [];
  const wires = await Promise.all(Array.from({ length: runs }, () => one.openWire()));
  for (const [run, wire] of wires.entries())
    wire.watch(({ method, path }) => {
      if (method !== 'GET' && /\/(secrets|serviceaccounts)\b/.test(path)) asked.push(run);
    });
  const results = await Promise.all(wires.map((wire) => one.sync({ wire, env: { LOCK_WAIT: '15m' } })));
  for (const result of results) expectExit(result, 0);
  const turns = asked.filter((run, index) => run !== asked[index - 1]);
  expect(turns.toSorted((a, b) => a - b)).toEqual(Array.from({ length: runs }, (_, run) => run));
  await one.expectInStep();
  const { probes, departed } = await one.settle();
  expect(departed).toBe(1);
  printFigure(
    `${runs} at once, secrets`,
    `${runs} runs at once: ${turns.length} turns, ${probes} probes, 0 rejections`,
  );
});

test('P1, P2, P8: every fault at every step of its own', { timeout: scale.timeoutMs }, async () => {
  const cells = ownStepNames.flatMap((step) => faultNames.map((fault) => ({ step, fault })));
  const share = async (own: readonly (typeof cells)[number][]) => {
    const one = await useSecretsClub(club);
    const failed: string[] = [];
    for (const [index, { step, fault }] of own.entries()) {
      const exitCode = await runUnderFault(one, { step, fault, index });
      if (exitCode !== 0) failed.push(`${fault} at ${step}: ${exitCode}`);
    }
    return { failed, ...(await one.settle()) };
  };
  const reports = await Promise.all([0, 1, 2].map((part) => share(cells.filter((_, index) => index % 3 === part))));
  const total = (count: (report: (typeof reports)[number]) => number) =>
    reports.reduce((sum, report) => sum + count(report), 0);
  printFigure(
    'fault matrix, secrets',
    `${cells.length} runs with a fault (${ownStepNames.length} steps, ${faultNames.length} faults); ` +
      `${total(({ probes }) => probes)} probes, 0 rejections; ${total(({ departed }) => departed)} departed, each rejected within 30 s`,
  );
  expect(reports.flatMap(({ failed }) => failed)).toEqual([]);
});

async function runUnderFault(one: SecretsClub, cell: { step: OwnStep; fault: FaultName; index: number }) {
  const [leaver] = one.members;
  await one.leave(leaver ?? '');
  await one.join(`joiner${cell.index}`);
  const rule = one.wire.proxy.addFault({ ...ownSteps[cell.step], nth: 1 }, faults[cell.fault]);
  const result = await one.sync();
  expect(rule.hits, `how often "${cell.fault}" happened at "${cell.step}"`).toBe(1);
  rule.remove();
  // A leaver is out, whatever becomes of the delivery.
  expect([...one.pending]).toEqual([]);
  if (result.exitCode !== 0) {
    expectExit(result, 1, 3);
    expectExit(await one.sync(), 0);
  }
  await one.expectInStep();
  return result.exitCode;
}

const secretSchema = z.looseObject({ metadata: z.object({ uid: z.string(), resourceVersion: z.string() }) });

describe('what is not whole', () => {
  test('P4: a Secret that is not ours stays as it is, its member is named, and everyone else gets a token', async () => {
    const one = await useSecretsClub(club);
    const { request } = one.lab.cluster;
    const path = `/api/v1/namespaces/${one.credentialsNamespace}/secrets`;
    // Ours in everything but the owner: another MemberSync's.
    await request('POST', path, {
      metadata: {
        name: 'credentials-shin',
        labels: { 'app.kubernetes.io/managed-by': 'credentials-updater' },
        annotations: { 'credentials-updater.poolc.org/owner': 'elsewhere/lab' },
      },
      stringData: { mine: 'yes' },
    });
    const read = async () => secretSchema.parse((await request('GET', `${path}/credentials-shin`)).body);
    const theirs = await read();
    const before = await one.secrets();
    await one.join('shin');
    const result = await one.sync();
    expectExit(result, 3);
    expect(`${result.stdout}${result.stderr}`).toMatch(/shin.*credentials-shin already that is not ours/s);
    expect(await read()).toEqual(theirs);
    const after = await one.secrets();
    for (const login of club) expect(after.get(login)?.token).not.toBe(before.get(login)?.token);

    // And it doesn't go with the member either.
    await one.leave('shin');
    expectExit(await one.sync(), 0);
    expect(await read()).toEqual(theirs);
    await one.expectInStep();
    await one.settle();
  });

  test("P1, P4: where one member's Secret can not be written, that member is named and keeps a token that works", async () => {
    const one = await useSecretsClub(club);
    const before = await one.secrets();
    const refusal = JSON.stringify({ kind: 'Status', reason: 'Invalid', message: 'no Secret of that name here' });
    const rule = one.wire.proxy.addFault(
      { method: 'PUT', path: /\/secrets\/credentials-lee$/ },
      { kind: 'status', status: 422, body: refusal },
    );
    const result = await one.sync();
    expectExit(result, 3);
    expect(`${result.stdout}${result.stderr}`).toMatch(/lee/);
    rule.remove();
    const after = await one.secrets();
    const renewed = club.filter((login) => after.get(login)?.token !== before.get(login)?.token);
    expect(renewed).toEqual(club.filter((login) => login !== 'lee'));
    await one.expectInStep();
    await one.settle();
  });

  test('P3: a list that is cut off changes no account and no Secret, and nobody is locked out', async () => {
    const one = await useSecretsClub(club);
    const before = { accounts: await accountsOf(one.lab.cluster), secrets: await one.secrets() };
    for (const [csv, exitCode] of [
      ['id,login\nid-kim,kim\nid-lee,lee\n', 4],
      ['id,login\n', 4],
      ['id,login\nid-kim,"kim\n', 1],
      ['<!doctype html><title>Log in</title>\n', 1],
    ] as const) {
      await one.lab.writeMembers(csv);
      expectExit(await one.sync(), exitCode);
      expect({ accounts: await accountsOf(one.lab.cluster), secrets: await one.secrets() }).toEqual(before);
    }
    await one.settle();
  });
});

test("P2, P9: a leaver's token is dead, a returner has the old name and another account, a namesake has neither", async () => {
  const one = await useSecretsClub(club);
  const before = (await one.secrets()).get('kim');
  await one.leave('kim');
  expectExit(await one.sync(), 0);
  expect((await one.secrets()).has('kim')).toBe(false);

  // Another member of that login, while kim is away.
  await one.lab.writeMembers(
    ['id,login', ...[...one.members].map((login) => `id-${login},${login}`), 'other,kim', ''].join('\n'),
  );
  expectExit(await one.sync(), 0);
  const namesake = [...(await one.secrets()).keys()].find((account) => account.startsWith('kim'));
  expect(namesake).toMatch(/^kim-[0-9a-f]+$/);

  await one.join('kim');
  expectExit(await one.sync(), 0);
  await one.expectInStep();
  expect((await one.secrets()).get('kim')?.uid).not.toBe(before?.uid);
  const { departed } = await one.settle();
  expect(departed).toBe(1);
});

test('P7: a token that expires before the next run is reported before it happens', async () => {
  const one = await useSecretsClub(['kim']);
  const spec = { token: { lifetime: '1h' }, schedule: { cron: '0 15 * * 0', timeZone: 'Etc/UTC' } };
  await one.lab.setSpec(spec);
  const result = await one.sync();
  expectExit(result, 0);
  expect(`${result.stdout}${result.stderr}`).toMatch(/expire.*before the next run|locked out/i);
  await one.lab.setSpec({ ...spec, schedule: { cron: '*/5 * * * *', timeZone: 'Etc/UTC' } });
  const often = await one.sync();
  expectExit(often, 0);
  expect(`${often.stdout}${often.stderr}`).not.toMatch(/expire.*before the next run|locked out/i);
  await one.settle();
});

test('P8: after a run the plan is empty, and another one changes tokens and nothing else', async () => {
  const one = await useSecretsClub(club);
  const seen = async () => {
    const accounts = [...(await accountsOf(one.lab.cluster)).values()].map(({ uid, resourceVersion }) => [
      uid,
      resourceVersion,
    ]);
    return { accounts, uids: [...(await one.secrets())].map(([account, { uid }]) => [account, uid]) };
  };
  const before = await seen();
  expectExit(await one.sync({ args: ['plan', '--detailed-exitcode'] }), 0);
  expectExit(await one.sync(), 0);
  expect(await seen()).toEqual(before);
  await one.settle();
});
