/**
 * What each further member costs, told apart from what a run costs without any by comparing two sizes of one club. Nothing
 * here depends on how fast the machine is: requests and allocations are counted, and CPU is compared with that of another
 * client in the same run. `npm run bench` has the figures themselves.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { updaterNodeFlags } from '../bench/image-flags.ts';
import { type ProcessUsage, readUsage, usageEnvironment } from '../bench/process-usage.ts';
import { bundleUndiciLoop, runUndiciLoop } from '../bench/programs/bare-undici.ts';
import { accountsOf } from './accounts.ts';
import { type Club, useClub } from './club.ts';
import { logLines } from './command.ts';

const few = 100;
const many = 1_000;
const further = many - few;

test('each further member costs one request, and about as much CPU as the request alone', {
  timeout: 600_000,
}, async () => {
  const directory = await mkdtemp(join(tmpdir(), 'pks-efficiency-'));
  onTestFinished(() => rm(directory, { recursive: true, force: true }));
  const club = await useClub();

  club.api.seed(few);
  await club.run(['sync']);
  const small = await leastOf(club, directory);
  club.api.seed(further);
  await club.run(['sync'], { env: { ALLOW_ADDITIONS: String(further) } });
  const large = await leastOf(club, directory);
  const loop = await undiciLoop(club, directory);

  expect(large.requests - small.requests).toBeGreaterThanOrEqual(further);
  expect(large.requests - small.requests).toBeLessThanOrEqual(further + 10);
  expect(small.requests).toBeLessThanOrEqual(few + 40);
  expect((large.allocatedBytes - small.allocatedBytes) / further).toBeLessThan(200_000);
  expect((large.cpuSeconds - small.cpuSeconds) / further / loop.cpuSecondsEach).toBeLessThan(2);
});

interface Cost extends ProcessUsage {
  readonly requests: number;
}

/** Two runs in which nobody joins or leaves, and of each figure the smaller one: what else was running only adds. */
async function leastOf(club: Club, directory: string): Promise<Cost> {
  const [one, other] = [await measuredSync(club, directory), await measuredSync(club, directory)];
  return {
    requests: Math.min(one.requests, other.requests),
    cpuSeconds: Math.min(one.cpuSeconds, other.cpuSeconds),
    peakMemoryBytes: Math.min(one.peakMemoryBytes, other.peakMemoryBytes),
    allocatedBytes: Math.min(one.allocatedBytes, other.allocatedBytes),
  };
}

async function measuredSync(club: Club, directory: string): Promise<Cost> {
  const usageFile = join(directory, 'usage.json');
  const result = await club.run(['sync'], { env: usageEnvironment(usageFile), nodeFlags: updaterNodeFlags });
  expect(result).toMatchObject({ exitCode: 0, stderr: '' });
  return { ...(await readUsage(usageFile)), requests: Number(logLines(result).at(-1)?.['requests']) };
}

async function undiciLoop({ cluster }: Club, directory: string) {
  const [accountsFile, tokenFile] = [join(directory, 'accounts.txt'), join(directory, 'token')];
  const accounts = [...(await accountsOf(cluster)).values()];
  await writeFile(accountsFile, accounts.map(({ name, uid }) => `${name} ${uid}\n`).join(''));
  const token = ['create', 'token', 'credentials-updater', '--namespace', cluster.systemNamespace];
  await writeFile(tokenFile, (await cluster.kubectl(token)).stdout);
  const target = { controlPlane: cluster, tokenFile, usersNamespace: cluster.usersNamespace };
  return runUndiciLoop(await bundleUndiciLoop(directory), target, accountsFile, { connections: 16, requests: further });
}
