/** An operator's shell: with kubectl in its PATH, and their kubeconfig. */
import { execFile } from 'node:child_process';
import { delimiter, dirname, join } from 'node:path';
import { promisify } from 'node:util';
import type { ControlPlane } from '../../dev/control-plane/index.ts';

/** What the commands print, to either output. Fails where one of them fails. */
export async function runShell(
  { kubectlPath, kubeconfig, directory }: ControlPlane,
  commands: string,
): Promise<string> {
  const path = [dirname(kubectlPath), process.env['PATH']].join(delimiter);
  const { stdout } = await promisify(execFile)('sh', ['-euc', `exec 2>&1\n${commands}`], {
    env: { ...process.env, PATH: path, KUBECONFIG: kubeconfig, KUBECACHEDIR: join(directory, 'kubectl-cache') },
  });
  return stdout;
}
