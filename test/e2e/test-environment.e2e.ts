import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { clusterUnderTest } from './cluster-under-test.ts';
import { attemptsOf, scheduledSuccesses } from './jobs.ts';
import { dryRun, parseManifest } from './manifests.ts';
import { openTokenDoor, type TokenDoor } from './member-tokens.ts';
import { type PoolcSite, poolcSite } from './poolc-site.ts';
import { deleteMembersNamespace } from './production.ts';
import { projectPath } from './project-path.ts';

const cluster = clusterUnderTest();
const { kubectl } = cluster;
const SYSTEM = 'poolc-users-test-system';
const USERS = 'poolc-users-test';
const OVERLAY = projectPath('deploy/overlays/test');
/** Its schedule is every two minutes: two runs, and one more that a busy machine may miss. */
const TWO_RUNS_MS = 420_000;

let site: PoolcSite;
let door: TokenDoor;

beforeAll(async () => {
  door = await openTokenDoor(kubectl);
  // As it stands, and with nothing else: it brings its own PoolC API, certificate and key.
  await kubectl(['apply', '-k', OVERLAY]);
  site = poolcSite(kubectl, SYSTEM, 'poolc-api-test');
});

afterAll(async () => {
  await deleteMembersNamespace(cluster, USERS);
  await kubectl(['delete', '-k', OVERLAY, '--ignore-not-found']);
  await door[Symbol.asyncDispose]();
});

describe('the test environment', () => {
  it('is accepted by the API server, object by object', async () => {
    const objects = parseManifest(await kubectl(['kustomize', OVERLAY]));
    expect(await dryRun(cluster, OVERLAY)).toHaveLength(objects.length);
  });

  it(
    'runs by itself, twice, and the second run keeps the tokens of the first alive',
    async () => {
      await expect
        .poll(() => scheduledSuccesses(kubectl, SYSTEM), { timeout: TWO_RUNS_MS, interval: 2_000 })
        .not.toEqual([]);
      const [first, earliest] = [await site.tokens(), await scheduledSuccesses(kubectl, SYSTEM)];
      expect(first.size).toBe((await site.activeMembers()).length);

      await expect
        .poll(async () => (await scheduledSuccesses(kubectl, SYSTEM)).length, { timeout: TWO_RUNS_MS, interval: 2_000 })
        .toBeGreaterThan(earliest.length);
      const second = await site.tokens();
      for (const [uuid, token] of first) {
        const owner = await door.whoIs(token);
        expect(owner).toMatch(`system:serviceaccount:${USERS}:`);
        expect(second.get(uuid)).not.toBe(token);
        expect(await door.whoIs(second.get(uuid) ?? '')).toBe(owner);
      }
    },
    2 * TWO_RUNS_MS,
  );

  it('reports the short lifetime that it was granted', async () => {
    const [job = ''] = (await scheduledSuccesses(kubectl, SYSTEM)).slice(-1);
    const [attempt] = await attemptsOf(kubectl, SYSTEM, job);
    expect(JSON.parse(attempt?.message ?? '{}')).toMatchObject({ outcome: 'done', grantedSeconds: 600 });
  });
});
