/**
 * Where the API server is and who we are there: from a pod's own ServiceAccount, or from kubeconfig files as kubectl
 * reads them (several in KUBECONFIG, the first one wins for each name).
 */
import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import path from 'node:path';
import type { ConnectionOptions } from 'node:tls';
import { parse } from 'yaml';
import * as z from 'zod';
import { Failure } from '../lib/failure.ts';
import { Secret } from '../lib/secret.ts';
import { shellCommand } from '../lib/shell-command.ts';
import type { Variables } from '../lib/variables.ts';
import type { Credential, Login } from './credential.ts';
import { execPluginSchema, runExecPlugin } from './exec-plugin.ts';

export interface ClusterAccess {
  /** The API server's address as this program reaches it. */
  readonly server: URL;
  readonly tls: ConnectionOptions;
  readonly credential: Credential;
  /** The CA that signed the API server's certificate (PEM), where one is named. */
  readonly certificateAuthority: string | undefined;
  /** undefined in a pod. */
  readonly contextName: string | undefined;
  /** What the kubeconfig calls the one who asks; undefined where it names nobody, and in a pod. */
  readonly userName: string | undefined;
  /** kubectl for the same cluster, as the words of a command line: with what was given instead of the defaults. */
  readonly kubectl: readonly string[];
  /** For messages: `context pks of /home/me/.kube/config`, or `this pod's ServiceAccount`. */
  readonly source: string;
  /** The name the kubeconfig gives to this cluster; undefined in a pod. */
  readonly clusterName: string | undefined;
}

/** The API server as Kubernetes names it to a pod. */
export interface PodApiServer {
  readonly host: string;
  readonly port: string;
}

/** What decides where the API server is, besides flags. */
export interface ClusterSurroundings {
  /** Files as KUBECONFIG lists them. */
  readonly kubeconfig: string | undefined;
  /** The home directory; the operating system's unless given. */
  readonly home: string | undefined;
  /** undefined outside a pod. */
  readonly apiServer: PodApiServer | undefined;
  /** What a credential plugin is started with. */
  readonly variables: Variables;
}

const chooseKubeconfig = 'set KUBECONFIG to the file that kubectl uses for this cluster';
const serviceAccountDirectory = '/var/run/secrets/kubernetes.io/serviceaccount';

const nonEmpty = z.string().min(1);
const clusterSchema = z.object({
  server: nonEmpty,
  'certificate-authority': z.string().optional(),
  'certificate-authority-data': z.string().optional(),
  'insecure-skip-tls-verify': z.boolean().optional(),
  'tls-server-name': z.string().optional(),
  'proxy-url': z.string().optional(),
});
const userSchema = z.object({
  token: z.string().optional(),
  tokenFile: z.string().optional(),
  'client-certificate': z.string().optional(),
  'client-certificate-data': z.string().optional(),
  'client-key': z.string().optional(),
  'client-key-data': z.string().optional(),
  username: z.string().optional(),
  password: z.string().optional(),
  exec: execPluginSchema.optional(),
  as: z.string().optional(),
  'as-uid': z.string().optional(),
  'as-groups': z.array(z.string()).nullish(),
  'as-user-extra': z.record(z.string(), z.unknown()).nullish(),
  'auth-provider': z.unknown().optional(),
});
const kubeconfigSchema = z.object({
  'current-context': z.string().nullish(),
  clusters: z.array(z.object({ name: nonEmpty, cluster: clusterSchema })).nullish(),
  users: z.array(z.object({ name: nonEmpty, user: userSchema.nullish() })).nullish(),
  contexts: z
    .array(z.object({ name: nonEmpty, context: z.object({ cluster: z.string(), user: z.string().optional() }) }))
    .nullish(),
});
type Kubeconfig = z.infer<typeof kubeconfigSchema>;
type User = z.infer<typeof userSchema>;

/** The pod's own namespace; undefined outside a pod. */
export function podNamespace({ inPod }: { readonly inPod: boolean }): string | undefined {
  if (!inPod) return undefined;
  try {
    const namespace = readFileSync(path.join(serviceAccountDirectory, 'namespace'), 'utf8').trim();
    return namespace === '' ? undefined : namespace;
  } catch {
    return undefined;
  }
}

/**
 * KUBECONFIG (or `explicitFile`) first, then the pod's ServiceAccount, then ~/.kube/config.
 * @throws Failure (usage) when there is none, or it is unusable; the message names the file and the field
 */
export async function loadClusterAccess(
  { kubeconfig, home, apiServer, variables }: ClusterSurroundings,
  { explicitFile, context }: { explicitFile?: string | undefined; context?: string | undefined } = {},
): Promise<ClusterAccess> {
  const listed = (explicitFile ?? kubeconfig ?? '').split(path.delimiter).filter((file) => file !== '');
  if (listed.length === 0 && apiServer !== undefined) return podAccess(apiServer);
  const files = listed.length > 0 ? listed : [path.join(home ?? homedir(), '.kube', 'config')];
  const loaded = files
    .map((file) => ({ file, config: readKubeconfig(file, files.length > 1) }))
    .filter(({ config }) => config !== undefined);
  if (loaded.length === 0) {
    throw new Failure(
      'usage',
      `no kubeconfig: ${files.join(', ')} ${files.length === 1 ? 'does' : 'do'} not exist, and this is not a pod`,
      { hint: chooseKubeconfig },
    );
  }
  return resolveContext(loaded, { wanted: context, kubectl: kubectlFor(explicitFile, listed), variables });
}

/** kubectl's own flag takes one file only. */
function kubectlFor(explicitFile: string | undefined, listed: readonly string[]): readonly string[] {
  if (!explicitFile || listed.length === 0) return ['kubectl'];
  return listed.length === 1
    ? ['kubectl', '--kubeconfig', ...listed]
    : ['env', `KUBECONFIG=${listed.join(path.delimiter)}`, 'kubectl'];
}

function podAccess({ host, port }: PodApiServer): ClusterAccess {
  const file = path.join(serviceAccountDirectory, 'ca.crt');
  let certificateAuthority: string;
  try {
    certificateAuthority = readFileSync(file, 'utf8');
  } catch (error) {
    throw new Failure('usage', `this pod has no ServiceAccount credentials: ${file} can't be read`, {
      cause: error,
      hint: 'the pod needs automountServiceAccountToken: true, or a projected token at the usual place',
    });
  }
  return {
    server: new URL(`https://${host.includes(':') ? `[${host}]` : host}:${port}`),
    tls: { ca: certificateAuthority },
    credential: { kind: 'token-file', file: path.join(serviceAccountDirectory, 'token') },
    certificateAuthority,
    source: "this pod's ServiceAccount",
    clusterName: undefined,
    contextName: undefined,
    userName: undefined,
    kubectl: ['kubectl'],
  };
}

function readKubeconfig(file: string, optional: boolean): Kubeconfig | undefined {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    if (code === 'ENOENT' && (optional || file.endsWith(path.join('.kube', 'config')))) return undefined;
    throw new Failure('usage', `the kubeconfig ${file} ${code === 'ENOENT' ? 'does not exist' : "can't be read"}`, {
      cause: error,
      hint: chooseKubeconfig,
    });
  }
  let document: unknown;
  try {
    document = parse(text);
  } catch (error) {
    throw new Failure('usage', `the kubeconfig ${file} is not valid YAML`, { cause: error, hint: chooseKubeconfig });
  }
  const result = kubeconfigSchema.safeParse(document);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  throw new Failure(
    'usage',
    issue === undefined || issue.path.length === 0
      ? `the file ${file} is no kubeconfig`
      : `the kubeconfig ${file} is malformed at ${issue.path.join('.')}: ${issue.message}`,
    { hint: chooseKubeconfig },
  );
}

async function resolveContext(
  loaded: readonly { file: string; config: Kubeconfig | undefined }[],
  { wanted, kubectl, variables }: { wanted: string | undefined; kubectl: readonly string[]; variables: Variables },
): Promise<ClusterAccess> {
  const find = <T>(pick: (config: Kubeconfig) => T | undefined): { file: string; value: T } | undefined => {
    for (const { file, config } of loaded) {
      const value = config === undefined ? undefined : pick(config);
      if (value !== undefined) return { file, value };
    }
    return undefined;
  };
  const configCommand = (...words: readonly string[]) => `\`${shellCommand([...kubectl, 'config', ...words])}\``;
  const all = loaded.map(({ file }) => file).join(', ');
  const name = wanted ?? find((config) => config['current-context'] || undefined)?.value;
  if (name === undefined) {
    throw new Failure('usage', `the kubeconfig ${all} has no current-context`, {
      hint: `choose one with ${configCommand('use-context', 'NAME')}`,
    });
  }
  const context = find((config) => config.contexts?.find((entry) => entry.name === name)?.context);
  if (context === undefined)
    throw new Failure('usage', `the kubeconfig ${all} has no context ${name}`, {
      hint: `${configCommand('get-contexts')} lists those that there are`,
    });
  const clusterName = context.value.cluster;
  const cluster = find((config) => config.clusters?.find((entry) => entry.name === clusterName)?.cluster);
  if (cluster === undefined)
    throw new Failure('usage', `the kubeconfig ${all} has no cluster ${clusterName}, which its context ${name} names`, {
      hint: `${configCommand('get-clusters')} lists those that there are`,
    });
  const userName = context.value.user;
  const user = find((config) => {
    const entry = config.users?.find((one) => one.name === userName);
    return entry === undefined ? undefined : (entry.user ?? {});
  });
  if (userName && user === undefined)
    throw new Failure('usage', `the kubeconfig ${all} has no user ${userName}, which its context ${name} names`, {
      hint: `${configCommand('get-users')} lists those that there are`,
    });
  if (user !== undefined)
    refuseUnsupported(user.file, userName ?? '', user.value, configCommand('use-context', 'NAME'));

  const fields = cluster.value;
  if (fields['proxy-url'])
    throw new Failure(
      'usage',
      `the kubeconfig ${cluster.file} names a proxy for ${clusterName} (proxy-url), which is not read here`,
      { hint: "give the proxy's address in HTTPS_PROXY instead" },
    );
  if (!URL.canParse(fields.server) || !/^https?:$/.test(new URL(fields.server).protocol)) {
    throw new Failure(
      'usage',
      `the kubeconfig ${cluster.file} has an unusable server address for ${clusterName}: ${fields.server}`,
      {
        hint: `it must be like https://HOST:6443; fix it with ${configCommand('set-cluster', 'NAME', '--server=URL')}`,
      },
    );
  }
  const certificateAuthority = material(
    cluster.file,
    fields['certificate-authority-data'],
    fields['certificate-authority'],
  );
  const server = new URL(fields.server);
  const login = await credentialOf(
    user?.file ?? cluster.file,
    user?.value ?? {},
    {
      server: fields.server,
      certificateAuthority,
    },
    variables,
  );
  return {
    server,
    tls: {
      ...(certificateAuthority === undefined ? {} : { ca: certificateAuthority }),
      ...(fields['insecure-skip-tls-verify'] === true ? { rejectUnauthorized: false } : {}),
      ...(fields['tls-server-name'] ? { servername: fields['tls-server-name'] } : {}),
      ...login.tls,
    },
    credential: login.credential,
    certificateAuthority,
    source: `context ${name} of ${context.file}`,
    clusterName,
    contextName: name,
    userName: userName || undefined,
    kubectl: wanted === undefined ? kubectl : [...kubectl, '--context', wanted],
  };
}

/** What kubectl would do and this program does not: going on without it would be acting as somebody else. */
function refuseUnsupported(file: string, name: string, user: User, useContext: string): void {
  const [field] = Object.entries(user).find(([key, value]) => /^as(-|$)|^auth-provider$/.test(key) && value) ?? [];
  if (field !== undefined)
    throw new Failure(
      'usage',
      `the kubeconfig ${file} has the field ${field} for the user ${name}, which is not supported here`,
      {
        hint: `choose a context with a token, a client certificate or an exec plugin: ${useContext}, or --context`,
      },
    );
}

/** PEM from inline base64 data, or from a file whose path is relative to the kubeconfig. */
function material(kubeconfig: string, data: string | undefined, file: string | undefined): string | undefined {
  if (data) return Buffer.from(data, 'base64').toString('utf8');
  if (!file) return undefined;
  const resolved = path.resolve(path.dirname(kubeconfig), file);
  try {
    return readFileSync(resolved, 'utf8');
  } catch (error) {
    throw new Failure('usage', `the kubeconfig ${kubeconfig} names ${resolved}, which can't be read`, {
      cause: error,
      hint: 'does kubectl work with this kubeconfig?',
    });
  }
}

async function credentialOf(
  file: string,
  user: User,
  cluster: { server: string; certificateAuthority: string | undefined },
  variables: Variables,
): Promise<Login> {
  const certificate = material(file, user['client-certificate-data'], user['client-certificate']);
  const key = material(file, user['client-key-data'], user['client-key']);
  if ((certificate === undefined) !== (key === undefined))
    throw new Failure(
      'usage',
      `the kubeconfig ${file} has a client certificate without its key, or a key without its certificate`,
      {
        hint: 'both are needed: client-certificate(-data) and client-key(-data)',
      },
    );
  const tls = certificate !== undefined && key !== undefined ? { cert: certificate, key } : {};
  if (user.tokenFile)
    return { credential: { kind: 'token-file', file: path.resolve(path.dirname(file), user.tokenFile) }, tls };
  if (user.token) return { credential: { kind: 'token', token: new Secret(user.token) }, tls };
  if (user.exec) return runExecPlugin(file, user.exec, cluster, variables);
  if (user.username && user.password !== undefined) {
    return { credential: { kind: 'basic', userAndPassword: new Secret(`${user.username}:${user.password}`) }, tls };
  }
  return { credential: { kind: 'certificate' }, tls };
}
