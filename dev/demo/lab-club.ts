/** The story's club without PoolC: a file, an LDAP server or GitHub says who is a member, and tokens go into Secrets. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { z } from 'zod';
import { parseMemberSync } from '../../src/config/member-sync-file.ts';
import { requiredRoles } from '../../src/preflight/required-rights.ts';
import { startControlPlane } from '../control-plane/index.ts';
import { createUpdaterAccount, type UpdaterRole } from '../updater-account.ts';
import { type ClubDirectory, openClubDirectory } from './club-directory.ts';
import { type DirectoryKind, memberRights, type Stage, systemNamespace, usersNamespace } from './stage.ts';

export type LabDirectory = Exclude<DirectoryKind, 'poolc'>;

const credentialsNamespace = 'poolc-credentials';
const file = 'lab.yaml';
const families = ['kim', 'lee', 'park', 'choi', 'jung'];
const given = ['minjun', 'seoyeon', 'jiwoo', 'haeun', 'doyun', 'seojun', 'yuna', 'sora'];

const secretsSchema = z.object({
  items: z.array(z.object({ metadata: z.object({ name: z.string() }), data: z.record(z.string(), z.string()) })),
});

export async function setLabStage(kind: LabDirectory, onProgress: (line: string) => void): Promise<Stage> {
  await using opened = new AsyncDisposableStack();
  const cluster = opened.use(await startControlPlane({ onProgress }));
  const { request, directory: folder } = cluster;
  const people = new Set(given.flatMap((name) => families.map((family) => `${family}-${name}`)));
  const directory: ClubDirectory = opened.use(await openClubDirectory(kind, folder, people));
  for (const name of [systemNamespace, usersNamespace, credentialsNamespace])
    await request('POST', '/api/v1/namespaces', { metadata: { name } });
  const document = stringify({
    apiVersion: 'credentials-updater.poolc.org/v1alpha1',
    kind: 'MemberSync',
    metadata: { name: 'lab', namespace: systemNamespace },
    spec: {
      directory: directory.spec,
      accounts: { namespace: usersNamespace },
      delivery: { secrets: { namespace: credentialsNamespace } },
    },
  });
  // With the control plane's directory it goes, however this process ends.
  writeFileSync(join(folder, file), document);
  const { exitCode, stderr } = await cluster.kubectl(['apply', '-f', memberRights]);
  if (exitCode !== 0) throw new Error(`What members may do could not be set up: ${stderr}`);
  const roles = requiredRoles(parseMemberSync(document, file, systemNamespace)).flatMap(
    ({ namespace, rules }): UpdaterRole[] => (namespace === undefined ? [] : [{ namespace, rules }]),
  );
  const account = await createUpdaterAccount(cluster, { systemNamespace, usersNamespace }, roles);

  const secrets = async () => {
    const { body } = await request('GET', `/api/v1/namespaces/${credentialsNamespace}/secrets`);
    const text = (value = '') => Buffer.from(value, 'base64').toString();
    return new Map(
      secretsSchema
        .parse(body)
        .items.map(({ metadata, data }) => [metadata.name.replace(/^credentials-/, ''), text(data['token'])]),
    );
  };
  const running = opened.move();
  return {
    cluster,
    settings: { KUBECONFIG: account.kubeconfig, ...directory.env },
    flags: { first: ['-f', file, '--first-run'], later: ['-f', file] },
    roles: { leaver: 'lee-haeun', otherLeaver: 'choi-jiwoo', stayer: 'park-seojun', joiner: 'kang-saessak' },
    get memberCount() {
      return people.size;
    },
    get logins() {
      return [...people];
    },
    introduction: directory.introduction,
    tokens: secrets,
    visit: async (login) => {
      const token = (await secrets()).get(login);
      if (token === undefined) throw new Error(`There is no Secret for ${login}`);
      const kubeconfig = await cluster.kubeconfigFor({ token });
      return {
        loginId: login,
        token,
        cameBy: `is given what the Secret credentials-${login} holds`,
        kubectl: (...args) => cluster.kubectl(args, { kubeconfig }),
      };
    },
    leave: async (login) => {
      people.delete(login);
      await directory.remove(login);
      return login;
    },
    join: async (login) => {
      people.add(login);
      await directory.add(login);
    },
    lookAround: (narrator) => {
      narrator.say(`The MemberSync: ${join(folder, file)}`);
      narrator.say(`The tokens: kubectl get secrets -n ${credentialsNamespace}`);
    },
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  };
}
