/** The parts that the story is played on: a real control plane, a PoolC API server, and the updater's account. */
import { join } from 'node:path';
import { writeSecret } from '../control-plane/certificates.ts';
import { type ControlPlane, startControlPlane } from '../control-plane/index.ts';
import { type PoolcApi, startPoolcApi } from '../poolc-api/index.ts';
import { createUpdaterAccount } from '../updater-account.ts';

/** As in production. */
const systemNamespace = 'poolc-system';
export const usersNamespace = 'poolc-users';

export interface Stage extends AsyncDisposable {
  readonly cluster: ControlPlane;
  readonly api: PoolcApi;
  /** What the updater is configured by. */
  readonly settings: Readonly<Record<'KUBECONFIG' | 'POOLC_API_ENDPOINT' | 'POOLC_API_KEY_FILE', string>>;
}

const memberRights = new URL('../../deploy/policies/base/member.yaml', import.meta.url).pathname;

export async function setStage({
  members,
  onProgress,
}: {
  members: number;
  onProgress: (line: string) => void;
}): Promise<Stage> {
  await using opened = new AsyncDisposableStack();
  const cluster = opened.use(await startControlPlane({ onProgress }));
  // In the control plane's directory, which goes with it, however this process ends.
  const api = opened.use(await startPoolcApi({ database: join(cluster.directory, 'poolc.db') }));
  api.seed(members);
  api.describeCluster({ name: 'pks', server: cluster.server, certificateAuthority: cluster.certificateAuthority });
  for (const name of [systemNamespace, usersNamespace])
    await cluster.request('POST', '/api/v1/namespaces', { metadata: { name } });
  const rights = cluster.kubectl(['apply', '-f', memberRights]);
  const account = await createUpdaterAccount(cluster, { systemNamespace, usersNamespace });
  const { exitCode, stderr } = await rights;
  if (exitCode !== 0) throw new Error(`What members may do could not be set up: ${stderr}`);
  const running = opened.move();
  return {
    cluster,
    api,
    settings: {
      KUBECONFIG: account.kubeconfig,
      POOLC_API_ENDPOINT: api.url,
      POOLC_API_KEY_FILE: writeSecret(join(cluster.directory, 'API_KEY'), `${api.apiKey}\n`),
    },
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  };
}
