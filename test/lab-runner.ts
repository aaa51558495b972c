/** The ServiceAccount that runs a lab's syncs, with the rights that `rbac` prints and no others. */
import { z } from 'zod';
import { expectExit } from './command.ts';
import type { Lab } from './lab.ts';

const tokenSchema = z.object({ status: z.object({ token: z.string() }) });

export interface Runner {
  readonly username: string;
  readonly token: string;
  readonly kubeconfig: string;
  /** What `rbac` printed, as YAML. */
  readonly rights: string;
}

/** Call it in a test, when the lab's MemberSync is as it will be. */
export async function useRunner({ cluster, command }: Lab): Promise<Runner> {
  const accounts = `/api/v1/namespaces/${cluster.systemNamespace}/serviceaccounts`;
  await cluster.request('POST', accounts, { metadata: { name: 'runner' } });
  const printed = await command('rbac', '--service-account', 'runner');
  expectExit(printed, 0);
  const { exitCode, stderr } = await cluster.kubectl(['apply', '-f', '-'], { input: printed.stdout });
  if (exitCode !== 0) throw new Error(`The printed rights were not applied: ${stderr}`);
  const { body } = await cluster.request('POST', `${accounts}/runner/token`, { spec: { expirationSeconds: 7200 } });
  const { token } = tokenSchema.parse(body).status;
  return {
    username: `system:serviceaccount:${cluster.systemNamespace}:runner`,
    token,
    kubeconfig: await cluster.kubeconfigFor({ token }),
    rights: printed.stdout,
  };
}
