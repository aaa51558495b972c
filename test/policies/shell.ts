/** An operator's shell: with kubectl in its PATH, and their kubeconfig. */
import { execFile } from 'node:child_process';
import { delimiter, dirname, join } from 'node:path';
import { promisify } from 'node:util';
import type { ControlPlane } from '../../dev/control-plane/index.ts';
import { ownEnvironment } from '../command.ts';

/** What the commands print, to either output. Fails where one of them fails. */
export async function runShell(
  { kubectlPath, kubeconfig, directory }: ControlPlane,
  commands: string,
): Promise<string> {
  const own = ownEnvironment(directory);
  const path = [dirname(kubectlPath), own.PATH].join(delimiter);
  const { stdout } = await promisify(execFile)('sh', ['-euc', `exec 2>&1\n${commands}`], {
    env: {
      ...own,
      PATH: path,
      KUBECONFIG: kubeconfig,
      KUBECACHEDIR: join(directory, 'kubectl-cache'),
      KUBERC: 'off',
    },
  });
  return stdout;
}
