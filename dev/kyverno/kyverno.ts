/** Runs the real Kyverno beside a control plane: its controllers as processes of this machine, outside the cluster. */
import { join } from 'node:path';
import { Agent, request } from 'undici';
import { z } from 'zod';
import { type ControlPlane, type Daemon, provideBinaries, startDaemon } from '../control-plane/index.ts';
import type { Versions } from '../versions.ts';
import { type KyvernoInstallation, readInstallation } from './installation.ts';
import { type KyvernoModule, kyvernoModule } from './programs.ts';

const NAMESPACE = 'kyverno';
const TOKEN_SECONDS = 24 * 60 * 60;

export interface KyvernoOptions {
  readonly versions?: Versions;
  /** Replaces or adds to what its ConfigMap says. */
  readonly configuration?: Readonly<Record<string, string>>;
  /** Called with one line at a time. */
  readonly onProgress?: (line: string) => void;
}

export interface Kyverno {
  /** The CLI's path. */
  readonly cliPath: string;
  /** Answers the API server's admission requests. */
  readonly admissionController: Daemon;
  /** Generates. */
  readonly backgroundController: Daemon;
}

/** Installs Kyverno as its own manifests do, and runs its controllers. They end with the control plane. */
export async function startKyverno(
  controlPlane: ControlPlane,
  { versions, configuration = {}, onProgress = () => {} }: KyvernoOptions = {},
): Promise<Kyverno> {
  const module = kyvernoModule(versions);
  const binaries = await provideBinaries(module, ['kyverno', 'background-controller', 'kubectl-kyverno'], {
    onProgress,
  });
  const installation = await readInstallation(module, configuration);
  await install(controlPlane, installation);

  const common = { controlPlane, module, installation, onProgress };
  const [admissionController, backgroundController] = await Promise.all([
    startController({
      ...common,
      program: binaries.path('kyverno'),
      deployment: 'kyverno-admission-controller',
      // The API server calls it at this address, in place of a Service's.
      args: (port) => [
        `--serverIP=127.0.0.1:${port}`,
        `--webhookServerPort=${port}`,
        ...(module.knowsHosts ? ['--webhookServerHost=127.0.0.1'] : []),
      ],
      isReady: async (port) => (await leads(controlPlane, 'kyverno')) && (await answers(port)),
    }),
    startController({
      ...common,
      program: binaries.path('background-controller'),
      deployment: 'kyverno-background-controller',
      args: () => [],
      isReady: () => leads(controlPlane, 'kyverno-background-controller'),
    }),
  ]);
  return { cliPath: binaries.path('kubectl-kyverno'), admissionController, backgroundController };
}

interface ControllerSettings {
  readonly controlPlane: ControlPlane;
  readonly module: KyvernoModule;
  readonly installation: KyvernoInstallation;
  readonly program: string;
  /** Whose arguments, environment and ServiceAccount it gets. */
  readonly deployment: string;
  /** Besides those of its Deployment. */
  readonly args: (port: number) => readonly string[];
  readonly isReady: (port: number) => Promise<boolean>;
  readonly onProgress: (line: string) => void;
}

async function install({ kubectl }: ControlPlane, { manifests }: KyvernoInstallation): Promise<void> {
  const list = { apiVersion: 'v1', kind: 'List', items: manifests };
  // Server-side: some of its CustomResourceDefinitions are too large for the annotation of a client-side apply.
  const { exitCode, stderr } = await kubectl(['apply', '--server-side', '-f', '-'], {
    input: JSON.stringify(list),
  });
  if (exitCode !== 0) throw new Error(`Kyverno was not installed: ${stderr}`);
  await kubectl(['wait', '--for=condition=Established', 'crd', '--all', '--timeout=60s']);
}

async function startController({
  controlPlane,
  module,
  installation,
  program,
  deployment,
  args,
  isReady,
  onProgress,
}: ControllerSettings): Promise<Daemon> {
  const container = installation.container(deployment);
  // Its own ServiceAccount's rights and no more, so that what it lacks shows.
  const kubeconfig = await controlPlane.kubeconfigFor({ token: await mintToken(controlPlane, deployment) });
  return startDaemon({
    name: deployment,
    supervisor: controlPlane.supervisor,
    logFile: join(controlPlane.directory, `${deployment}.log`),
    command: (port) => [
      program,
      ...container.args,
      `--kubeconfig=${kubeconfig}`,
      ...args(port),
      // In a pod each has these ports to itself; here any free one will do.
      ...(module.knowsHosts ? ['--metricsHost=127.0.0.1'] : []),
      '--metricsPort=0',
      '--controllerRuntimeMetricsAddress=0',
    ],
    environment: { ...process.env, ...container.environment },
    isReady,
    onProgress,
  });
}

async function mintToken({ request: api }: ControlPlane, serviceAccount: string): Promise<string> {
  const { status, body } = await api(
    'POST',
    `/api/v1/namespaces/${NAMESPACE}/serviceaccounts/${serviceAccount}/token`,
    { spec: { expirationSeconds: TOKEN_SECONDS } },
  );
  if (status !== 201) throw new Error(`No token for ${serviceAccount}: ${status} ${JSON.stringify(body)}`);
  return z.object({ status: z.object({ token: z.string() }) }).parse(body).status.token;
}

async function answers(port: number): Promise<boolean> {
  // Its certificate is its own; whether it is the right one, the API server checks.
  const dispatcher = new Agent({ connect: { rejectUnauthorized: false } });
  try {
    const { statusCode, body } = await request(`https://127.0.0.1:${port}/health/readiness`, { dispatcher });
    await body.dump();
    return statusCode === 200;
  } catch {
    return false;
  } finally {
    await dispatcher.destroy();
  }
}

async function leads({ request: api }: ControlPlane, lease: string): Promise<boolean> {
  const { status } = await api('GET', `/apis/coordination.k8s.io/v1/namespaces/${NAMESPACE}/leases/${lease}`);
  return status === 200;
}
