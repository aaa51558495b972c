/** How we prove who we are to the API server. */
import type { Secret } from '../lib/secret.ts';
import type { ExecPlugin } from './exec-plugin.ts';

/** How a request proves who sends it. A projected token's file is read again as it rotates, a plugin is run again. */
export type Credential =
  | { readonly kind: 'certificate' }
  | { readonly kind: 'token'; readonly token: Secret }
  /** The file's token; while there is none to be read, the other one. */
  | { readonly kind: 'token-file'; readonly file: string; readonly otherwise?: Secret | undefined }
  | { readonly kind: 'basic'; readonly userAndPassword: Secret }
  | { readonly kind: 'exec'; readonly plugin: ExecPlugin };
