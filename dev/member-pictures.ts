/**
 * `npm run member-pictures`: a member's first minutes and last ones, in a real terminal against a real control plane, as
 * pictures for docs/members.md. A script and not a test, as dev/poolc-api/page-in-chromium.ts is, and for its reasons.
 */
import { match } from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { type PoolcStage, setPoolcStage } from './demo/poolc-club.ts';
import { usersNamespace } from './demo/stage.ts';
import { openTerminal, type Terminal } from './terminal-picture/index.ts';

const project = join(import.meta.dirname, '..');
const pictures = join(project, 'docs/pictures');
const loginId = 'minjun';

await using opened = new AsyncDisposableStack();
const stage = opened.use(await setPoolcStage(39, (line) => console.log(line)));
const member = await stage.api.addMember({ loginId });
await sync(stage);
await giveOwnNamespace(stage);

const computer = opened.adopt(await mkdtemp(join(tmpdir(), 'pks-picture-')), (path) => rm(path, { recursive: true }));
const bin = join(computer, 'bin');
await mkdir(bin);
await symlink(stage.cluster.kubectlPath, join(bin, 'kubectl'));
await symlink(join(project, 'dist/member/credentials-updater-member.mjs'), join(bin, 'credentials-updater'));
const terminal = opened.use(
  await openTerminal({
    env: { HOME: computer, PATH: [bin, process.env['PATH']].join(delimiter), LANG: 'C.UTF-8', KUBERC: 'off' },
  }),
);

await firstMinutes(terminal);
await terminal.takePicture(join(pictures, 'members-terminal.png'));
stage.api.setActive(member.uuid, false);
await sync(stage);
// The API server remembers a success for about 10 s.
await sleep(12_000);
await terminal.clear();
await terminal.type({ type: 'kubectl get pods' });
match((await terminal.screen()).replace(/\s+/g, ' '), /you are no longer listed as an active member/);
await terminal.takePicture(join(pictures, 'members-terminal-left.png'));

async function firstMinutes({ type, screen }: Terminal): Promise<void> {
  const clusterInfo = `${stage.api.url}/kubernetes/cluster-info`;
  await type({
    type: `credentials-updater login --cluster ${clusterInfo} --namespace ${loginId}`,
    until: /Login id: ?$/,
  });
  await type({ type: loginId, until: /Password: ?$/ });
  await type({ type: member.password });
  await type({ type: 'kubectl get pods' });
  match(await screen(), /No resources found in minjun namespace/);
}

async function sync({ settings }: PoolcStage): Promise<void> {
  const program = join(project, 'dist/credentials-updater.mjs');
  await promisify(execFile)(process.execPath, [program, 'sync'], { env: { ...process.env, ...settings } });
}

/** What the cluster's policies do when a member makes a namespace: it is theirs. */
async function giveOwnNamespace({ cluster }: PoolcStage): Promise<void> {
  const owner = `--serviceaccount=${usersNamespace}:${loginId}`;
  await cluster.kubectl(['create', 'namespace', loginId]);
  await cluster.kubectl(['create', 'role', 'owner', '-n', loginId, '--verb=*', '--resource=pods']);
  await cluster.kubectl(['create', 'rolebinding', 'owner', '-n', loginId, '--role=owner', owner]);
}
