/** How we prove who we are to the API server. */
import type { ConnectionOptions } from 'node:tls';
import type { Secret } from '../lib/secret.ts';

/** How a request proves who sends it; the file of a projected token is read again as it rotates. */
export type Credential =
  | { readonly kind: 'certificate' }
  | { readonly kind: 'token'; readonly token: Secret }
  | { readonly kind: 'token-file'; readonly file: string }
  | { readonly kind: 'basic'; readonly userAndPassword: Secret };

/** A credential with what TLS needs for it: a client certificate speaks for its whole connection. */
export interface Login {
  readonly credential: Credential;
  readonly tls: ConnectionOptions;
}
