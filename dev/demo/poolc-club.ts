/** The story's club as PoolC is: its API server says who is a member, and shows each of them their token. */
import { join } from 'node:path';
import { writeSecret } from '../control-plane/certificates.ts';
import { startControlPlane } from '../control-plane/index.ts';
import { type PoolcApi, startPoolcApi } from '../poolc-api/index.ts';
import { createUpdaterAccount } from '../updater-account.ts';
import { memberRights, type Stage, systemNamespace, usersNamespace } from './stage.ts';
import { logInAndVisit } from './visitor.ts';

export interface PoolcStage extends Stage {
  readonly api: PoolcApi;
}

export async function setPoolcStage(members: number, onProgress: (line: string) => void): Promise<PoolcStage> {
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
  const memberOf = (login: string) => {
    const member = api.members().find(({ loginId }) => loginId === login);
    if (member === undefined) throw new Error(`The demo's directory has no member ${login}`);
    return member;
  };
  const running = opened.move();
  return {
    cluster,
    api,
    settings: {
      KUBECONFIG: account.kubeconfig,
      POOLC_API_ENDPOINT: api.url,
      POOLC_API_KEY_FILE: writeSecret(join(cluster.directory, 'API_KEY'), `${api.apiKey}\n`),
    },
    flags: { first: [], later: [] },
    roles: { leaver: 'ha.eun', otherLeaver: 'ji_woo', stayer: '풀씨회원', joiner: '새싹Kim' },
    get memberCount() {
      return api.members().length;
    },
    get logins() {
      return api.members().map(({ loginId }) => loginId);
    },
    introduction: "The club's API server says who is a member.",
    tokens: () => Promise.resolve(api.storedTokens()),
    visit: (login) => logInAndVisit(api, cluster, { uuid: memberOf(login).uuid, loginId: login }),
    leave: (login) => {
      const { uuid } = memberOf(login);
      api.removeMember(uuid);
      return Promise.resolve(uuid);
    },
    join: async (login) => void (await api.addMember({ loginId: login })),
    lookAround: (narrator) => {
      narrator.say(`The members' page: ${api.url}/`);
      narrator.say(`Log in as MinJun, password ${api.initialPassword(memberOf('MinJun').uuid)}.`);
    },
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  };
}
