/** `credentials-updater`, as an operator runs it in a checkout. */
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import type { ControlPlane } from '../../dev/control-plane/index.ts';

const root = join(import.meta.dirname, '../..');

export interface ProgramResult {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** From the source: the bundle need not be there. */
export function runProgram({ kubeconfig }: ControlPlane, args: readonly string[]): Promise<ProgramResult> {
  return new Promise((resolve) => {
    const child = execFile(
      process.execPath,
      [join(root, 'src/main.ts'), ...args],
      { cwd: root, env: { PATH: process.env['PATH'], KUBECONFIG: kubeconfig, LOG_LEVEL: 'error' } },
      (_error, stdout, stderr) => {
        resolve({ exitCode: child.exitCode ?? -1, stdout, stderr });
      },
    );
  });
}

/** `policies ARGS` as text. Fails where it does. */
export async function runPolicies(controlPlane: ControlPlane, ...args: readonly string[]): Promise<string> {
  const { exitCode, stdout, stderr } = await runProgram(controlPlane, ['policies', ...args, '--output', 'text']);
  if (exitCode !== 0) throw new Error(`policies ${args.join(' ')}: ${exitCode} ${stdout}${stderr}`);
  return stdout;
}
