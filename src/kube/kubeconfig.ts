/**
 * Where the API server is and who we are there: from a pod's own ServiceAccount, or from kubeconfig files as kubectl
 * reads them.
 */
import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import path from 'node:path';
import type { ConnectionOptions } from 'node:tls';
import * as z from 'zod';
import { isLoopback } from '../http/endpoint.ts';
import { parseProxy } from '../http/proxy.ts';
import { Failure } from '../lib/failure.ts';
import type { Message } from '../lib/message.ts';
import { clusterMessages } from '../lib/messages/cluster.ts';
import { kubeconfigReading as messages } from '../lib/messages/kubeconfig-reading.ts';
import { shellCommand } from '../lib/shell-command.ts';
import type { Variables } from '../lib/variables.ts';
import type { Credential } from './credential.ts';
import type { ExecCluster } from './exec-plugin.ts';
import { impersonationHeaders } from './impersonation.ts';
import { checkAuthority } from './key-pair.ts';
import {
  chooseKubeconfig,
  currentContext,
  type Found,
  findEntry,
  type KubeconfigFile,
  material,
  readKubeconfigFiles,
} from './kubeconfig-files.ts';
import { loginOf, userSchema } from './login.ts';

export interface ClusterAccess {
  /** The API server's address as this program reaches it. */
  readonly server: URL;
  readonly tls: ConnectionOptions;
  readonly credential: Credential;
  /** The proxy that the kubeconfig names; undefined to go by the environment. */
  readonly proxy: URL | undefined;
  /** Headers that say as whom to act, names and values in turn. */
  readonly impersonation: readonly string[];
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

export interface AccessOptions {
  /** One file, in place of those that KUBECONFIG lists; a colon in its name is a part of it. */
  readonly explicitFile?: string | undefined;
  /** The file's current-context unless given. */
  readonly context?: string | undefined;
  /** Whether a credential plugin can ask someone at a terminal. */
  readonly terminal?: boolean;
  /** Ends a credential plugin that runs, now or later. */
  readonly signal: AbortSignal;
}

const serviceAccountDirectory = '/var/run/secrets/kubernetes.io/serviceaccount';
/** What a cluster says to the exec plugins of its users. */
const execExtension = 'client.authentication.k8s.io/exec';

const clusterSchema = z.object({
  server: z.string().min(1),
  'certificate-authority': z.string().optional(),
  'certificate-authority-data': z.string().optional(),
  'insecure-skip-tls-verify': z.boolean().optional(),
  'tls-server-name': z.string().optional(),
  'proxy-url': z.string().optional(),
  'disable-compression': z.boolean().optional(),
  extensions: z.array(z.object({ name: z.string(), extension: z.unknown() })).nullish(),
});
const contextSchema = z.object({ cluster: z.string(), user: z.string().optional() });
type Cluster = z.infer<typeof clusterSchema>;

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
  options: AccessOptions,
): Promise<ClusterAccess> {
  const listed = options.explicitFile
    ? [options.explicitFile]
    : (kubeconfig ?? '').split(path.delimiter).filter((file) => file !== '');
  if (listed.length === 0 && apiServer !== undefined) return podAccess(apiServer);
  const files = listed.length > 0 ? listed : [path.join(home ?? homedir(), '.kube', 'config')];
  const loaded = readKubeconfigFiles(files);
  if (loaded.length === 0) {
    throw new Failure('usage', clusterMessages.noKubeconfig({ files }), { hint: chooseKubeconfig });
  }
  return resolveContext(loaded, variables, options);
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
    proxy: undefined,
    impersonation: [],
    certificateAuthority,
    source: "this pod's ServiceAccount",
    clusterName: undefined,
    contextName: undefined,
    userName: undefined,
    kubectl: ['kubectl'],
  };
}

async function resolveContext(
  files: readonly KubeconfigFile[],
  variables: Variables,
  { explicitFile, context: wanted, terminal = false, signal }: AccessOptions,
): Promise<ClusterAccess> {
  const kubectl = explicitFile ? ['kubectl', '--kubeconfig', explicitFile] : ['kubectl'];
  const configCommand = (...words: readonly string[]) => `\`${shellCommand([...kubectl, 'config', ...words])}\``;
  const file = files.map((each) => each.file).join(', ');
  const listing = (what: string) => messages.listThem({ command: configCommand(what) });

  const name = wanted ?? currentContext(files);
  if (name === undefined)
    throw bad(
      messages.noCurrentContext({ file }),
      messages.chooseContext({ command: configCommand('use-context', 'NAME') }),
    );
  const context = findEntry(files, ['contexts', 'context'], name, contextSchema);
  if (context === undefined) throw bad(messages.noContext({ file, name }), listing('get-contexts'));
  const { cluster: clusterName, user: userName } = context.value;
  const cluster = findEntry(files, ['clusters', 'cluster'], clusterName, clusterSchema);
  if (cluster === undefined)
    throw bad(messages.noCluster({ file, name: clusterName, context: name }), listing('get-clusters'));
  const user = userName ? findEntry(files, ['users', 'user'], userName, userSchema) : undefined;
  if (userName && user === undefined)
    throw bad(messages.noUser({ file, name: userName, context: name }), listing('get-users'));

  const place = placeOf(cluster, clusterName, configCommand('set-cluster', 'NAME', '--server=URL'));
  const known = user ?? { file: cluster.file, value: {} };
  const login = await loginOf(known, userName ?? '', {
    cluster: execCluster(cluster.value, place),
    variables,
    terminal,
    signal,
    useContext: configCommand('use-context', 'NAME'),
  });
  return {
    ...place,
    tls: { ...place.tls, ...login.tls },
    credential: login.credential,
    impersonation: impersonationHeaders(known.value),
    source: `context ${name} of ${context.file}`,
    clusterName,
    contextName: name,
    userName: userName || undefined,
    kubectl: wanted === undefined ? kubectl : [...kubectl, '--context', wanted],
  };
}

function bad(said: Message, hint: Message): Failure {
  return new Failure('usage', said, { hint });
}

type Place = Pick<ClusterAccess, 'server' | 'tls' | 'proxy' | 'certificateAuthority'>;

/** Where the API server is, and how its certificate is checked. @throws Failure (usage) */
function placeOf({ file, value: fields }: Found<Cluster>, name: string, setServer: string): Place {
  if (!URL.canParse(fields.server) || !/^https?:$/.test(new URL(fields.server).protocol))
    throw bad(messages.badServer({ file, name, server: fields.server }), messages.setServer({ command: setServer }));
  const server = new URL(fields.server);
  if (server.protocol === 'http:' && !isLoopback(server.hostname))
    throw bad(messages.plainHttp({ file, name, server: server.origin }), messages.useHttps());
  const certificateAuthority = material(file, 'certificate-authority', {
    data: fields['certificate-authority-data'],
    file: fields['certificate-authority'],
  });
  if (certificateAuthority !== undefined) checkAuthority(certificateAuthority, messages.inFile({ file, name }));
  const insecure = fields['insecure-skip-tls-verify'] === true;
  if (insecure && certificateAuthority !== undefined)
    throw bad(messages.insecureWithAuthority({ file, name }), messages.removeInsecure());
  const proxy = fields['proxy-url'] ? parseProxy(fields['proxy-url']) : undefined;
  if (fields['proxy-url'] && proxy === undefined)
    throw bad(messages.badProxy({ file, name }), messages.proxyLooksLike());
  return {
    server,
    tls: {
      ...(certificateAuthority === undefined ? {} : { ca: certificateAuthority }),
      ...(insecure ? { rejectUnauthorized: false } : {}),
      ...(fields['tls-server-name'] ? { servername: fields['tls-server-name'] } : {}),
    },
    proxy,
    certificateAuthority,
  };
}

/** What an exec plugin may be told of the cluster. */
function execCluster(fields: Cluster, { certificateAuthority }: Place): ExecCluster {
  const authority =
    certificateAuthority === undefined ? undefined : Buffer.from(certificateAuthority).toString('base64');
  return {
    server: fields.server,
    'tls-server-name': fields['tls-server-name'] || undefined,
    'insecure-skip-tls-verify': fields['insecure-skip-tls-verify'] || undefined,
    'certificate-authority-data': authority,
    'proxy-url': fields['proxy-url'] || undefined,
    'disable-compression': fields['disable-compression'] || undefined,
    config: fields.extensions?.find(({ name }) => name === execExtension)?.extension,
  };
}
