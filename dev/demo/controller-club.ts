/** The story's club in the cluster: its list is a ConfigMap, its sync a MemberSync, and the controller looks after both. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { z } from 'zod';
import { type ControlPlane, startControlPlane } from '../control-plane/index.ts';
import { readStatus, type SeenStatus } from '../controller/status.ts';
import { deliveredTokens } from '../delivered-secrets.ts';
import { credentialsNamespace, labPeople, labRoles } from './lab-people.ts';
import type { Narrator } from './narrator.ts';
import { memberRights, type Roles, systemNamespace, usersNamespace } from './stage.ts';
import { program } from './telling.ts';
import { type Visitor, visitWithSecret } from './visitor.ts';

export const syncFile = 'lab.yaml';
export const listFile = 'members.csv';
export const syncName = 'lab';
const account = 'credentials-updater-controller';
const stopsWithinMs = 15_000;

export interface ControllerStage extends AsyncDisposable {
  /** In whose directory the MemberSync and the list are, as files. */
  readonly cluster: ControlPlane;
  readonly roles: Roles;
  /** The MemberSync, as YAML. */
  readonly document: string;
  /** Writes the list, as a file: who publishes it is the story's administrator. @returns what changed in it, by lines */
  readonly writeList: (people: Iterable<string>) => string;
  /** With the account that deploy/controller has made, and nothing else. */
  readonly startController: () => Promise<void>;
  readonly status: () => Promise<SeenStatus>;
  /** Tokens by account. */
  readonly tokens: () => Promise<ReadonlyMap<string, string>>;
  readonly visit: (login: string) => Promise<Visitor>;
  /** What to look at while everything stays up. */
  readonly lookAround: (narrator: Narrator) => void;
}

export async function setControllerStage(onProgress: (line: string) => void): Promise<ControllerStage> {
  await using opened = new AsyncDisposableStack();
  const cluster = opened.use(await startControlPlane({ onProgress }));
  const { directory } = cluster;
  for (const name of [systemNamespace, usersNamespace, credentialsNamespace])
    await cluster.request('POST', '/api/v1/namespaces', { metadata: { name } });
  const { exitCode, stderr } = await cluster.kubectl(['apply', '-f', memberRights]);
  if (exitCode !== 0) throw new Error(`What members may do could not be set up: ${stderr}`);
  const document = stringify(memberSync(cluster.server));
  writeFileSync(join(directory, syncFile), document);
  const running = opened.move();
  return {
    cluster,
    roles: labRoles,
    document,
    writeList: listIn(directory),
    startController: async () => {
      const kubeconfig = await cluster.kubeconfigFor({ token: await accountToken(cluster) });
      const controller = await cluster.supervisor.spawn({
        command: [process.execPath, program, 'controller', '--output', 'json', '--kubeconfig', kubeconfig],
        logFile: join(directory, 'controller.log'),
        workingDirectory: directory,
        environment: {
          PATH: process.env['PATH'],
          POD_NAMESPACE: systemNamespace,
          HEALTH_PORT: '0',
          METRICS_PORT: '0',
        },
      });
      running.defer(async () => {
        controller.signal('SIGTERM');
        await Promise.race([controller.exited, new Promise((end) => setTimeout(end, stopsWithinMs).unref())]);
      });
    },
    status: () => readStatus({ request: cluster.request, systemNamespace }, syncName),
    tokens: () => deliveredTokens(cluster, credentialsNamespace),
    visit: (login) => visitWithSecret(cluster, credentialsNamespace, login),
    lookAround: (narrator) => {
      narrator.say("In another terminal, as the cluster's administrator:");
      narrator.copyable([
        `export KUBECONFIG=${cluster.kubeconfig}`,
        `alias kubectl=${cluster.kubectlPath}   # if you have none`,
        `kubectl edit configmap members -n ${systemNamespace}`,
        `kubectl get msync -n ${systemNamespace} --watch`,
        `kubectl describe msync ${syncName} -n ${systemNamespace}`,
        `kubectl get secrets -n ${credentialsNamespace}`,
      ]);
      narrator.say('What the controller says:');
      narrator.copyable([`tail -f ${join(directory, 'controller.log')}`]);
    },
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  };
}

/** Everyone of the club, at first. */
export const firstPeople = labPeople;

function memberSync(server: string) {
  return {
    apiVersion: 'credentials-updater.poolc.org/v1alpha1',
    kind: 'MemberSync',
    metadata: { name: syncName, namespace: systemNamespace },
    spec: {
      directory: { file: { configMapKeyRef: { name: 'members', key: listFile } } },
      accounts: { namespace: usersNamespace },
      delivery: { secrets: { namespace: credentialsNamespace } },
      cluster: { server },
    },
  };
}

/** Ids are given once, and never again. */
function listIn(directory: string): ControllerStage['writeList'] {
  const ids = new Map<string, number>();
  let before: ReadonlySet<string> = new Set();
  return (people) => {
    const rows = new Set<string>();
    for (const login of people) {
      const id = ids.get(login) ?? 2024001 + ids.size;
      ids.set(login, id);
      rows.add(`${id},${login}`);
    }
    writeFileSync(join(directory, listFile), ['id,login', ...rows, ''].join('\n'));
    const removed = [...before].filter((row) => !rows.has(row)).map((row) => `-${row}`);
    const added = [...rows].filter((row) => !before.has(row)).map((row) => `+${row}`);
    before = rows;
    return [...removed, ...added].join('\n');
  };
}

async function accountToken({ request }: ControlPlane): Promise<string> {
  const { status, body } = await request(
    'POST',
    `/api/v1/namespaces/${systemNamespace}/serviceaccounts/${account}/token`,
    { spec: { expirationSeconds: 86_400 } },
  );
  if (status !== 201) throw new Error(`The account ${account} has no token: ${status} ${JSON.stringify(body)}`);
  return z.object({ status: z.object({ token: z.string() }) }).parse(body).status.token;
}
