/** The real kubectl against the cluster under test, as its administrator or with a member's token. */
import { spawn } from 'node:child_process';
import { text } from 'node:stream/consumers';

export interface Kubectl {
  /** Resolves with what it printed. @throws with stderr where it fails. */
  (args: readonly string[], input?: string): Promise<string>;
}

export interface KubectlOutcome {
  readonly stdout: string;
  readonly stderr: string;
  readonly exitCode: number;
}

export interface KubectlAccess {
  readonly program: string;
  readonly kubeconfig: string;
}

export function kubectlFor(access: KubectlAccess): Kubectl {
  return async (args, input) => {
    const { stdout, stderr, exitCode } = await runKubectl(access, args, input);
    if (exitCode !== 0) throw new Error(`kubectl ${args.join(' ')} failed (exit ${exitCode}): ${stderr.trim()}`);
    return stdout;
  };
}

/** Resolves whatever the exit code is. */
export async function runKubectl(
  { program, kubeconfig }: KubectlAccess,
  args: readonly string[],
  input = '',
): Promise<KubectlOutcome> {
  const child = spawn(program, args, {
    env: { ...process.env, KUBECONFIG: kubeconfig, KUBERC: 'off' },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  const { promise: exitCode, resolve, reject } = Promise.withResolvers<number>();
  child.once('error', reject);
  child.once('close', (code) => resolve(code ?? 1));
  // kubectl may end without having read its input; the exit code tells.
  child.stdin.on('error', () => {});
  child.stdin.end(input);
  const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr)]);
  return { stdout, stderr, exitCode: await exitCode };
}
