/** A cluster's public description, from a file or from the club's site: its name, its address and its CA. */
import { X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import * as z from 'zod/mini';
import { exchange, redirectOf } from '../http/exchange.ts';
import { Failure } from '../lib/failure.ts';
import type { Message } from '../lib/message.ts';
import { httpMessages } from '../lib/messages/http.ts';
import { descriptionMessages as messages } from '../lib/messages/member-site.ts';
import { withoutInvisible } from '../lib/terminal-text.ts';
import { parsePoolcEndpoint } from '../poolc/endpoint.ts';
import type { MemberEnvironment } from './environment.ts';
import { checkClusterName } from './logins.ts';

export interface ClusterInfo {
  readonly name: string;
  readonly server: URL;
  /** PEM. */
  readonly certificateAuthority: string;
  /** What the operators say to somebody who can't reach the cluster, such as that it needs a VPN. */
  readonly whenUnreachable: string | undefined;
}

export interface DescribedCluster {
  readonly info: ClusterInfo;
  /** The PoolC API that the description came from; undefined when it came from elsewhere. */
  readonly site: URL | undefined;
}

/** What a member sends to the site: for the words of a refused address. */
export const sentByMember = {
  secrets: httpMessages.sentByMember(),
  belongsElsewhere: httpMessages.memberLoginElsewhere(),
};

const infoSchema = z.object({
  name: z.string(),
  server: z.string(),
  certificateAuthority: z.string(),
  whenUnreachable: z.optional(z.string()),
});
const descriptionPath = /\/kubernetes\/cluster-info\/?$/;
const longestAdvice = 300;
const timeoutMs = 15_000;
const longestAnswer = 1024 * 1024;

/**
 * @param where a file's path, or an https address (http on loopback): of the description, or of the site that has it
 * @throws Failure (usage, site)
 */
export async function describeCluster(where: string, environment: MemberEnvironment): Promise<DescribedCluster> {
  if (!/^https?:\/\//i.test(where)) return { info: parseInfo(await readText(where), where), site: undefined };
  const url = parsePoolcEndpoint(where, '--cluster', sentByMember);
  if (descriptionPath.test(url.pathname)) {
    const site = new URL(url.pathname.replace(descriptionPath, '/'), url);
    return {
      info: parseInfo(await download(url, environment), url.href),
      site: parsePoolcEndpoint(site.href, '--cluster', sentByMember),
    };
  }
  const ofSite = new URL(url);
  ofSite.pathname = `${url.pathname.replace(/\/+$/, '')}/kubernetes/cluster-info`;
  if (url.pathname !== '/') {
    // A description may be served anywhere; only where none is there, the address is taken for the site's.
    const answer = await attempt(async () => parseInfo(await download(url, environment), url.href));
    if (!('failure' in answer)) return { info: answer.result, site: undefined };
    const other = await attempt(async () => describeCluster(ofSite.href, environment));
    if ('failure' in other) throw answer.failure;
    return other.result;
  }
  return describeCluster(ofSite.href, environment);
}

async function attempt<T>(work: () => Promise<T>): Promise<{ readonly result: T } | { readonly failure: Failure }> {
  try {
    return { result: await work() };
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    return { failure: error };
  }
}

async function readText(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown error';
    const why = code === 'ENOENT' ? messages.fileMissing({ file }) : messages.fileUnreadable({ file, code });
    // Somebody may have left out the scheme: api.example.org.
    const guess =
      /^[\w-]+(\.[\w-]+)+(:\d+)?(\/\S*)?$/.test(file) && !file.endsWith('.json') ? `https://${file}` : undefined;
    throw new Failure('usage', why, { cause: error, hint: messages.fileOrAddress({ guess }) });
  }
}

/** From an address that anybody may read; nothing secret is sent. */
async function download(url: URL, { env, signal }: MemberEnvironment): Promise<string> {
  const peer = messages.description({ where: url.href });
  const answer = await exchange({
    method: 'GET',
    url,
    headers: { accept: 'application/json' },
    timeoutMs,
    longestAnswer,
    signal,
    proxyEnv: env,
    kind: 'site',
    peer,
    addressHint: messages.isAddressRight(),
  });
  const { status } = answer;
  if (status === 200) return answer.body.toString('utf8');
  const to = redirectOf(answer);
  throw new Failure('site', messages.notAvailable({ description: peer, status, to }), {
    status,
    hint: status === 404 ? messages.siteDescribesNothing() : messages.askOperators(),
  });
}

function parseInfo(text: string, where: string): ClusterInfo {
  const malformed = (why: Message) =>
    new Failure('usage', messages.malformed({ where, why }), { hint: messages.operatorsMakeIt() });
  let content: unknown;
  try {
    content = JSON.parse(text);
  } catch {
    throw malformed(messages.notJson());
  }
  const parsed = infoSchema.safeParse(content);
  if (!parsed.success) throw malformed(messages.fieldWrong({ field: parsed.error.issues[0]?.path.join('.') ?? '' }));
  const { name, server, certificateAuthority, whenUnreachable } = parsed.data;
  if (!URL.canParse(server) || new URL(server).protocol !== 'https:')
    throw malformed(messages.serverNotHttps({ server: withoutInvisible(server.slice(0, 200)) }));
  if (!isCertificate(certificateAuthority)) throw malformed(messages.notCertificate());
  return {
    name: checkClusterName(name, `${where}: name`),
    server: new URL(server),
    certificateAuthority,
    whenUnreachable:
      whenUnreachable === undefined ? undefined : withoutInvisible(whenUnreachable.slice(0, longestAdvice)),
  };
}

function isCertificate(pem: string): boolean {
  try {
    return new X509Certificate(pem).raw.length > 0;
  } catch {
    return false;
  }
}
