/** Variables and flags become the settings of a gateway. */
import type * as z from 'zod';
import { Failure } from '../lib/failure.ts';
import type { Variables } from '../lib/variables.ts';
import { gatewayDefinitions } from './definitions.ts';
import { gatewaySchema } from './gateway-settings.ts';
import { type FlagValues, givenSettings, readGiven } from './settings.ts';

export type GatewaySettings = Readonly<z.output<typeof gatewaySchema>>;

/** @throws Failure (usage) that names the setting, its value and what is wrong with it */
export function readGatewaySettings(variables: Variables, flags: FlagValues): GatewaySettings {
  const given = givenSettings(variables, flags, {}, gatewayDefinitions);
  const settings = readGiven(gatewaySchema, { document: {}, belongsTo: 'process' }, given, gatewayDefinitions);
  const { gatewayAddress: address } = settings;
  if (address.pathname !== '/' || address.search !== '') {
    throw new Failure('usage', `GATEWAY_ADDRESS=${address.href} can't be used: it has a path`, {
      hint: `a gateway has a host of its own: ${address.origin}`,
    });
  }
  if (settings.oidcIssuer === undefined && settings.poolcSignInEndpoint === undefined) {
    throw new Failure('usage', 'nobody could log in: neither OIDC_ISSUER nor POOLC_SIGN_IN_ENDPOINT is set', {
      hint: 'set one of them, or both; docs/gateway.md has examples',
    });
  }
  if (settings.oidcIssuer !== undefined && settings.oidcClientId === undefined) {
    throw new Failure('usage', 'OIDC_ISSUER needs OIDC_CLIENT_ID', {
      hint: `register this gateway at the provider, with the redirect address ${settings.gatewayAddress.origin}/callback`,
    });
  }
  if (settings.oidcMatch === 'login') checkLoginClaim(settings);
  return settings;
}

/** @throws Failure (usage) for a claim that is no login, or that people choose for themselves */
function checkLoginClaim({ oidcClaim, oidcIdPrefix }: GatewaySettings): void {
  const hint = 'for example OIDC_CLAIM=preferred_username, where nobody but the directory gives it';
  if (oidcClaim === 'sub')
    throw new Failure('usage', 'OIDC_MATCH=login needs the claim that holds the login', { hint });
  if (oidcClaim === 'email')
    throw new Failure(
      'usage',
      "OIDC_CLAIM=email can't be used: people have several addresses, and addresses change owners",
      {
        hint,
      },
    );
  if (oidcIdPrefix !== undefined)
    throw new Failure('usage', 'OIDC_ID_PREFIX is for ids, and does not go with OIDC_MATCH=login', {
      hint: 'leave it out',
    });
}
