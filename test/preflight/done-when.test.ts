/** Preflight on a control plane of its own, from bare to green by its own commands, and back by one thing at a time. */
import { execFile } from 'node:child_process';
import { cp, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { z } from 'zod';
import { type ControlPlane, startControlPlane } from '../../dev/control-plane/index.ts';
import { type PoolcApi, startPoolcApi } from '../../dev/poolc-api/index.ts';
import { type CommandResult, runCommand } from '../command.ts';
import { removeNamespace } from '../namespace-removal.ts';

const HOOK_TIMEOUT_MS = 300_000;
const TEST_TIMEOUT_MS = 180_000;

const reportSchema = z.object({
  checks: z.array(
    z.object({
      check: z.string(),
      status: z.enum(['ok', 'warning', 'failed', 'unknown']),
      findings: z.array(z.object({ message: z.string(), fixes: z.array(z.object({ command: z.string() })) })),
    }),
  ),
});
type Report = z.infer<typeof reportSchema>;

let cluster: ControlPlane;
let api: PoolcApi;
/** Where an operator has a checkout, a kubectl, and the API key in a file. */
let desk: string;

beforeAll(async () => {
  cluster = await startControlPlane({ onProgress: console.error });
  api = await startPoolcApi();
  for (const loginId of ['alice', 'bob', 'carol']) await api.addMember({ loginId });
  desk = await mkdtemp(join(tmpdir(), 'pks-preflight-'));
  await cp(join(import.meta.dirname, '../../deploy'), join(desk, 'deploy'), { recursive: true });
  const endpoint = join(desk, 'deploy/overlays/production/endpoint/endpoint.yaml');
  const manifest = await readFile(endpoint, 'utf8');
  await writeFile(endpoint, manifest.replace('https://api.poolc.org/kubernetes/', `${api.url}/kubernetes/`));
  await symlink(cluster.kubectlPath, join(desk, 'kubectl'));
  await writeFile(join(desk, 'API_KEY'), `${api.apiKey}\n`);
}, HOOK_TIMEOUT_MS);

afterAll(async () => {
  await api.close();
  await cluster.stop();
  await rm(desk, { recursive: true, force: true });
});

const preflight = (...flags: string[]): Promise<CommandResult> =>
  runCommand(['preflight', '--output', 'json', ...flags], {
    env: { KUBECONFIG: cluster.kubeconfig },
    secrets: () => [api.apiKey],
  });

const reportOf = ({ stdout }: CommandResult): Report => reportSchema.parse(JSON.parse(stdout));

const notOk = ({ checks }: Report): string[] =>
  checks.filter(({ status }) => status !== 'ok').map(({ check, findings }) => `${check}: ${findings[0]?.message}`);

/** Every command as it was printed, in its order. */
async function runFixes({ checks }: Report): Promise<void> {
  const commands = checks.flatMap(({ findings }) =>
    findings.flatMap(({ fixes }) => fixes.map(({ command }) => command)),
  );
  for (const command of new Set(commands)) {
    await promisify(execFile)('bash', ['-c', command], {
      cwd: desk,
      env: { ...process.env, PATH: `${desk}:${process.env['PATH'] ?? ''}`, KUBECONFIG: cluster.kubeconfig },
    });
  }
}

it(
  'finds everything missing on a bare control plane; what it says to run makes it all green',
  async () => {
    const bare = await preflight();
    expect(bare.exitCode).toBe(1);
    await runFixes(reportOf(bare));

    const green = await preflight('--probe');
    expect(notOk(reportOf(green))).toEqual([]);
    expect(green.exitCode).toBe(0);
  },
  TEST_TIMEOUT_MS,
);

it.each<[check: string, remove: readonly string[]]>([
  ['secret', ['-n', 'poolc-system', 'delete', 'secret', 'credentials-updater-secret']],
  ['member-role', ['delete', 'clusterrole', 'poolc-member']],
  ['member-role', ['delete', 'clusterrolebinding', 'poolc-member']],
  ['policies', ['delete', 'validatingadmissionpolicy', 'members-workloads']],
  ['policies', ['delete', 'validatingadmissionpolicybinding', 'members-access']],
])(
  '%s fails after kubectl %j, and its command brings it back',
  async (check, remove) => {
    expect((await cluster.kubectl(remove)).exitCode).toBe(0);
    const result = await preflight();
    expect(result.exitCode).toBe(1);
    const report = reportOf(result);
    expect(report.checks.filter(({ status }) => status === 'failed').map((each) => each.check)).toEqual([check]);
    await runFixes(report);
    expect(notOk(reportOf(await preflight()))).toEqual([]);
  },
  TEST_TIMEOUT_MS,
);

it(
  'finds the namespace of the updater gone with all that was in it, and brings it back',
  async () => {
    await removeNamespace(cluster, 'poolc-system');
    const result = await preflight();
    expect(result.exitCode).toBe(1);
    const report = reportOf(result);
    expect(report.checks.find(({ check }) => check === 'namespaces')?.status).toBe('failed');
    await runFixes(report);
    expect(notOk(reportOf(await preflight()))).toEqual([]);
  },
  TEST_TIMEOUT_MS,
);

it(
  'lets a fresh member find what RBAC leaves open, names the binding, and leaves nothing behind',
  async () => {
    const group = '--group=system:serviceaccounts:poolc-users';
    await cluster.kubectl(['create', 'clusterrolebinding', 'oops; reboot', '--clusterrole=cluster-admin', group]);
    const result = await preflight('--probe');
    expect(result.exitCode).toBe(1);
    const report = reportOf(result);
    const failed = report.checks.filter(({ status }) => status === 'failed');
    expect(failed.map(({ check }) => check)).toEqual(['member-role', 'probe']);
    expect(failed[1]?.findings[0]?.message).toMatch(/read the API key.*mint members' tokens.*become cluster-admin/);
    await runFixes(report);
    expect(notOk(reportOf(await preflight('--probe')))).toEqual([]);
    const { stdout } = await cluster.kubectl(['-n', 'poolc-users', 'get', 'serviceaccounts', '-o', 'name']);
    expect(stdout).not.toContain('probe');
  },
  TEST_TIMEOUT_MS,
);
