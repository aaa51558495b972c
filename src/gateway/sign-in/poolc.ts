/**
 * Members of PoolC prove who they are by the site's own login: the plugin logs in there and sends the site's JWT, never
 * the password. The gateway asks the site for that login's token, which a sync has delivered.
 *
 * That token says whose it is: its signature must be the cluster's, its issuer the API server's, its account one that
 * exists with this UID. That it may have expired is no matter here. Neither the JWT nor the token is kept.
 */
import * as z from 'zod';
import type { OwnedAccount } from '../../core/model.ts';
import { exchange } from '../../http/exchange.ts';
import type { ProxyVariables } from '../../http/proxy.ts';
import { Failure } from '../../lib/failure.ts';
import { version } from '../../lib/version.ts';
import type { GatewayContext } from '../context.ts';
import { requireAccount } from '../member-account.ts';
import { Refused } from '../refusal.ts';
import { readClusterToken } from './cluster-token.ts';

export interface SiteSignIn {
  /** @throws Refused, Failure (site) */
  accountOf(accessToken: string, signal: AbortSignal): Promise<OwnedAccount>;
}

const timeoutMs = 10_000;
const longestAnswer = 64 * 1024;
const ownTokenSchema = z.object({ key: z.string() });

export function openSiteSignIn(
  context: GatewayContext,
  endpoint: URL,
  { proxyEnv, extraAuthorities }: { readonly proxyEnv: ProxyVariables; readonly extraAuthorities: readonly string[] },
): SiteSignIn {
  const peer = `PoolC (${endpoint.host})`;
  const addressHint = "ask the operators: the gateway can't reach the club's site";

  async function storedToken(accessToken: string, signal: AbortSignal): Promise<string> {
    if (!/^[\x21-\x7e]+$/.test(accessToken)) throw notLoggedIn();
    const answer = await exchange({
      method: 'GET',
      url: new URL(`${endpoint.origin}${endpoint.pathname.replace(/\/+$/, '')}/kubernetes/me`),
      headers: {
        accept: 'application/json',
        'user-agent': `credentials-updater/${version}`,
        authorization: `Bearer ${accessToken}`,
      },
      timeoutMs,
      longestAnswer,
      signal,
      proxyEnv,
      extraAuthorities,
      kind: 'site',
      peer,
      addressHint,
    });
    if (answer.status === 401 || answer.status === 403) throw notLoggedIn();
    if (answer.status === 404) {
      throw new Refused('no_delivery_yet', 'PoolC holds no token for you, and that token says which account is yours', {
        hint: 'tokens are issued to active members only; a new member has one after the next delivery',
      });
    }
    const content = answer.status === 200 ? ownTokenSchema.safeParse(parseJson(answer.body)) : undefined;
    if (content?.success === true) return content.data.key;
    throw new Failure('site', `${peer} answered the request for a member's token with ${answer.status}`, {
      hint: addressHint,
      transient: answer.status >= 500 || answer.status === 429,
    });
  }

  return {
    accountOf: async (accessToken, signal) => {
      const token = await readClusterToken(context, await storedToken(accessToken, signal), signal);
      if (token === undefined) {
        throw new Refused('no_delivery_yet', 'what PoolC has for you is not a token of this cluster', {
          hint: 'ask the operators; it is right again after the next delivery',
        });
      }
      return requireAccount(context, token.account, signal);
    },
  };
}

function notLoggedIn(): Refused {
  return new Refused('not_logged_in', 'PoolC does not accept this login', { hint: 'log in again' });
}

function parseJson(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString('utf8'));
  } catch {
    return undefined;
  }
}
