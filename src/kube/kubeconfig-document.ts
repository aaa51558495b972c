/**
 * A kubeconfig as data: one cluster, one user and one context, by themselves or merged into a file that someone else
 * wrote. Nothing in such a file is lost: comments, order, unknown fields and other entries stay as they are, and an
 * entry of the same name that is not ours is a conflict, never overwritten unasked. Pure: the caller reads and writes.
 */
import { X509Certificate } from 'node:crypto';
import path from 'node:path';
import {
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  parseDocument,
  type ScalarTag,
  type Tags,
  type YAMLMap,
  type YAMLSeq,
} from 'yaml';
import { Failure } from '../lib/failure.ts';
import type { Message, Text } from '../lib/message.ts';
import { kubeconfigMessages as messages } from '../lib/messages/kubeconfig.ts';
import type { Secret } from '../lib/secret.ts';
import { withoutInvisible } from '../lib/terminal-text.ts';

export interface KubeconfigEntry {
  readonly cluster: KubeconfigCluster;
  readonly user: { readonly name: string; readonly credential: KubeconfigCredential };
  readonly contextName: string;
  /** The namespace that the context is for; one that it has already stays unless this is given. */
  readonly namespace?: string;
}

export interface KubeconfigCluster {
  readonly name: string;
  readonly server: URL;
  /** PEM; undefined where the API server's certificate is one that the system trusts. */
  readonly certificateAuthority: string | undefined;
  /** The name in the API server's certificate, where it isn't the address's. */
  readonly tlsServerName?: string | undefined;
  /** Only where someone asked for it by name. */
  readonly insecureSkipTlsVerify?: boolean | undefined;
}

export type KubeconfigCredential =
  | { readonly token: Secret }
  | { readonly exec: ExecPlugin }
  /** PEM. */
  | { readonly certificate: string; readonly key: Secret };

/** A credential plugin (client.authentication.k8s.io), as a kubeconfig names it. */
export interface ExecPlugin {
  readonly apiVersion: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly env?: readonly { readonly name: string; readonly value: string }[];
  readonly interactiveMode: 'Never' | 'IfAvailable' | 'Always';
  readonly provideClusterInfo?: boolean;
  readonly installHint?: string;
}

export interface MergeOptions {
  /** How the file is called in a failure. */
  readonly file: string;
  /** Whether our context becomes the current one although another is. Without a current one, it always does. */
  readonly makeCurrent: boolean;
  /** Whether an entry of the same name that is not ours is replaced. */
  readonly replace: boolean;
}

/** A kubeconfig with nothing else in it. */
export function renderKubeconfig(entry: KubeconfigEntry): string {
  return mergeKubeconfig(undefined, entry, { file: 'a new kubeconfig', makeCurrent: true, replace: false });
}

/**
 * The text of a kubeconfig with our cluster, user and context in it.
 * @param existing the text that the file has; undefined or blank when there is none
 * @throws Failure (usage) when it is no kubeconfig, or has an entry of one of our names that is not ours
 */
export function mergeKubeconfig(
  existing: string | undefined,
  { cluster, user, contextName, namespace }: KubeconfigEntry,
  { file, makeCurrent, replace }: MergeOptions,
): string {
  const document = readDocument(existing, file);
  const conflict = (kind: string, name: string, what: Message) => {
    if (replace) return;
    throw new Failure('usage', messages.conflict({ file, kind, name, what }), { hint: messages.renameOrReplace() });
  };

  const clusterFields = namedEntry(document, { list: 'clusters', kind: 'cluster', name: cluster.name, file });
  const server = clusterFields.get('server');
  if (typeof server === 'string' && !sameServer(server, cluster.server))
    conflict('cluster', cluster.name, messages.otherAddress({ server: withoutInvisible(server) }));
  set(clusterFields, {
    server: serverText(cluster.server),
    'certificate-authority': undefined,
    // kubectl takes no CA from anyone who doesn't check it.
    'certificate-authority-data': cluster.insecureSkipTlsVerify ? undefined : base64(cluster.certificateAuthority),
    'tls-server-name': cluster.tlsServerName,
    'insecure-skip-tls-verify': cluster.insecureSkipTlsVerify === true ? true : undefined,
  });

  const userFields = namedEntry(document, { list: 'users', kind: 'user', name: user.name, file });
  const foreign = foreignCredential(userFields, user.credential);
  if (foreign !== undefined) conflict('user', user.name, messages.otherCredential({ field: foreign }));
  set(userFields, {
    ...Object.fromEntries(credentialFields.map((field) => [field, undefined])),
    ...fieldsOf(user.credential),
  });

  const contextFields = namedEntry(document, { list: 'contexts', kind: 'context', name: contextName, file });
  const ours = contextFields.items.length === 0 || contextFields.get('cluster') === cluster.name;
  if (!ours || (contextFields.has('user') && contextFields.get('user') !== user.name))
    conflict('context', contextName, messages.otherContext());
  set(contextFields, { cluster: cluster.name, user: user.name, ...(namespace === undefined ? {} : { namespace }) });

  if (makeCurrent || !document.get('current-context')) document.set('current-context', contextName);
  // kubectl does not indent the items of a list, people often do: each file goes on as it was begun.
  const indentSeq = existing !== undefined && !/^[\w-]+:[^\S\n]*\r?\n- /m.test(existing);
  return document.toString({ lineWidth: 0, indentSeq });
}

/** Every field by which a user proves who they are (client-go's AuthInfo). */
const credentialFields = [
  'client-certificate',
  'client-certificate-data',
  'client-key',
  'client-key-data',
  'token',
  'tokenFile',
  'username',
  'password',
  'auth-provider',
  'exec',
];

function fieldsOf(credential: KubeconfigCredential): Readonly<Record<string, unknown>> {
  if ('token' in credential) return { token: credential.token.reveal() };
  if ('exec' in credential) return { exec: { ...credential.exec } };
  const { certificate, key } = credential;
  return { 'client-certificate-data': base64(certificate), 'client-key-data': base64(key.reveal()) };
}

/** The field that makes this another's credential; a token is ours to replace, and so is our own plugin. */
function foreignCredential(user: YAMLMap, credential: KubeconfigCredential): string | undefined {
  const found = credentialFields.filter((field) => field !== 'token' && user.has(field));
  const [first] = found;
  if ('certificate' in credential) {
    if (user.has('token')) return 'token';
    return sameSubject(user.get('client-certificate-data'), credential.certificate)
      ? found.find((field) => field !== 'client-certificate-data' && field !== 'client-key-data')
      : first;
  }
  if (first !== 'exec' || found.length > 1 || !('exec' in credential)) return first;
  const command = user.getIn(['exec', 'command']);
  const program = typeof command === 'string' ? path.basename(command) : undefined;
  const sameProgram = program === path.basename(credential.exec.command);
  return sameProgram || sameTask(user.getIn(['exec', 'args'], true), credential.exec) ? undefined : first;
}

/** Whether it is a certificate of the same person, which a newer one replaces. */
function sameSubject(existing: unknown, pem: string): boolean {
  if (typeof existing !== 'string') return false;
  try {
    const [theirs, ours] = [new X509Certificate(Buffer.from(existing, 'base64')), new X509Certificate(pem)];
    return commonNameOf(theirs) === commonNameOf(ours);
  } catch {
    return false;
  }
}

function commonNameOf({ subject }: X509Certificate): string | undefined {
  return subject.split('\n').find((part) => part.startsWith('CN='));
}

/** Whether these arguments ask for the same: our program may have been started otherwise before, as `node FILE`. */
function sameTask(node: unknown, { args }: ExecPlugin): boolean {
  if (!isSeq(node) || !args.includes('get-token')) return false;
  const task = args.slice(args.indexOf('get-token'));
  const theirs = node.items.map((item) => (isScalar(item) ? String(item.value) : ''));
  return task.length <= theirs.length && theirs.slice(-task.length).join('\0') === task.join('\0');
}

/** Numbers of a file that isn't ours go back as they were written: 0123, 1e3 and what has more digits than a float. */
function numbersAsWritten(tags: Tags): Tags {
  return tags.map((tag) => {
    if (typeof tag !== 'object' || !/:(int|float)$/.test(tag.tag) || tag.collection !== undefined) return tag;
    const asWritten: ScalarTag = { ...tag, stringify: ({ source, value }) => source ?? String(value) };
    return asWritten;
  });
}

function readDocument(existing: string | undefined, file: string): Document {
  const document: Document = parseDocument(existing ?? '', { customTags: numbersAsWritten });
  const [problem] = document.errors;
  if (problem !== undefined) {
    // The first line only: what follows shows the file's text, which may hold a credential.
    throw malformed(file, problem.message.split('\n')[0]?.replace(/:$/, '') ?? messages.notYaml());
  }
  if (document.contents === null) document.contents = document.createNode({ apiVersion: 'v1', kind: 'Config' });
  if (!isMap(document.contents)) throw malformed(file, messages.notMapping());
  return document;
}

/** The mapping under `kind` of the entry with this name in one of the three lists; both are made where they are missing. */
function namedEntry(
  document: Document,
  { list, kind, name, file }: { list: string; kind: string; name: string; file: string },
): YAMLMap {
  const entries = listOf(document, list, file);
  for (const item of entries.items) {
    const entry = isAlias(item) ? item.resolve(document) : item;
    if (!isMap(entry)) throw malformed(file, messages.itemNotMapping({ list }));
    if (entry.get('name') === name) return mapUnder(document, entry, { key: kind, where: `${list} "${name}"`, file });
  }
  const entry = document.createNode({ [kind]: {}, name });
  entries.add(entry);
  return mapUnder(document, entry, { key: kind, where: list, file });
}

function listOf(document: Document, key: string, file: string): YAMLSeq {
  const node = document.get(key, true);
  if (isSeq(node)) {
    // An empty list is written `[]`; what is added to it shall not be.
    if (node.items.length === 0) node.flow = false;
    return node;
  }
  if (node !== undefined && !(isScalar(node) && node.value === null)) throw malformed(file, messages.notList({ key }));
  const created = document.createNode([]);
  document.set(key, created);
  return created;
}

function mapUnder(
  document: Document,
  entry: YAMLMap,
  { key, where, file }: { key: string; where: string; file: string },
): YAMLMap {
  const node = entry.get(key, true);
  if (isMap(node)) {
    if (node.items.length === 0) node.flow = false;
    return node;
  }
  if (node !== undefined && !(isScalar(node) && node.value === null))
    throw malformed(file, messages.fieldNotMapping({ key, where }));
  const created = document.createNode({});
  entry.set(key, created);
  return created;
}

/** Sets fields where they stand, adds new ones at the end, and takes away those that are undefined. */
function set(map: YAMLMap, fields: Readonly<Record<string, unknown>>): void {
  for (const [key, value] of Object.entries(fields)) {
    if (value === undefined) map.delete(key);
    else map.set(key, value);
  }
}

/** An API server's address as kubeconfigs write it: without the slash that a URL has at its end. */
export function serverText(server: URL): string {
  return server.href.replace(/\/+$/, '');
}

function sameServer(text: string, server: URL): boolean {
  return URL.canParse(text) && new URL(text).href === server.href;
}

function base64(pem: string | undefined): string | undefined {
  return pem === undefined ? undefined : Buffer.from(pem).toString('base64');
}

function malformed(file: string, why: Text): Failure {
  return new Failure('usage', messages.malformed({ file, why }), { hint: messages.doesKubectlReadIt() });
}
