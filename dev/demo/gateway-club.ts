/** What the gateway's story is played on: a lab with a login provider, a club whose list is a file, and computers. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { bundle } from '../../bundle.ts';
import { parseMemberSync } from '../../src/config/member-sync-file.ts';
import { requiredRoles } from '../../src/preflight/required-rights.ts';
import { type Computer, newComputer } from '../gateway/computer.ts';
import { type GatewayLab, startGatewayLab } from '../gateway/lab.ts';
import { createUpdaterAccount, type UpdaterRole } from '../updater-account.ts';
import { memberRights, systemNamespace, usersNamespace } from './stage.ts';

const program = new URL('../../src/main.ts', import.meta.url).pathname;
const file = 'lab.yaml';
const list = 'members.csv';
const firstNumber = 2026001;

export interface GatewayStage extends AsyncDisposable {
  readonly lab: GatewayLab;
  readonly logins: readonly string[];
  /** What the updater is configured by, and what follows `sync`. */
  readonly settings: Readonly<Record<string, string>>;
  readonly syncFlags: readonly string[];
  newComputer(name: string): Promise<Computer>;
  leave(login: string): Promise<void>;
}

export async function setGatewayStage(
  logins: readonly string[],
  onProgress: (line: string) => void,
): Promise<GatewayStage> {
  await using opened = new AsyncDisposableStack();
  const numbers = new Map(logins.map((login, index) => [login, String(firstNumber + index)]));
  const people = Object.fromEntries([...numbers].map(([login, member]) => [login, { member }]));
  const lab = opened.use(await startGatewayLab({ program, people, onProgress }));
  const { controlPlane: cluster } = lab;
  const active = new Map(numbers);
  const write = () => {
    const rows = [...active].map(([login, number]) => `${number},${login}`);
    return writeFile(join(cluster.directory, list), ['id,login', ...rows, ''].join('\n'));
  };
  await write();
  const document = stringify({
    apiVersion: 'credentials-updater.poolc.org/v1alpha1',
    kind: 'MemberSync',
    metadata: { name: 'lab', namespace: systemNamespace },
    spec: { directory: { file: { path: list } }, accounts: { namespace: usersNamespace }, delivery: { none: {} } },
  });
  await writeFile(join(cluster.directory, file), document);
  const { exitCode, stderr } = await cluster.kubectl(['apply', '-f', memberRights]);
  if (exitCode !== 0) throw new Error(`What members may do could not be set up: ${stderr}`);
  const roles = requiredRoles(parseMemberSync(document, file, systemNamespace)).flatMap(
    ({ namespace, rules }): UpdaterRole[] => (namespace === undefined ? [] : [{ namespace, rules }]),
  );
  const account = await createUpdaterAccount(cluster, { systemNamespace, usersNamespace }, roles);
  const plugin = join(cluster.directory, 'plugin.mjs');
  await bundle({
    entry: new URL('../../src/member/main.ts', import.meta.url).pathname,
    outfile: plugin,
    target: 'node20',
  });
  const running = opened.move();
  return {
    lab,
    logins,
    settings: { KUBECONFIG: account.kubeconfig },
    syncFlags: ['-f', file],
    newComputer: (name) => newComputer(lab, name, plugin),
    leave: async (login) => {
      active.delete(login);
      await write();
    },
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  };
}
