/**
 * Where an operator sits who deploys to a control plane of this test's own: with a checkout, a kubectl and the API key in
 * a file. What preflight prints is run here as it is printed.
 */
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { cp, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { expect } from 'vitest';
import { z } from 'zod';
import { createCertificateAuthority, writeSecret } from '../../dev/control-plane/certificates.ts';
import { renderKubeconfig } from '../../dev/control-plane/cluster-access.ts';
import { type ControlPlane, startControlPlane } from '../../dev/control-plane/index.ts';
import { type FaultProxy, startFaultProxy } from '../../dev/fault-proxy/index.ts';
import { type PoolcApi, startPoolcApi } from '../../dev/poolc-api/index.ts';
import { type CommandOptions, type CommandResult, ownEnvironment, runCommand } from '../command.ts';

/** For beforeAll: binaries may have to be built first. */
export const deskTimeoutMs = 300_000;

const statusSchema = z.enum(['ok', 'warning', 'failed', 'unknown']);
type Status = z.infer<typeof statusSchema>;

const reportSchema = z.object({
  checks: z.array(
    z.object({
      check: z.string(),
      status: statusSchema,
      findings: z.array(
        z.object({
          status: statusSchema,
          message: z.string(),
          fixes: z.array(z.object({ label: z.string().optional(), command: z.string() })),
        }),
      ),
    }),
  ),
});

export interface Report extends z.infer<typeof reportSchema> {
  readonly exitCode: number | null;
}

export interface Desk {
  readonly cluster: ControlPlane;
  readonly api: PoolcApi;
  /** The checkout. */
  readonly directory: string;
  /** An administrator's token; the administrator's kubeconfig has a certificate instead. */
  readonly adminToken: string;
  /** `kubectl …` as an administrator. @throws when it fails */
  readonly kubectl: (...args: readonly string[]) => Promise<string>;
  /** What the docs say to run first: the two namespaces, the Secret, the overlay, the policies. */
  readonly deploy: (policies?: 'builtin' | 'kyverno') => Promise<void>;
  readonly command: (args: readonly string[], options?: Omit<CommandOptions, 'secrets'>) => Promise<CommandResult>;
  readonly preflight: (flags?: readonly string[], options?: Omit<CommandOptions, 'secrets'>) => Promise<Report>;
  /** A command line as it was printed. @throws when it fails */
  readonly shell: (line: string) => Promise<string>;
  readonly close: () => Promise<void>;
}

/** @param controllerManager for what only Kubernetes' controllers do, such as counting quotas and aggregating ClusterRoles */
export async function openDesk({ controllerManager = false } = {}): Promise<Desk> {
  const directory = await mkdtemp(join(tmpdir(), 'pks-preflight-'));
  const adminToken = randomBytes(16).toString('hex');
  const tokenFile = writeSecret(join(directory, 'tokens.csv'), `${adminToken},admin,1,system:masters\n`);
  const cluster = await startControlPlane({
    controllerManager,
    onProgress: console.error,
    apiServerArgs: { 'token-auth-file': tokenFile },
  });
  const api = await startPoolcApi();
  for (const loginId of ['alice', 'bob', 'carol']) await api.addMember({ loginId });
  await cp(join(import.meta.dirname, '../../deploy'), join(directory, 'deploy'), { recursive: true });
  const endpoint = join(directory, 'deploy/overlays/production/endpoint/endpoint.yaml');
  const manifest = await readFile(endpoint, 'utf8');
  await writeFile(endpoint, manifest.replace('https://api.poolc.org/kubernetes/', `${api.url}/kubernetes/`));
  await symlink(cluster.kubectlPath, join(directory, 'kubectl'));
  await symlink(
    join(import.meta.dirname, '../../dist/credentials-updater.mjs'),
    join(directory, 'credentials-updater'),
  );
  await writeFile(join(directory, 'API_KEY'), `${api.apiKey}\n`);

  const env = { KUBECONFIG: cluster.kubeconfig, POOLC_API_KEY_FILE: '' };
  const kubectl = async (...args: readonly string[]): Promise<string> => {
    const { exitCode, stdout, stderr } = await cluster.kubectl(args);
    if (exitCode !== 0) throw new Error(`kubectl ${args.join(' ')}: ${stderr}`);
    return stdout;
  };
  const command: Desk['command'] = (args, options = {}) =>
    runCommand(args, {
      ...options,
      env: { ...env, ...options.env },
      secrets: () => [api.apiKey, adminToken, ...api.storedTokens().values()],
    });
  const shell = async (line: string): Promise<string> => {
    const own = ownEnvironment(directory);
    // Standard input is the API key's file, as if the operator had pasted the key.
    const { stdout } = await promisify(execFile)('bash', ['-c', `exec <API_KEY; ${line}`], {
      cwd: directory,
      env: { ...own, ...env, KUBERC: 'off', PATH: [directory, dirname(process.execPath), own.PATH].join(delimiter) },
    });
    return stdout;
  };
  return {
    cluster,
    api,
    directory,
    adminToken,
    kubectl,
    command,
    shell,
    async deploy(policies = 'builtin') {
      await kubectl('create', 'namespace', 'poolc-system');
      await shell(
        'kubectl -n poolc-system create secret generic credentials-updater-secret --from-file=API_KEY=/dev/stdin',
      );
      await shell('kubectl apply -k deploy/overlays/production');
      // Nobody counts here: until somebody does, a quota refuses everything that it is about.
      if (!controllerManager) await kubectl('-n', 'poolc-system', 'delete', 'quota/credentials-updater');
      await shell(`kubectl apply -k deploy/policies/${policies}`);
    },
    async preflight(flags = [], options = {}) {
      const result = await command(['preflight', '--output', 'json', ...flags], options);
      return { ...reportSchema.parse(parseReport(result)), exitCode: result.exitCode };
    },
    async close() {
      await api.close();
      await cluster.stop();
      await rm(directory, { recursive: true, force: true });
    },
  };
}

function parseReport({ stdout, stderr }: CommandResult): unknown {
  try {
    return JSON.parse(stdout);
  } catch {
    throw new Error(`preflight printed no report: ${stdout}${stderr}`);
  }
}

/** What isn't ok, by check. */
export function problems({ checks }: Report): Record<string, Status> {
  return Object.fromEntries(
    checks.filter(({ status }) => status !== 'ok').map(({ check, status }) => [check, status] as const),
  );
}

/** All that one check says, and whether it is the whole of it that is so. */
export function said(
  { checks }: Report,
  wanted: string,
): { readonly status: Status | undefined; readonly text: string } {
  const found = checks.find(({ check }) => check === wanted);
  return {
    status: found?.status,
    text: (found?.findings ?? []).map(({ status, message }) => `${status}: ${message}`).join('\n'),
  };
}

/** The commands that a report prints, each once, in their order; of one check where one is named. */
export function commandsOf({ checks }: Report, wanted?: string): string[] {
  const commands = checks
    .filter(({ check }) => wanted === undefined || check === wanted)
    .flatMap(({ findings }) => findings.flatMap(({ fixes }) => fixes.map(({ command }) => command)));
  return [...new Set(commands)];
}

export async function runFixes({ shell }: Desk, report: Report): Promise<void> {
  for (const command of commandsOf(report)) await shell(command);
}

export interface Expected {
  /** What isn't ok, and nothing else is. */
  readonly finds: Readonly<Record<string, Status>>;
  /** In the words of the first of these checks. */
  readonly says: RegExp;
}

/** Preflight finds this and nothing else; its commands, run as printed, make all of it ok again. */
export async function expectFoundAndMended(
  desk: Desk,
  { finds, says }: Expected,
  flags: readonly string[] = [],
): Promise<void> {
  const report = await desk.preflight(flags);
  const [check = ''] = Object.keys(finds);
  expect(said(report, check).text).toMatch(says);
  expect(problems(report)).toEqual(finds);
  expect(report.exitCode).toBe(Object.values(finds).includes('failed') ? 1 : 0);
  await runFixes(desk, report);
  expect(problems(await desk.preflight(flags))).toEqual({});
}

/** As before a policy came: does what it would refuse. */
export async function whileOnlyAuditing({ kubectl }: Desk, policy: string, act: () => Promise<unknown>): Promise<void> {
  const set = (action: string) =>
    kubectl(
      'patch',
      `validatingadmissionpolicybinding/${policy}`,
      '--type=merge',
      '-p',
      JSON.stringify({ spec: { validationActions: [action] } }),
    );
  await set('Audit');
  try {
    // It goes on refusing for a moment.
    await expect.poll(() => act().then(() => true, String), { timeout: 60_000, interval: 500 }).toBe(true);
  } finally {
    await set('Deny');
  }
}

export interface Wire extends AsyncDisposable {
  readonly proxy: FaultProxy;
  /** For `preflight`, so that it goes this way. */
  readonly env: Readonly<Record<string, string>>;
}

/** A way to the API server on which answers can be changed. */
export async function openWire({ cluster, adminToken, directory }: Desk): Promise<Wire> {
  const authority = await createCertificateAuthority('the wire');
  const certificate = await authority.issue({ commonName: 'fault-proxy', hosts: ['127.0.0.1'] });
  const proxy = await startFaultProxy({
    upstream: { url: cluster.server, certificateAuthority: cluster.certificateAuthority },
    tls: certificate,
  });
  const file = join(directory, `wire-${randomBytes(4).toString('hex')}.kubeconfig`);
  writeSecret(file, await renderKubeconfig(proxy.url, authority, { token: adminToken }));
  return { proxy, env: { KUBECONFIG: file }, [Symbol.asyncDispose]: () => proxy.close() };
}
