/** The story's club without PoolC: a file, an LDAP server or GitHub says who is a member, and tokens go into Secrets. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { parseMemberSync } from '../../src/config/member-sync-file.ts';
import { requiredRoles } from '../../src/preflight/required-rights.ts';
import { startControlPlane } from '../control-plane/index.ts';
import { deliveredTokens } from '../delivered-secrets.ts';
import { createUpdaterAccount, type UpdaterRole } from '../updater-account.ts';
import { type ClubDirectory, openClubDirectory } from './club-directory.ts';
import { credentialsNamespace, labPeople, labRoles } from './lab-people.ts';
import { type DirectoryKind, memberRights, type Stage, systemNamespace, usersNamespace } from './stage.ts';
import { visitWithSecret } from './visitor.ts';

export type LabDirectory = Exclude<DirectoryKind, 'poolc'>;

const file = 'lab.yaml';
export async function setLabStage(kind: LabDirectory, onProgress: (line: string) => void): Promise<Stage> {
  await using opened = new AsyncDisposableStack();
  const cluster = opened.use(await startControlPlane({ onProgress }));
  const { request, directory: folder } = cluster;
  const people = labPeople();
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

  const running = opened.move();
  return {
    cluster,
    settings: { KUBECONFIG: account.kubeconfig, ...directory.env },
    flags: { first: ['-f', file, '--first-run'], later: ['-f', file] },
    roles: labRoles,
    get memberCount() {
      return people.size;
    },
    get logins() {
      return [...people];
    },
    introduction: directory.introduction,
    tokens: () => deliveredTokens(cluster, credentialsNamespace),
    visit: (login) => visitWithSecret(cluster, credentialsNamespace, login),
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
