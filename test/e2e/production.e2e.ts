import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { compareRights, readAuditLog } from '../rbac-audit.ts';
import { clusterUnderTest } from './cluster-under-test.ts';
import { createJob, finishedJob } from './jobs.ts';
import { killablePatch, letRun } from './killable-job.ts';
import { runKubectl } from './kubectl.ts';
import { applyProduction, dryRun, parseManifest } from './manifests.ts';
import { openTokenDoor, probe, reviewInPod, type TokenDoor } from './member-tokens.ts';
import { applyOriginal, leaveAsOriginal, takenBySimpleName } from './original-program.ts';
import type { PoolcSite, SiteMember } from './poolc-site.ts';
import {
  deleteMembersNamespace,
  deploy,
  removeProduction,
  runManually,
  SITE,
  SYSTEM,
  startSite,
  trustSite,
  USERS,
} from './production.ts';
import { projectPath } from './project-path.ts';
import { rolesOfAccount, rolesOfEverybody } from './rights.ts';

const cluster = clusterUnderTest();
const { kubectl } = cluster;
/** Enough of them that a run takes seconds. */
const crowd = Array.from({ length: 800 }, (_, number) => newMember(`crowd${number}`));
/** In the middle of creating their accounts. */
const KILL_AFTER_MS = 1_500;
/** The second pod waits until the first one's lock has expired. */
const JOB_TIMEOUT_MS = 240_000;
const summarySchema = z.object({ outcome: z.string(), exitCode: z.int() });

let site: PoolcSite;
let door: TokenDoor;

beforeAll(async () => {
  [site, door] = await Promise.all([startSite(cluster), openTokenDoor(kubectl)]);
});

afterAll(async () => {
  await door[Symbol.asyncDispose]();
  await removeProduction(cluster);
});

/** Half of what the manifest says that a run needs. */
async function halfTheMemory(): Promise<string> {
  const path = '{.spec.jobTemplate.spec.template.spec.containers[0].resources.requests.memory}';
  const needed = await kubectl(['get', 'cronjob', 'credentials-updater', '-n', SYSTEM, `--output=jsonpath=${path}`]);
  const mebibytes = /^(\d+)Mi$/.exec(needed)?.[1];
  if (mebibytes === undefined) throw new Error(`the memory request ${needed} is not in Mi`);
  return `${Math.floor(Number(mebibytes) / 2)}Mi`;
}

/** UUIDs of those whose token is rejected. */
async function lockedOut(tokens: ReadonlyMap<string, string>): Promise<string[]> {
  const users = await Promise.all([...tokens].map(async ([uuid, token]) => ({ uuid, user: await door.whoIs(token) })));
  return users.filter(({ user }) => user === undefined).map(({ uuid }) => uuid);
}

/** The API server's authenticator remembers a success for about 10 s; P2 gives the whole 30. */
async function untilRejected(token: string): Promise<void> {
  await expect.poll(() => door.whoIs(token), { timeout: 30_000, interval: 500 }).toBeUndefined();
}

/** What an operator copies into a shell whose kubectl is set up for the cluster. */
async function inShell(line: string): Promise<string> {
  const PATH = `${dirname(cluster.program)}:${process.env['PATH']}`;
  const { stdout } = await promisify(execFile)('bash', ['-ec', `set -o pipefail; ${line}`], {
    env: { ...process.env, PATH, KUBECONFIG: cluster.kubeconfig, KUBERC: 'off' },
  });
  return stdout;
}

function newMember(loginId: string): SiteMember {
  return { uuid: randomUUID(), loginId };
}

describe('production, deployed afresh', () => {
  it('runs the manual Job of the README, under the restricted Pod Security Standard', async () => {
    await deploy(cluster);
    const job = await runManually(cluster);

    expect(job).toMatchObject({ outcome: 'Complete', attempts: [{ exitCode: 0, reason: 'Completed' }] });
    const message = job.attempts[0]?.message ?? '';
    expect(Buffer.byteLength(message)).toBeLessThan(4096);
    expect(summarySchema.parse(JSON.parse(message))).toEqual({ outcome: 'done', exitCode: 0 });
  });

  it('is accepted by the API server, object by object', async () => {
    const overlay = projectPath('deploy/overlays/production');
    const objects = parseManifest(await kubectl(['kustomize', overlay]));
    expect(await dryRun(cluster, overlay)).toHaveLength(objects.length);
  });

  it('gives every member a token that opens the cluster, from outside and from inside', async () => {
    const [members, tokens] = await Promise.all([site.activeMembers(), site.tokens()]);
    expect([...tokens.keys()].sort()).toEqual(members.map(({ uuid }) => uuid).sort());

    for (const token of tokens.values()) expect(await door.whoIs(token)).toMatch(`system:serviceaccount:${USERS}:`);
    const inside = await reviewInPod(kubectl, door, [...tokens.values(), 'no-token'], SITE);
    expect(inside).toEqual([...Array.from(tokens, () => 201), 401]);
  });

  it('lets joiners in, keeps leavers out, and renews the rest without a gap', async () => {
    const before = await site.tokens();
    const [leaver] = (await site.activeMembers()).filter(({ loginId }) => loginId?.startsWith('jimin'));
    if (leaver === undefined) throw new Error('the seeded members hold nobody to leave');
    await site.leave([leaver.uuid]);
    const joined = Array.from({ length: 40 }, (_, number) => newMember(`newcomer${number}`));
    await site.join(joined);

    const staying = new Map([...before].filter(([uuid]) => uuid !== leaver.uuid));
    const prober = probe(door, staying);
    expect(await runManually(cluster)).toMatchObject({ outcome: 'Complete' });
    const { tries, rejected } = await prober.stop();

    expect(tries).toBeGreaterThan(staying.size);
    expect(rejected).toEqual([]);
    await untilRejected(before.get(leaver.uuid) ?? '');
    const after = await site.tokens();
    expect(after.has(leaver.uuid)).toBe(false);
    expect(joined.every(({ uuid }) => after.has(uuid))).toBe(true);
    expect(await lockedOut(after)).toEqual([]);
  });

  it('refuses an empty directory: the Job fails at once, and nothing has changed', async () => {
    const members = (await site.activeMembers()).map(({ uuid }) => uuid);
    const [tokens, deliveries] = [await site.tokens(), await site.deliveries()];
    await site.leave(members);
    const job = await runManually(cluster);
    await site.comeBack(members);

    expect(job).toMatchObject({ outcome: 'Failed', reason: 'PodFailurePolicy', attempts: [{ exitCode: 4 }] });
    expect(summarySchema.parse(JSON.parse(job.attempts[0]?.message ?? ''))).toMatchObject({ outcome: 'refused' });
    expect(await site.deliveries()).toBe(deliveries);
    expect(await lockedOut(tokens)).toEqual([]);
    const events = await kubectl(['get', 'events', '-n', SYSTEM, `--field-selector=involvedObject.name=${job.name}`]);
    expect(events).toMatch(/refus/i);
  });

  it('gives a command with a refusal that allows exactly this, as often as it is needed', async () => {
    const members = (await site.activeMembers()).map(({ uuid }) => uuid);
    // More than a quarter, and few enough that they may all come back at once.
    const leaving = members.slice(0, Math.ceil(members.length * 0.3));
    for (const leavers of [leaving.slice(1), leaving]) {
      await site.leave(leavers);
      const refused = await runManually(cluster);
      expect(refused).toMatchObject({ outcome: 'Failed', attempts: [{ exitCode: 4 }] });
      const { hint } = z.object({ hint: z.string() }).parse(JSON.parse(refused.attempts[0]?.message ?? ''));
      const said = await inShell(hint.split('\n').at(-1) ?? '');
      const name = /job\.batch\/(\S+) created/.exec(said)?.[1] ?? said;
      expect(await finishedJob(kubectl, SYSTEM, name)).toMatchObject({ outcome: 'Complete' });
      await site.comeBack(leavers);
      expect(await runManually(cluster)).toMatchObject({ outcome: 'Complete' });
    }
    expect(await lockedOut(await site.tokens())).toEqual([]);
  });

  it('runs one at a time when two are started at once', async () => {
    const names = ['credentials-updater-one', 'credentials-updater-two'];
    const deliveries = await site.deliveries();
    await Promise.all(
      names.map((name) => createJob(kubectl, { namespace: SYSTEM, cronJob: 'credentials-updater', name })),
    );
    for (const name of names) {
      expect(await finishedJob(kubectl, SYSTEM, name)).toMatchObject({ outcome: 'Complete' });
    }
    expect(await site.deliveries()).toBe(deliveries + 2);
    expect(await lockedOut(await site.tokens())).toEqual([]);
  });

  it('makes the record of names anew where it was lost', async () => {
    const records = Array.from({ length: 8 }, (_, shard) => `credentials-updater-names-${shard}`);
    await kubectl([
      'delete',
      'configmap',
      '-n',
      SYSTEM,
      '--ignore-not-found',
      ...records,
      'credentials-updater-summary',
    ]);
    expect(await runManually(cluster)).toMatchObject({ outcome: 'Complete' });
    const made = await kubectl(['get', 'configmap', '-n', SYSTEM, '--output=name']);
    for (const record of records) expect(made).toContain(record);
  });

  it('finishes the work in a second pod when the first is killed in mid-run', async () => {
    const before = await site.tokens();
    await site.join(crowd);
    const prober = probe(door, before);
    const name = 'credentials-updater-killed';
    const patch = killablePatch(cluster.images[0] ?? '', { ALLOW_ADDITIONS: String(crowd.length) });
    await createJob(kubectl, { namespace: SYSTEM, cronJob: 'credentials-updater', name, patch });
    await letRun(kubectl, { namespace: SYSTEM, job: name, attempt: 1, killAfterMs: KILL_AFTER_MS });
    await letRun(kubectl, { namespace: SYSTEM, job: name, attempt: 2 });
    const job = await finishedJob(kubectl, SYSTEM, name, JOB_TIMEOUT_MS);
    const { rejected } = await prober.stop();

    expect(job.outcome).toBe('Complete');
    expect(job.attempts.map(({ exitCode }) => exitCode)).toEqual([137, 0]);
    expect(rejected).toEqual([]);
    expect(await lockedOut(await site.tokens())).toEqual([]);
    expect((await site.tokens()).size).toBe((await site.activeMembers()).length);
  }, 300_000);

  it('fails readably, and harms nobody, when it is given half the memory', async () => {
    const tokens = await site.tokens();
    const memory = await halfTheMemory();
    const container = { name: 'credentials-updater', resources: { requests: { memory }, limits: { memory } } };
    const job = await runManually(cluster, {
      spec: { backoffLimit: 1, template: { spec: { containers: [container] } } },
    });

    expect(job).toMatchObject({ outcome: 'Failed', reason: 'BackoffLimitExceeded' });
    expect(new Set(job.attempts.map(({ reason }) => reason))).toEqual(new Set(['OOMKilled']));
    expect(await lockedOut(tokens)).toEqual([]);
  });

  it.skipIf(cluster.auditLog === undefined)('is granted exactly the rights that it used in all this', async () => {
    const events = readAuditLog(
      await readFile(cluster.auditLog ?? '', 'utf8'),
      `system:serviceaccount:${SYSTEM}:credentials-updater`,
    );
    const granted = await rolesOfAccount(kubectl, SYSTEM, 'credentials-updater');
    const everyone = await rolesOfEverybody(kubectl);
    expect(events.length).toBeGreaterThan(100);
    expect(compareRights({ events, granted, everyone })).toEqual({ grantedNotUsed: [], usedNotGranted: [] });

    const [first, ...others] = granted;
    if (first === undefined) throw new Error('no Role is bound to the updater');
    const [rule, ...rules] = first.rules;
    if (rule === undefined) throw new Error('its first Role is empty');
    const needless = { ...first, rules: [...first.rules, { ...rule, verbs: ['patch'] }] };
    const lacking = { ...first, rules };
    expect(compareRights({ events, granted: [needless, ...others], everyone }).grantedNotUsed).not.toEqual([]);
    expect(compareRights({ events, granted: [lacking, ...others], everyone }).usedNotGranted).not.toEqual([]);
  });

  it('breaks no token when it is uninstalled, not even by deleting the whole overlay', async () => {
    const tokens = await site.tokens();
    const overlay = projectPath('deploy/overlays/production');
    const { stderr } = await runKubectl(cluster, ['delete', '-k', overlay, '--ignore-not-found']);
    expect(stderr).toContain("would end every member's access at once");
    expect(await kubectl(['get', 'namespace', USERS, '--output=jsonpath={.status.phase}'])).toBe('Active');
    expect(await lockedOut(tokens)).toEqual([]);
  });
});

describe("the original program's cluster", () => {
  let tokens: ReadonlyMap<string, string>;

  beforeAll(async () => {
    // As its run leaves it: the namespace deleted and made anew, an account and a week's token for each member.
    await deleteMembersNamespace(cluster, USERS);
    await site.leave(crowd.map(({ uuid }) => uuid));
    // (The crowd would make it a suspicious number of additions.)
    tokens = await leaveAsOriginal(kubectl, USERS, (await site.activeMembers()).filter(takenBySimpleName));
  });

  it('is taken over without one rejected token', async () => {
    await applyOriginal(kubectl, SYSTEM);
    await applyProduction(cluster);
    await trustSite(cluster);
    // Replaced in place, and as suspended as the operator left it.
    const path = '{.spec.suspend} {.spec.concurrencyPolicy} {.spec.jobTemplate.spec.template.spec.volumes[*].name}';
    const cronJob = await kubectl(['get', 'cronjob', 'credentials-updater', '-n', SYSTEM, `--output=jsonpath=${path}`]);
    expect(cronJob).toBe('true Forbid api-key certificate-authorities');
    const prober = probe(door, tokens);
    const job = await runManually(cluster);
    const { tries, rejected } = await prober.stop();

    expect(job).toMatchObject({ outcome: 'Complete' });
    expect(tries).toBeGreaterThan(tokens.size);
    expect(rejected).toEqual([]);
    expect(await lockedOut(tokens)).toEqual([]);
    const fresh = await site.tokens();
    expect(await lockedOut(fresh)).toEqual([]);
    for (const [uuid, token] of tokens) {
      expect(await door.whoIs(fresh.get(uuid) ?? '')).toBe(await door.whoIs(token));
    }
  });
});
