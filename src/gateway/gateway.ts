/** A gateway from its settings to its end: wired by hand, checked against its policy, served, drained. */
import type { BlockList } from 'node:net';
import { getConnInfo } from '@hono/node-server/conninfo';
import type { Context } from 'hono';
import type { ClusterDescription } from '../devices/wire.ts';
import type { ProxyVariables } from '../http/proxy.ts';
import { openTokenIssuer } from '../issuers/token.ts';
import type { ClusterClient } from '../kube/client.ts';
import type { Clock } from '../lib/clock.ts';
import { toFailure } from '../lib/failure.ts';
import type { Log } from '../lib/log.ts';
import { createGateway } from './app.ts';
import { clientAddress } from './client-address.ts';
import type { GatewayContext } from './context.ts';
import { openLimiter } from './limits.ts';
import { openAccountsById } from './member-account.ts';
import { openMetrics } from './metrics.ts';
import { openSealed, type SealingKeys } from './sealed.ts';
import { requirePolicy } from './self-test.ts';
import { type Ports, startServer } from './server.ts';
import { openSessions } from './session.ts';
import { type OidcSettings, openOidc } from './sign-in/oidc.ts';
import { openSiteSignIn } from './sign-in/poolc.ts';
import { sweepDevices } from './sweep.ts';

export interface GatewayOptions {
  readonly client: ClusterClient;
  readonly namespace: string;
  readonly origin: string;
  readonly tokenLifetimeSeconds: number;
  readonly cluster: Pick<ClusterDescription, 'name' | 'server' | 'certificateAuthority'>;
  readonly host: string | undefined;
  readonly ports: Ports;
  readonly certificateFiles: { readonly cert: string; readonly key: string };
  readonly sessionKeys: SealingKeys;
  readonly trustedProxies: Pick<BlockList, 'check'>;
  readonly oidc: Omit<OidcSettings, 'redirectUri'> | undefined;
  /** Of PoolC's API; undefined where members don't log in there. */
  readonly poolcEndpoint: URL | undefined;
  readonly proxyEnv: ProxyVariables;
  readonly clock: Clock;
  readonly random: () => number;
  readonly log: Log;
  /** Aborted when the gateway is to end. */
  readonly signal: AbortSignal;
}

/** What is under way when the gateway ends may take this long. */
const graceMs = 8_000;
const policyPatience = { attempts: 6, pauseMs: 3_000 };
const hourMs = 3_600_000;

/** Serves until the signal is aborted. @param onListening gets the ports that were taken. @throws Failure */
export async function runGateway(options: GatewayOptions, onListening: (ports: Ports) => void): Promise<void> {
  const { client, namespace, origin, clock, random, log, signal } = options;
  // What is under way at the end is finished: the signal that ends the gateway must not end its requests.
  const serving = new AbortController();
  const metrics = openMetrics();
  const request = { namespace, lifetimeSeconds: options.tokenLifetimeSeconds, audiences: [] };
  const issuer = await openTokenIssuer(client, request, serving.signal);
  const context: GatewayContext = { client, namespace, origin, issuer, clock, random, log, metrics };
  await untilHeld(context, signal);

  let unheld: string | undefined;
  const server = await startServer({
    app: createGateway(context, routesOf(context, options, serving.signal)),
    host: options.host,
    ports: options.ports,
    certificateFiles: options.certificateFiles,
    unready: () => unheld,
    metrics: (gauges) => metrics.text(gauges),
    log,
  });
  onListening(server.ports);
  try {
    while (!signal.aborted) {
      await clock.sleep(hourMs * (0.9 + random() * 0.2), signal).catch(() => undefined);
      if (signal.aborted) break;
      try {
        await requirePolicy(context, serving.signal);
        unheld = undefined;
        await sweepDevices(context, options.tokenLifetimeSeconds, serving.signal);
      } catch (error) {
        const failure = toFailure(error);
        log.error(failure.message, failure.hint === undefined ? {} : { hint: failure.hint });
        if (failure.kind === 'usage') unheld = failure.message;
      }
    }
  } finally {
    await server.drain(graceMs);
    serving.abort();
  }
}

/** A policy that was applied a moment ago takes some seconds to come into force. */
async function untilHeld(context: GatewayContext, signal: AbortSignal): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      await requirePolicy(context, signal);
      return;
    } catch (error) {
      const failure = toFailure(error);
      if (failure.kind !== 'usage' || attempt === policyPatience.attempts) throw failure;
      context.log.warn(`${failure.message}; looking again in ${policyPatience.pauseMs / 1_000} s`);
      await context.clock.sleep(policyPatience.pauseMs, signal);
    }
  }
}

function routesOf(context: GatewayContext, options: GatewayOptions, signal: AbortSignal) {
  const { cluster, oidc, poolcEndpoint, sessionKeys, trustedProxies, proxyEnv, origin } = options;
  const network = { proxyEnv, extraAuthorities: [], signal };
  const pendingEnrolments = openSealed(sessionKeys, 'enrolment');
  const addressOf = (c: Context) =>
    clientAddress(getConnInfo(c).remote.address ?? '', c.req.header('x-forwarded-for'), trustedProxies);
  const description: ClusterDescription = {
    ...cluster,
    signIn: [...(oidc === undefined ? [] : ['oidc']), ...(poolcEndpoint === undefined ? [] : ['poolc']), 'code'],
    ...(poolcEndpoint === undefined ? {} : { poolcEndpoint: poolcEndpoint.href }),
  };
  return {
    cluster: description,
    api: {
      description,
      pendingEnrolments,
      site: poolcEndpoint === undefined ? undefined : openSiteSignIn(context, poolcEndpoint, network),
      limits: {
        enrolments: openLimiter({ burst: 30, windowMs: 60_000 }),
        // A campus may be one address: some hundred devices behind it, each once in half an hour.
        requests: openLimiter({ burst: 600, windowMs: 60_000 }),
        // The site answers 20 requests a second to all of the club's programs together.
        site: openLimiter({ burst: 5, windowMs: 1_000 }),
      },
      addressOf,
    },
    pages:
      oidc === undefined
        ? undefined
        : {
            sessions: openSessions(context, sessionKeys),
            pendingEnrolments,
            accounts: openAccountsById(context, signal),
            oidc: openOidc({ ...oidc, redirectUri: `${origin}/callback` }, network),
            limits: {
              logins: openLimiter({ burst: 60, windowMs: 60_000 }),
              codes: openLimiter({ burst: 10, windowMs: 600_000 }),
              kubeconfigs: openLimiter({ burst: 10, windowMs: 600_000 }),
            },
            addressOf,
          },
  };
}
