/**
 * `npm run preflight-picture`: preflight in a real terminal, on a real control plane where two things are wrong, as a
 * picture for docs/preflight.md. A script and not a test, as dev/member-pictures.ts is.
 */
import { match } from 'node:assert/strict';
import { cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { startControlPlane } from './control-plane/index.ts';
import { startPoolcApi } from './poolc-api/index.ts';
import { openTerminal } from './terminal-picture/index.ts';

const project = join(import.meta.dirname, '..');

await using opened = new AsyncDisposableStack();
const cluster = opened.use(await startControlPlane({ onProgress: (line) => console.log(line) }));
const api = opened.use(await startPoolcApi());
for (const loginId of ['jimin20', 'siwoo29', 'minjun']) await api.addMember({ loginId });

const checkout = opened.adopt(await mkdtemp(join(tmpdir(), 'pks-picture-')), (path) => rm(path, { recursive: true }));
await cp(join(project, 'deploy'), join(checkout, 'deploy'), { recursive: true });
const endpoint = join(checkout, 'deploy/overlays/production/endpoint/endpoint.yaml');
const manifest = await readFile(endpoint, 'utf8');
await writeFile(endpoint, manifest.replace('https://api.poolc.org/kubernetes/', `${api.url}/kubernetes/`));
const key = join(checkout, 'API_KEY');
await writeFile(key, api.apiKey);

const system = ['-n', 'poolc-system'];
const steps: readonly (readonly string[])[] = [
  ['create', 'namespace', 'poolc-system'],
  [...system, 'create', 'secret', 'generic', 'credentials-updater-secret', `--from-file=API_KEY=${key}`],
  ['apply', '-k', join(checkout, 'deploy/overlays/production')],
  ['apply', '-k', join(checkout, 'deploy/policies/builtin')],
  // What is wrong.
  [...system, 'set', 'env', 'cronjob/credentials-updater', 'ALLOW_REMOVALS=40'],
  ['create', 'clusterrolebinding', 'helpdesk', '--clusterrole=cluster-admin', '--user=helpdesk'],
];
for (const step of steps) {
  const { exitCode, stderr } = await cluster.kubectl(step);
  if (exitCode !== 0) throw new Error(`kubectl ${step.join(' ')}: ${stderr}`);
}

const bin = join(checkout, 'bin');
await mkdir(bin);
await symlink(join(project, 'dist/credentials-updater.mjs'), join(bin, 'credentials-updater'));
const path = [bin, dirname(process.execPath), process.env['PATH']].join(delimiter);
const terminal = opened.use(
  await openTerminal({
    env: { HOME: checkout, PATH: path, LANG: 'C.UTF-8', KUBECONFIG: cluster.kubeconfig },
    rows: 60,
  }),
);
await terminal.type({ type: 'credentials-updater preflight' });
const screen = await terminal.screen();
match(screen, /1 failed, 1 warning, 16 ok/);
console.log(screen);
await terminal.takePicture(join(project, 'docs/pictures/preflight.png'));
