/**
 * `credentials-updater login`: once a cluster. Learns where the cluster is, logs in to the club's site, and makes this
 * program the plugin that kubectl asks for the token. What can be refused is refused before the password is asked for.
 */
import path from 'node:path';
import { Failure } from '../lib/failure.ts';
import { inLanguage, type Text } from '../lib/message.ts';
import { loginMessages as messages } from '../lib/messages/member-login.ts';
import { columnsOf, wrapLine } from '../lib/terminal-text.ts';
import { parsePoolcEndpoint } from '../poolc/endpoint.ts';
import { askApiServer, type ServerAnswer } from './api-server.ts';
import { type ClusterInfo, describeCluster, sentByMember } from './cluster-info.ts';
import { aliveToken } from './current-token.ts';
import type { MemberEnvironment } from './environment.ts';
import { proveIdentity } from './identity.ts';
import { clusterEntry, rehearse, writeEntry } from './kubeconfig-file.ts';
import { kubectlContext } from './kubectl-context.ts';
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
  readonly whenUnreachable: string | undefined;
  /** Who logged in last. */
  readonly lastLoginId: string | undefined;
}

const siteTimeoutMs = 15_000;

/** @throws Failure (usage, login, site); what the site or the kubeconfig refuses leaves both files as they were */
export async function login(environment: MemberEnvironment, flags: LoginFlags): Promise<void> {
  const places = placesOf(environment);
  const target = await chooseTarget(environment, places, flags);
  const kubeconfig = kubeconfigChange(environment, places, target, flags);
  if (kubeconfig !== undefined) await rehearse(...kubeconfig);

  const site = openSite(target.site, environment, siteTimeoutMs);
  const { loginId, accessToken } = await proveIdentity(environment, site, { ...flags, ...target });
  const { name, whenUnreachable } = target;
  const cluster = { name, site: target.site, whenUnreachable, login: newLogin(loginId, accessToken) };
  const answer = await site.ownToken(accessToken);
  if (answer.kind === 'not logged in') {
    throw new Failure('login', messages.accessTokenRefused({ site: site.peer }), {
      hint: messages.takeFreshAccessToken(),
    });
  }

  // The kubeconfig first: it may be refused to be written, and then there must be no login either.
  if (kubeconfig !== undefined) await writeEntry(...kubeconfig);
  await writeKnownCluster(places.logins, cluster);
  const first = await firstToken(places, cluster, () =>
    aliveToken(environment, answer, { cluster, now: environment.clock.now(), hadToken: false }),
  );
  const server = await askWhere(environment, cluster, first instanceof Failure ? undefined : first);
  report(environment, {
    cluster,
    first,
    server,
    kubeconfig: kubeconfig?.[1].file,
    keepContext: flags.keepContext,
  });
}

async function chooseTarget(environment: MemberEnvironment, places: Places, flags: LoginFlags): Promise<Target> {
  if (flags.cluster === undefined) {
    const needsCluster =
      flags.kubeconfig !== undefined || flags.namespace !== undefined || flags.keepContext || flags.replace;
    if (needsCluster) {
      throw new Failure('usage', messages.clusterFlagNeeded(), { hint: messages.onlyRenewed() });
    }
    const known = await chooseCluster(environment, places.logins, flags.name);
    const site = flags.site === undefined ? known.site : parsePoolcEndpoint(flags.site, '--site', sentByMember);
    const { name, whenUnreachable } = known;
    return { name, site, whenUnreachable, info: undefined, lastLoginId: known.login?.loginId };
  }
  const described = await describeCluster(flags.cluster, environment);
  const name = flags.name === undefined ? described.info.name : checkClusterName(flags.name, '--name');
  const known = await readKnownCluster(environment, places.logins, name);
  const site =
    flags.site === undefined ? (described.site ?? known?.site) : parsePoolcEndpoint(flags.site, '--site', sentByMember);
  if (site === undefined) {
    throw new Failure('usage', messages.siteUnknown({ where: flags.cluster }), { hint: messages.giveSite() });
  }
  const { info } = described;
  return { name, site, info, whenUnreachable: info.whenUnreachable, lastLoginId: known?.login?.loginId };
}

/** What is to be written into which kubeconfig; undefined when nothing is. */
function kubeconfigChange(
  environment: MemberEnvironment,
  places: Places,
  { name, info }: Target,
  { cluster = '', kubeconfig = places.kubeconfig, namespace, keepContext, replace }: LoginFlags,
): Parameters<typeof writeEntry> | undefined {
  if (info === undefined) return undefined;
  const entry = clusterEntry(environment, { name, info, namespace, again: ['login', '--cluster', cluster] });
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

/** Off campus the site may answer and the cluster may not. undefined where kubectl does not know the cluster. */
async function askWhere(
  environment: MemberEnvironment,
  { name, whenUnreachable }: LoggedInCluster,
  first: CachedToken | undefined,
): Promise<ServerAnswer | undefined> {
  const server = (await kubectlContext(environment, name))?.server;
  if (server === undefined) return undefined;
  const { url, certificateAuthority } = server;
  return askApiServer(environment, {
    cluster: name,
    server: url,
    certificateAuthority,
    token: first?.token,
    whenUnreachable,
  });
}

interface Report {
  readonly cluster: LoggedInCluster;
  readonly first: CachedToken | Failure;
  readonly server: ServerAnswer | undefined;
  /** The file that was written; undefined where none was. */
  readonly kubeconfig: string | undefined;
  readonly keepContext: boolean;
}

function report(
  { stdout, clock, home, language }: MemberEnvironment,
  {
    cluster: {
      name,
      site,
      login: { loginId },
    },
    first,
    server,
    kubeconfig,
    keepContext,
  }: Report,
): void {
  const lines: Text[] = [messages.loggedIn({ site: messages.site({ host: site.host }), loginId })];
  if (kubeconfig !== undefined) {
    const file = kubeconfig.startsWith(`${home}${path.sep}`) ? `~${kubeconfig.slice(home.length)}` : kubeconfig;
    lines.push(
      keepContext
        ? messages.contextIsThere({ cluster: name, file })
        : messages.contextIsCurrent({ cluster: name, file }),
    );
  }
  if (!(first instanceof Failure))
    lines.push(messages.tokenIsGood({ seconds: (first.expiresAt - clock.now()) / 1_000 }));
  const problems = [
    ...(first instanceof Failure ? [first] : []),
    ...(server === undefined || server.isFine ? [] : [server]),
  ];
  for (const { said, advised } of problems) {
    lines.push(messages.but({ problem: said }));
    if (advised !== undefined) lines.push(`  ${inLanguage(advised, language)}`);
  }
  if (problems.length === 0)
    lines.push(messages.tryIt({ command: `kubectl ${keepContext ? `--context ${name} ` : ''}get namespaces` }));
  const columns = columnsOf(stdout);
  for (const line of lines) stdout.write(`${wrapLine(inLanguage(line, language), columns, 2)}\n`);
}
