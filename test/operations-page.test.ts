/**
 * docs/operations.md, followed literally: every block of commands after `<!-- runnable -->` is run, in the page's order, by
 * bash with the real kubectl on a cluster of its own. There are no nodes: a block that needs a running pod isn't marked, and
 * test/e2e does what it says.
 */
import { spawn } from 'node:child_process';
import { cp, mkdtemp, open, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { type ControlPlane, startControlPlane } from '../dev/control-plane/index.ts';

const root = join(import.meta.dirname, '..');

interface Block {
  readonly commands: string;
  /** A refusal is what the page says comes next. */
  readonly refused: boolean;
}

/** Blocks indented by four spaces, or by four more in a list. */
function runnableBlocks(page: string): Block[] {
  return [...page.matchAll(/^ *<!-- runnable(, refused)? -->\n\n?((?:(?: {4,}.*)?\n)+)/gm)].map(
    ([, refused, text = '']) => {
      const lines = text.trimEnd().split('\n');
      const indentation = Math.min(...lines.filter((line) => line !== '').map((line) => line.search(/\S/)));
      return { commands: lines.map((line) => line.slice(indentation)).join('\n'), refused: refused !== undefined };
    },
  );
}

const page = (name: string): Promise<string> => readFile(join(root, 'docs', name), 'utf8');

test('both pages have the same commands to run', async () => {
  const blocks = runnableBlocks(await page('operations.md'));
  expect(blocks.length).toBeGreaterThanOrEqual(14);
  expect(runnableBlocks(await page('operations.ko.md'))).toEqual(blocks);
});

test('the commands of docs/operations.md work as they stand, one after the other', { timeout: 600_000 }, async () => {
  const blocks = runnableBlocks(await page('operations.md'));
  await using controlPlane = await startControlPlane({ controllerManager: true });
  const desk = await useDesk(controlPlane);
  for (const { commands, refused } of blocks) {
    if (commands.includes('delete clusterrole ')) await installOriginalsRights(desk);
    const { exitCode, output } = await desk.bash(commands);
    const wasRefused = output.includes('denied request');
    expect({ commands, output, exitCode, wasRefused }).toEqual({
      commands,
      output,
      exitCode: refused ? 1 : 0,
      wasRefused: refused,
    });
  }
  const left = await desk.bash('kubectl get namespaces -o name');
  expect(left.output).not.toContain('poolc-users');
});

interface Desk {
  readonly bash: (commands: string) => Promise<{ readonly exitCode: number | null; readonly output: string }>;
}

/** A checkout without what only tests need, and the files that the page has the operator bring. */
async function useDesk({ kubeconfig, kubectlPath }: ControlPlane): Promise<Desk> {
  const folder = await mkdtemp(join(tmpdir(), 'pks-operations-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  await cp(join(root, 'deploy'), join(folder, 'deploy'), { recursive: true });
  await symlink(kubectlPath, join(folder, 'kubectl'));
  await writeFile(join(folder, 'ca.crt'), '-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n');
  const env = { PATH: `${folder}:/usr/bin:/bin`, HOME: folder, KUBECONFIG: kubeconfig, KUBERC: 'off' };
  const input = join(folder, 'input');
  return {
    async bash(commands) {
      // A file: what is written into a socket of Node's can't be opened as /dev/stdin.
      await writeFile(input, typedAt(commands));
      const typed = await open(input);
      try {
        const flags = ['--norc', '-euo', 'pipefail'];
        const child = spawn('bash', [...flags, '-c', commands], {
          cwd: folder,
          env,
          stdio: [typed.fd, 'pipe', 'pipe'],
        });
        let output = '';
        for (const stream of [child.stdout, child.stderr])
          stream?.setEncoding('utf8').on('data', (text: string) => {
            output += text;
          });
        const { promise, resolve, reject } = Promise.withResolvers<number | null>();
        child.once('error', reject);
        child.once('close', resolve);
        return { exitCode: await promise, output };
      } finally {
        await typed.close();
      }
    },
  };
}

/** What the operator types where a command reads standard input. */
function typedAt(commands: string): string {
  return commands.includes('--from-env-file=/dev/stdin')
    ? 'NOTIFY_URL=https://chat.example.org/hook\n'
    : 'the-api-key\n';
}

/** The rights of the program that this one replaces, which a step of the upgrade takes away. */
async function installOriginalsRights({ bash }: Desk): Promise<void> {
  const name = 'poolc:credentials-updater';
  const { exitCode, output } = await bash(`
    kubectl create clusterrole ${name} --verb='*' --resource=namespaces
    kubectl create clusterrolebinding ${name} --clusterrole=${name} --serviceaccount=poolc-system:credentials-updater
    kubectl -n poolc-system create role ${name}:read-secret --verb=get --resource=secrets
    kubectl -n poolc-system create rolebinding ${name}:read-secret --role=${name}:read-secret --serviceaccount=poolc-system:default`);
  expect({ exitCode, output }).toEqual({ exitCode: 0, output });
}
