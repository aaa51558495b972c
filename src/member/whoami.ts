/** `credentials-updater whoami`: who the member is on each cluster, until when, and whether it can be reached from here. */
import path from 'node:path';
import { readClaims } from '../kube/token-claims.ts';
import { exitCodes, Failure } from '../lib/failure.ts';
import { localTime } from '../lib/local-time.ts';
import { inLanguage, joined, type Message, type Text } from '../lib/message.ts';
import { gatewayMessages } from '../lib/messages/member-gateway.ts';
import { loginMessages } from '../lib/messages/member-login.ts';
import { tokenMessages } from '../lib/messages/member-token.ts';
import { whoamiMessages as messages } from '../lib/messages/member-whoami.ts';
import { shellCommand } from '../lib/shell-command.ts';
import { columnsOf, displayWidth, padEnd, wrapLine } from '../lib/terminal-text.ts';
import { askApiServer } from './api-server.ts';
import { aliveToken } from './current-token.ts';
import { type OwnDevice, ownDeviceNames, readOwnDevice } from './device/device-file.ts';
import { cacheOf, renewDevice } from './device/device-token.ts';
import type { MemberEnvironment } from './environment.ts';
import { type KubectlContext, kubectlContext } from './kubectl-context.ts';
import {
  checkClusterName,
  chooseCluster,
  isLoggedIn,
  type KnownCluster,
  knownNames,
  type LoggedInCluster,
} from './logins.ts';
import { ownCommand } from './own-command.ts';
import { type Places, placesOf } from './places.ts';
import { lifetimeOf, openSite } from './site.ts';
import { type CachedToken, openTokenCache } from './token-cache.ts';

const siteTimeoutMs = 10_000;

/** What is said of a cluster: a label, and what is to be said of it. */
type Row = readonly [label: Message, said: Text];

interface Described {
  readonly rows: readonly Row[];
  /** Whether kubectl works. */
  readonly isFine: boolean;
}

/** Who the member is to one cluster, by whichever way this computer logged in. */
interface Identity {
  readonly held: HeldToken | undefined;
  readonly login: Text;
  readonly whenUnreachable: string | undefined;
  /** What logs in again; undefined where nothing needs to. */
  readonly again: Text | undefined;
}

/** @returns the exit code: 0 where kubectl works with every cluster that is shown. @throws Failure (login, usage) */
export async function whoami(environment: MemberEnvironment, name: string | undefined): Promise<number> {
  const places = placesOf(environment);
  const known = [...new Set([...(await knownNames(places.logins)), ...(await ownDeviceNames(places))])].toSorted();
  const names = name === undefined ? known : [checkClusterName(name, '--name')];
  // Says that there is no login, and how to make one.
  if (names.length === 0) await chooseCluster(environment, places.logins, undefined);
  const described = await Promise.all(names.map((each) => describe(environment, places, each)));
  environment.stdout.write(described.map(({ rows }) => render(environment, rows)).join('\n'));
  return described.every(({ isFine }) => isFine) ? exitCodes.done : exitCodes.failed;
}

async function describe(environment: MemberEnvironment, places: Places, name: string): Promise<Described> {
  const device = await readOwnDevice(environment, places, name);
  const { held, login, whenUnreachable, again } =
    device === undefined
      ? await siteIdentity(environment, places, name)
      : await deviceIdentity(environment, places, device);
  const context = await kubectlContext(environment, name);
  const token = held?.token;
  const server =
    context?.server === undefined
      ? undefined
      : await askApiServer(environment, {
          cluster: name,
          server: context.server.url,
          certificateAuthority: context.server.certificateAuthority,
          token: token?.token,
          whenUnreachable,
        });
  const rows: Row[] = [
    [messages.labelCluster(), [name, context?.server?.url.origin].filter((part) => part !== undefined).join(', ')],
    [messages.labelAccount(), accountText(token)],
    [messages.labelToken(), tokenText(environment, held, device !== undefined)],
    [messages.labelLogin(), login],
    [messages.labelKubectl(), contextText(environment, context)],
    [messages.labelServer(), server?.said ?? messages.serverUnknown()],
  ];
  const advice = [
    ...(held?.problem?.advised === undefined ? [] : [held.problem.advised]),
    ...(server === undefined || server.isFine || server.advised === undefined ? [] : [server.advised]),
    ...(again === undefined ? [] : [again]),
  ];
  return {
    rows: [...rows, ...advice.map((advised): Row => [messages.labelAdvice(), advised])],
    isFine: held?.problem === undefined && server?.isFine === true && token !== undefined,
  };
}

async function siteIdentity(environment: MemberEnvironment, places: Places, name: string): Promise<Identity> {
  const cluster = await chooseCluster(environment, places.logins, name);
  return {
    held: isLoggedIn(cluster) ? await takeToken(environment, places, cluster) : undefined,
    login: loginText(environment, cluster),
    whenUnreachable: cluster.whenUnreachable,
    again: isLoggedIn(cluster) ? undefined : againText(environment, name),
  };
}

async function deviceIdentity(environment: MemberEnvironment, places: Places, device: OwnDevice): Promise<Identity> {
  const { account, gateway } = device;
  const login = gatewayMessages.deviceOf({ peer: gatewayMessages.peer({ host: gateway.host }), account });
  const cached = await cacheOf(places, device).read();
  const held = await renewDevice(environment, places, device, true).then(
    (token): HeldToken => ({ token, problem: undefined }),
    (error: unknown): HeldToken => {
      if (!(error instanceof Failure)) throw error;
      const isAlive = cached !== undefined && cached.expiresAt > environment.clock.now();
      return { token: isAlive ? cached : undefined, problem: error };
    },
  );
  return { held, login, whenUnreachable: undefined, again: undefined };
}

interface HeldToken {
  /** One that still lives: PoolC's, or the last one. */
  readonly token: CachedToken | undefined;
  /** Why it is not, or may not be, the one that PoolC has. */
  readonly problem: Failure | undefined;
}

/** What PoolC has, which the next kubectl gets too; where PoolC gives nothing, the last token while it lives. */
async function takeToken(
  environment: MemberEnvironment,
  { tokens }: Places,
  cluster: LoggedInCluster,
): Promise<HeldToken> {
  const now = environment.clock.now();
  const cache = openTokenCache(path.join(tokens, cluster.name), cluster.login.id);
  const cached = await cache.read();
  try {
    const answer = await openSite(cluster.site, environment, siteTimeoutMs).ownToken(cluster.login.accessToken);
    const token = aliveToken(environment, answer, { cluster, now, hadToken: cached !== undefined });
    await cache.write(token);
    return { token, problem: undefined };
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    return { token: cached !== undefined && cached.expiresAt > now ? cached : undefined, problem: error };
  }
}

function accountText(token: CachedToken | undefined): Text {
  if (token === undefined) return messages.none();
  const { subject } = readClaims(token.token.reveal());
  const [, namespace, name] = /^system:serviceaccount:([a-z0-9.-]+):([a-z0-9.-]+)$/.exec(subject) ?? [];
  return namespace === undefined || name === undefined ? messages.none() : messages.account({ name, namespace });
}

function tokenText({ clock }: MemberEnvironment, held: HeldToken | undefined, isDevices: boolean): Text {
  const { token, problem } = held ?? {};
  if (token === undefined) return problem?.said ?? messages.none();
  const end = messages.endsAt({ time: localTime(token.expiresAt), seconds: (token.expiresAt - clock.now()) / 1_000 });
  if (problem === undefined && isDevices) return joined([end, gatewayMessages.renewedByItself()], '; ');
  return joined([end, problem === undefined ? messages.isNewest() : problem.said], '; ');
}

function loginText({ clock }: MemberEnvironment, cluster: KnownCluster): Text {
  const site = loginMessages.site({ host: cluster.site.host });
  if (!isLoggedIn(cluster)) return joined([site, messages.notLoggedIn()], ', ');
  const { loginId, accessToken } = cluster.login;
  const who = messages.loginOf({ site, loginId });
  const expiresAt = lifetimeOf(accessToken)?.expiresAt;
  if (expiresAt === undefined) return joined([who, messages.endUnknown()], '; ');
  const seconds = (expiresAt - clock.now()) / 1_000;
  const time = localTime(expiresAt);
  return seconds > 0
    ? joined([who, messages.endsAt({ time, seconds }), messages.renewedByUse()], '; ')
    : joined([who, messages.hasEnded({ time, seconds: -seconds })], '; ');
}

function contextText(environment: MemberEnvironment, context: KubectlContext | undefined): Text {
  if (context === undefined) {
    const command = `${ownCommand(environment, 'login', '--cluster')} https://…`;
    return messages.contextMissing({ command });
  }
  if (context.isCurrent) return messages.contextCurrent({ context: context.name });
  const command = shellCommand(['kubectl', 'config', 'use-context', context.name]);
  return messages.contextNotCurrent({ context: context.name, command });
}

function againText(environment: MemberEnvironment, name: string): Text {
  return tokenMessages.logInAgain({ command: ownCommand(environment, 'login', '--name', name) });
}

function render({ stdout, language }: MemberEnvironment, rows: readonly Row[]): string {
  const labels = rows.map(([label]) => inLanguage(label, language));
  const width = Math.max(...labels.map(displayWidth)) + 2;
  return rows
    .map(([, said], index) => {
      const line = `${padEnd(labels[index] ?? '', width)}${inLanguage(said, language)}`;
      return `${wrapLine(line, columnsOf(stdout), width)}\n`;
    })
    .join('');
}
