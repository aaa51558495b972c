/** A cluster's public description, from a file or from the club's site: its name, its address and its CA. */
import { X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import * as z from 'zod/mini';
import { exchange, redirectOf } from '../http/exchange.ts';
import { Failure } from '../lib/failure.ts';
import { parsePoolcEndpoint } from '../poolc/endpoint.ts';
import type { MemberEnvironment } from './environment.ts';
import { checkClusterName } from './logins.ts';

export interface ClusterInfo {
  readonly name: string;
  readonly server: URL;
  /** PEM. */
  readonly certificateAuthority: string;
}

export interface DescribedCluster {
  readonly info: ClusterInfo;
  /** The PoolC API that the description came from; undefined when it came from elsewhere. */
  readonly site: URL | undefined;
}

/** What a member sends to the site: for the words of a refused address. */
export const sentByMember = {
  secrets: 'your password and your token',
  belongsElsewhere: 'login id and password are asked for, nothing of them belongs into the address',
};

const infoSchema = z.object({ name: z.string(), server: z.string(), certificateAuthority: z.string() });
const descriptionPath = /\/kubernetes\/cluster-info\/?$/;
const timeoutMs = 15_000;
const longestAnswer = 1024 * 1024;

/**
 * @param where a file's path, or an https address (http on loopback)
 * @throws Failure (usage, site)
 */
export async function describeCluster(where: string, environment: MemberEnvironment): Promise<DescribedCluster> {
  if (!/^https?:\/\//i.test(where)) return { info: parseInfo(await readText(where), where), site: undefined };
  const url = parsePoolcEndpoint(where, '--cluster', sentByMember);
  const site = descriptionPath.test(url.pathname)
    ? parsePoolcEndpoint(new URL(url.pathname.replace(descriptionPath, '/'), url).href, '--cluster', sentByMember)
    : undefined;
  return { info: parseInfo(await download(url, environment), url.href), site };
}

async function readText(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown error';
    const why = code === 'ENOENT' ? 'does not exist' : `can't be read (${code})`;
    throw new Failure('usage', `the cluster's description ${file} ${why}`, {
      cause: error,
      hint: "--cluster takes a file or an https address; the club's site shows the command with its own",
    });
  }
}

/** From an address that anybody may read; nothing secret is sent. */
async function download(url: URL, { env, signal }: MemberEnvironment): Promise<string> {
  const peer = `the cluster's description at ${url.href}`;
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
    addressHint: 'is this computer online, and is the address right?',
  });
  const { status } = answer;
  if (status === 200) return answer.body.toString('utf8');
  const to = redirectOf(answer);
  throw new Failure('site', `${peer} can't be had: ${status}${to === undefined ? '' : `, it sends on to ${to}`}`, {
    status,
    hint:
      status === 404
        ? 'the site does not describe its cluster (yet): ask the operators'
        : 'is the address right? Ask the operators',
  });
}

function parseInfo(text: string, where: string): ClusterInfo {
  const malformed = (why: string) =>
    new Failure('usage', `${where} does not describe a cluster as {name, server, certificateAuthority}: ${why}`, {
      hint: 'operators make such a file with: credentials-updater kubeconfig --cluster-info',
    });
  let content: unknown;
  try {
    content = JSON.parse(text);
  } catch {
    throw malformed('it is not JSON');
  }
  const parsed = infoSchema.safeParse(content);
  if (!parsed.success)
    throw malformed(`${parsed.error.issues[0]?.path.join('.') || 'the whole'} is missing or of the wrong type`);
  const { name, server, certificateAuthority } = parsed.data;
  if (!URL.canParse(server) || new URL(server).protocol !== 'https:')
    throw malformed(`its server, ${server}, is no https address`);
  if (!isCertificate(certificateAuthority)) throw malformed('its certificateAuthority is no certificate in PEM');
  return { name: checkClusterName(name, `${where}: name`), server: new URL(server), certificateAuthority };
}

function isCertificate(pem: string): boolean {
  try {
    return new X509Certificate(pem).raw.length > 0;
  } catch {
    return false;
  }
}
