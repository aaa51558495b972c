/** A credential for one account: the port. `token.ts` is a TokenRequest. */
import type { Secret } from '../lib/secret.ts';

export interface Credential {
  readonly secret: Secret;
  /** Seconds since the epoch, from the credential itself. */
  readonly expiresAt: number;
  /** What was granted, which may be less than what was asked for. */
  readonly grantedSeconds: number;
}

/** A credential and what its check has shown. */
export interface IssuedCredential extends Credential {
  /** Whether its signature was checked against the issuer's public keys. */
  readonly isSignatureChecked: boolean;
  /** Who signed it, as it says itself. */
  readonly issuer: string | undefined;
}

export interface AccountOfToken {
  readonly name: string;
  readonly uid: string;
  /** The Secret that the credential ends with. */
  readonly boundTo?: { readonly name: string; readonly uid: string };
}

export interface Issuer {
  /** Whether it has public keys to check signatures with. */
  readonly canCheckSignatures: boolean;
  /**
   * A fresh credential for exactly this account, its claims checked, and its signature where there are keys.
   * @throws Failure where none is given, or it isn't what was asked for
   */
  issue(account: AccountOfToken, signal: AbortSignal): Promise<IssuedCredential>;
  /**
   * Shows the credential to the API server.
   * @throws Failure (token) when it is taken for someone else
   */
  tryLive(
    account: AccountOfToken,
    credential: Credential,
    signal: AbortSignal,
  ): Promise<'accepted' | 'rejected' | 'not allowed'>;
}
