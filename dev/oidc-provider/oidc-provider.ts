/** A real OpenID Connect provider (npm's certified oidc-provider) over HTTPS on loopback, for tests and the demo. */
import https from 'node:https';
import type { Configuration } from 'oidc-provider';
import type { KeyPair } from '../control-plane/certificates.ts';
import { freePort } from '../control-plane/daemon.ts';

export interface OidcProviderOptions {
  /** Its own certificate, for `localhost`. */
  readonly certificate: KeyPair;
  readonly clientId: string;
  readonly redirectUri: string;
  /** Claims by what people type as their login; any password does. `sub` is the login unless it is among them. May change. */
  readonly people: ReadonlyMap<string, Readonly<Record<string, unknown>>>;
  /** The claims that ID tokens may have, besides `sub`. */
  readonly claims: readonly string[];
  readonly port?: number;
}

export interface OidcProvider extends AsyncDisposable {
  readonly issuer: URL;
  stop(): Promise<void>;
}

export async function startOidcProvider({
  certificate,
  clientId,
  redirectUri,
  people,
  claims: claimNames,
  port: wantedPort,
}: OidcProviderOptions): Promise<OidcProvider> {
  const port = wantedPort ?? (await freePort());
  const issuer = new URL(`https://localhost:${port}`);
  const configuration: Configuration = {
    clients: [
      {
        client_id: clientId,
        token_endpoint_auth_method: 'none',
        redirect_uris: [redirectUri],
        grant_types: ['authorization_code'],
        response_types: ['code'],
      },
    ],
    claims: { openid: ['sub', ...claimNames], auth_time: null },
    conformIdTokenClaims: false,
    features: { devInteractions: { enabled: true } },
    findAccount: (_, login) => {
      const claims = people.get(login);
      if (claims === undefined) return undefined;
      return { accountId: login, claims: () => ({ sub: login, ...claims }) };
    },
    cookies: { keys: ['test'] },
    ttl: { Session: 3_600, Interaction: 600, Grant: 3_600, AccessToken: 600, IdToken: 600 },
  };
  const provider = await withoutAdvice(async () => {
    const { Provider } = await import('oidc-provider');
    return new Provider(issuer.href.replace(/\/$/, ''), configuration);
  });
  provider.on('server_error', (_, error) => {
    console.error(`oidc-provider: ${error.message}`);
  });
  const server = https.createServer({ cert: certificate.certificate, key: certificate.key }, (request, response) => {
    void provider.callback()(request, response);
  });
  const listening = Promise.withResolvers<void>();
  server.once('error', listening.reject);
  server.listen(port, '127.0.0.1', () => {
    listening.resolve();
  });
  await listening.promise;
  const stop = async (): Promise<void> => {
    const closed = Promise.withResolvers<void>();
    server.close(() => {
      closed.resolve();
    });
    server.closeAllConnections();
    await closed.promise;
  };
  return { issuer, stop, [Symbol.asyncDispose]: stop };
}

/** It warns of what must not be so in production; here everything lives for minutes, on one machine. */
async function withoutAdvice<T>(work: () => Promise<T>): Promise<T> {
  const { warn } = console;
  console.warn = () => undefined;
  try {
    return await work();
  } finally {
    console.warn = warn;
  }
}
