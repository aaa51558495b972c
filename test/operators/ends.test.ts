/** A command that has said what is wrong ends, and one that is stopped ends, whatever the other side does. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { startConnectProxy } from '../../dev/connect-proxy.ts';
import { type Club, useClub } from '../club.ts';
import { logLines, type RunningCommand } from '../command.ts';

/** Longer than any of these commands takes, shorter than the minute for which a request is tried again. */
const limit = 40_000;

/** The administrator's kubeconfig with another server address. */
async function kubeconfigWith({ cluster }: Club, server: (current: string) => string): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'pks-ends-'));
  onTestFinished(() => rm(directory, { recursive: true, force: true }));
  const file = join(directory, 'kubeconfig');
  const content = await readFile(cluster.kubeconfig, 'utf8');
  await writeFile(
    file,
    content.replace(/server: (\S+)/, (_, current: string) => `server: ${server(current)}`),
  );
  return file;
}

describe.each(['plan', 'status'])('%s ends once it has said that the API server', (command) => {
  test('does not know the token (401)', { timeout: limit }, async () => {
    const club = await useClub();
    const KUBECONFIG = await club.cluster.kubeconfigFor({ token: 'not-a-token-of-this-cluster' });
    const { exitCode, stderr } = await club.run([command], { env: { KUBECONFIG } });
    expect({ exitCode, stderr }).toEqual({
      exitCode: 1,
      stderr: expect.stringMatching(/^credentials-updater: .*does not accept our credentials \(401\)/),
    });
  });

  test('does not let it read (403)', { timeout: limit }, async () => {
    const club = await useClub({ roles: () => [] });
    const { exitCode, stderr } = await club.run([command]);
    expect({ exitCode, stderr }).toEqual({ exitCode: 1, stderr: expect.stringMatching(/cannot (get|list) resource/) });
  });

  test('does not have what it asks for (404)', { timeout: limit }, async () => {
    const club = await useClub();
    const KUBECONFIG = await kubeconfigWith(club, (server) => `${server}/nowhere`);
    const { exitCode, stderr } = await club.run([command], { env: { KUBECONFIG } });
    expect({ exitCode, stderr }).toEqual({ exitCode: 1, stderr: expect.stringContaining('was answered with 404') });
  });
});

describe('behind a proxy that accepts CONNECT and does not answer', () => {
  test.each([
    ['SIGTERM', 143],
    ['SIGINT', 130],
  ] as const)(
    'sync says on %s that it was stopped, ends with %i and leaves no connection',
    { timeout: limit },
    async (signal, exitCode) => {
      const club = await useClub();
      club.api.seed(1);
      await using proxy = await startConnectProxy(() => 'none');
      const KUBECONFIG = await kubeconfigWith(club, () => 'https://api.pks.example:6443');
      const started = Promise.withResolvers<RunningCommand>();
      const run = club.run(['sync'], { env: { KUBECONFIG, HTTPS_PROXY: proxy.url }, onStart: started.resolve });
      const running = await started.promise;
      await expect.poll(() => proxy.asked, { timeout: 20_000 }).toContain('api.pks.example:6443');
      running.kill(signal);
      // By itself, not by the exit that comes 9 s after a signal.
      await expect.poll(() => proxy.open, { timeout: 7_000 }).toBe(0);
      const result = await run;
      expect(result.exitCode).toBe(exitCode);
      expect(logLines(result).at(-1)?.msg).toContain(`stopped by ${signal}`);
    },
  );

  test('status shows what the cluster knows, says that the directory gave no answer, and ends', {
    timeout: limit,
  }, async () => {
    const club = await useClub();
    await club.api.addMember({ loginId: 'lee' });
    expect((await club.run(['sync'])).exitCode).toBe(0);
    await using proxy = await startConnectProxy(() => 'none');
    const env = { HTTPS_PROXY: proxy.url, POOLC_API_ENDPOINT: 'https://api.poolc.example' };
    const { exitCode, stdout } = await club.run(['status', '--output', 'text'], { env });
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(/^lee +lee +ok/m);
    expect(stdout).toContain('no answer within 5 s');
    expect(new Set(proxy.asked)).toEqual(new Set(['api.poolc.example:443']));
    await expect.poll(() => proxy.open).toBe(0);
  });
});

describe('an API server that is away is said, while it is tried again,', () => {
  test.each<[command: string, terminal: boolean, how: string, says: RegExp]>([
    ['sync', false, 'refuses', /"level":"warn".*can't be reached: nothing listens there; trying again/],
    ['sync', true, 'refuses', /can't be reached:\s+nothing listens there;\s+trying\s+again/],
    ['status', false, 'refuses', /can't be reached: nothing listens there; trying again/],
    ['status', false, 'hangs', /https:\/\/api\.pks\.example:6443 does not answer yet; trying again/],
  ])('by %s (on a terminal: %s) where it %s', { timeout: limit }, async (command, terminal, how, says) => {
    const club = await useClub();
    await using proxy = await startConnectProxy(() => 'none');
    const server = how === 'hangs' ? 'https://api.pks.example:6443' : 'https://127.0.0.1:1';
    const KUBECONFIG = await kubeconfigWith(club, () => server);
    const env = { KUBECONFIG, HTTPS_PROXY: proxy.url };
    const started = Promise.withResolvers<RunningCommand>();
    const run = club.run([command], { env, terminal, onStart: started.resolve });
    const running = await started.promise;
    await running.printed(says);
    running.kill('SIGTERM');
    // On a terminal the signal goes to util-linux's script, which ends with 0.
    expect((await run).exitCode).toBe(terminal ? 0 : 143);
  });
});

test('an API server on this machine is not asked through a proxy', { timeout: limit }, async () => {
  const club = await useClub();
  club.api.seed(2);
  await using proxy = await startConnectProxy(() => ({ status: 502 }));
  const { exitCode } = await club.run(['sync'], { env: { HTTPS_PROXY: proxy.url, NO_PROXY: '127.0.0.0/8' } });
  expect(exitCode).toBe(0);
  expect(proxy.asked).toEqual([]);
});
