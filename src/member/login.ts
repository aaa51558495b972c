/**
 * `credentials-updater login`: once a cluster. Learns where the cluster is, logs in to the club's site, and makes this
 * program the plugin that kubectl asks for the token. What can be refused is refused before the password is asked for.
 */
import path from 'node:path';
import { formatDuration } from '../lib/duration.ts';
import { Failure } from '../lib/failure.ts';
import { parsePoolcEndpoint } from '../poolc/endpoint.ts';
import { type ClusterInfo, describeCluster, sentByMember } from './cluster-info.ts';
import { aliveToken } from './current-token.ts';
import type { MemberEnvironment } from './environment.ts';
import { proveIdentity } from './identity.ts';
import { clusterEntry, rehearse, writeEntry } from './kubeconfig-file.ts';
import {
  checkClusterName,
  chooseCluster,
  type LoggedInCluster,
  newLogin,
  readKnownCluster,
  writeKnownCluster,
} from './logins.ts';
import { type Places, placesOf } from './places.ts';
import { openSite } from './site.ts';
import { type CachedToken, openTokenCache } from './token-cache.ts';

export interface LoginFlags {
  /** A file or an address with the cluster's description; undefined to log in again to a known cluster. */
  readonly cluster: string | undefined;
  readonly site: string | undefined;
  readonly name: string | undefined;
  readonly loginId: string | undefined;
  /** `-` for stdin. */
  readonly accessTokenFile: string | undefined;
  readonly kubeconfig: string | undefined;
  readonly namespace: string | undefined;
  readonly keepContext: boolean;
  readonly replace: boolean;
}

/** What is logged in to. */
interface Target {
  readonly name: string;
  readonly site: URL;
  /** undefined when the kubeconfig has the cluster already, and stays as it is. */
  readonly info: ClusterInfo | undefined;
  /** Who logged in last. */
  readonly lastLoginId: string | undefined;
}

const siteTimeoutMs = 15_000;

/** @throws Failure (usage, login, site); what the site or the kubeconfig refuses leaves both files as they were */
export async function login(environment: MemberEnvironment, flags: LoginFlags): Promise<void> {
  const places = placesOf(environment);
  const target = await chooseTarget(environment, places, flags);
  const kubeconfig = await kubeconfigChange(environment, places, target, flags);
  if (kubeconfig !== undefined) await rehearse(...kubeconfig);

  const site = openSite(target.site, environment, siteTimeoutMs);
  const { loginId, accessToken } = await proveIdentity(environment, site, { ...flags, ...target });
  const cluster = { name: target.name, site: target.site, login: newLogin(loginId, accessToken) };
  const answer = await site.ownToken(accessToken);
  if (answer.kind === 'not logged in') {
    throw new Failure('login', `PoolC (${target.site.host}) does not accept this access token`, {
      hint: 'it may have expired: take a fresh one, or log in with login id and password',
    });
  }

  // The kubeconfig first: it may be refused to be written, and then there must be no login either.
  if (kubeconfig !== undefined) await writeEntry(...kubeconfig);
  await writeKnownCluster(places.logins, cluster);
  const first = await firstToken(places, cluster, () =>
    aliveToken(answer, cluster, { now: environment.clock.now(), hadToken: false }),
  );
  report(environment, { target, loginId, first, kubeconfig: kubeconfig?.[1].file, keepContext: flags.keepContext });
}

async function chooseTarget(environment: MemberEnvironment, places: Places, flags: LoginFlags): Promise<Target> {
  if (flags.cluster === undefined) {
    const needsCluster =
      flags.kubeconfig !== undefined || flags.namespace !== undefined || flags.keepContext || flags.replace;
    if (needsCluster) {
      throw new Failure('usage', '--kubeconfig, --namespace, --keep-context and --replace need --cluster', {
        hint: 'without --cluster only the login is renewed; the kubeconfig stays as it is',
      });
    }
    const known = await chooseCluster(places.logins, flags.name);
    const site = flags.site === undefined ? known.site : parsePoolcEndpoint(flags.site, '--site', sentByMember);
    return { name: known.name, site, info: undefined, lastLoginId: known.login?.loginId };
  }
  const described = await describeCluster(flags.cluster, environment);
  const name = flags.name === undefined ? described.info.name : checkClusterName(flags.name, '--name');
  const known = await readKnownCluster(places.logins, name);
  const site =
    flags.site === undefined ? (described.site ?? known?.site) : parsePoolcEndpoint(flags.site, '--site', sentByMember);
  if (site === undefined) {
    throw new Failure('usage', `${flags.cluster} says where the cluster is, but not where to log in`, {
      hint: "give the address of the club's PoolC API with --site https://…",
    });
  }
  return { name, site, info: described.info, lastLoginId: known?.login?.loginId };
}

/** What is to be written into which kubeconfig; undefined when nothing is. */
async function kubeconfigChange(
  environment: MemberEnvironment,
  places: Places,
  { name, info }: Target,
  { cluster = '', kubeconfig = places.kubeconfig, namespace, keepContext, replace }: LoginFlags,
): Promise<Parameters<typeof writeEntry> | undefined> {
  if (info === undefined) return undefined;
  const entry = await clusterEntry(environment, { name, info, namespace, describedAt: cluster });
  return [entry, { file: path.resolve(kubeconfig), makeCurrent: !keepContext, replace }];
}

/** The first token goes into the cache. That there is none yet is said, and is no failure of the login. */
async function firstToken(
  places: Places,
  { name, login: { id } }: LoggedInCluster,
  take: () => CachedToken,
): Promise<CachedToken | Failure> {
  const cache = openTokenCache(path.join(places.tokens, name), id);
  // What was cached belongs to an earlier login, perhaps another member's.
  await cache.clear().catch(() => undefined);
  try {
    const token = take();
    await cache.write(token);
    return token;
  } catch (error) {
    if (error instanceof Failure) return error;
    throw error;
  }
}

interface Report {
  readonly target: Target;
  readonly loginId: string | undefined;
  readonly first: CachedToken | Failure;
  readonly kubeconfig: string | undefined;
  readonly keepContext: boolean;
}

function report(
  { stdout, clock, home }: MemberEnvironment,
  { target, loginId, first, kubeconfig, keepContext }: Report,
) {
  const { name, site } = target;
  const lines = [`Logged in to PoolC (${site.host})${loginId === undefined ? '' : ` as ${loginId}`}.`];
  if (kubeconfig !== undefined) {
    const file = kubeconfig.startsWith(`${home}${path.sep}`) ? `~${kubeconfig.slice(home.length)}` : kubeconfig;
    lines.push(`kubectl's context ${name} is in ${file}${keepContext ? '.' : ', and is the current one.'}`);
  }
  if (first instanceof Failure) {
    lines.push(`But: ${first.message}.`, ...(first.hint === undefined ? [] : [`  ${first.hint}`]));
  } else {
    const left = formatDuration((first.expiresAt - clock.now()) / 1_000);
    lines.push(`Your token is good for ${left}; kubectl fetches the next ones by itself.`);
    lines.push('Try: kubectl get namespaces');
  }
  stdout.write(`${lines.join('\n')}\n`);
}
