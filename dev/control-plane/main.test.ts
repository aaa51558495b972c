import { existsSync } from 'node:fs';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { processesMentioning, runNode } from './testing.ts';

const main = fileURLToPath(new URL('main.ts', import.meta.url));

describe('npm run control-plane', () => {
  it.each([
    { how: 'Ctrl-C', signal: 'SIGINT', exitCode: 0 },
    { how: 'kill', signal: 'SIGTERM', exitCode: 0 },
    { how: 'kill -9', signal: 'SIGKILL', exitCode: null },
  ] as const)('prints the KUBECONFIG line, and leaves nothing behind after $how', async ({ signal, exitCode }) => {
    const program = runNode([main]);
    const [, kubeconfig = ''] = await program.printed(/^ {2}export KUBECONFIG=(\S+)$/m);
    const directory = dirname(kubeconfig);
    expect(existsSync(kubeconfig)).toBe(true);
    expect((await processesMentioning(directory)).length).toBeGreaterThanOrEqual(2);

    program.kill(signal);
    expect((await program.ended).exitCode).toBe(exitCode);
    await expect.poll(() => processesMentioning(directory), { timeout: 10_000 }).toEqual([]);
    await expect.poll(() => existsSync(directory), { timeout: 10_000 }).toBe(false);
  });

  it('explains itself', async () => {
    const { exitCode, stdout } = await runNode([main, '--help']).ended;
    expect(exitCode).toBe(0);
    expect(stdout).toContain('--controller-manager');
  });

  it('refuses a flag it does not know, in one line', async () => {
    const { exitCode, stderr, stdout } = await runNode([main, '--controler-manager']).ended;
    expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: '' });
    expect(stderr).toMatch(/^Unknown option '--controler-manager'; .*--help.*\n$/);
  });
});
