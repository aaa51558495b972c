/** The Authorization header of our own requests, from a credential that may change while the program runs. */
import { readFileSync } from 'node:fs';
import type { Clock } from '../lib/clock.ts';
import { Failure } from '../lib/failure.ts';
import { kubeconfigLogin } from '../lib/messages/kubeconfig-login.ts';
import type { Redactor } from '../lib/redact.ts';
import { checkToken } from './bearer.ts';
import type { Credential } from './credential.ts';

/** How long a projected token is trusted before its file is read again; the kubelet rotates it long before it expires. */
const tokenFileTtlMs = 60_000;

export class Authorization {
  readonly #credential: Credential;
  readonly #clock: Clock;
  readonly #redactor: Redactor;
  #fromFile: { readonly value: string; readonly readAt: number } | undefined;
  /** Whether the plugin was run again because its credential was refused, and nothing was accepted since. */
  #renewedInVain = false;

  constructor(credential: Credential, { clock, redactor }: { clock: Clock; redactor: Redactor }) {
    this.#credential = credential;
    this.#clock = clock;
    this.#redactor = redactor;
    if (credential.kind === 'token') redactor.add(credential.token.reveal());
    if (credential.kind === 'basic') redactor.add(credential.userAndPassword.reveal());
    if (credential.kind === 'exec') this.#hidePluginToken(credential);
  }

  /** Whether a plugin's credential has expired: then `renew` comes before the next request. */
  get expired(): boolean {
    return this.#credential.kind === 'exec' && this.#credential.plugin.hasExpired(this.#clock.now());
  }

  /** The value of the header; undefined where the connection itself says who we are. @throws Failure (usage) */
  value(): string | undefined {
    const credential = this.#credential;
    switch (credential.kind) {
      case 'certificate':
        return undefined;
      case 'token':
        return `Bearer ${credential.token.reveal()}`;
      case 'basic':
        return `Basic ${Buffer.from(credential.userAndPassword.reveal()).toString('base64')}`;
      case 'token-file':
        return this.#valueFromFile(credential);
      case 'exec': {
        const { token } = credential.plugin.login;
        return token === undefined ? undefined : `Bearer ${token.reveal()}`;
      }
    }
  }

  /** Runs the plugin again. @throws Failure (usage) */
  async renew(): Promise<void> {
    if (this.#credential.kind !== 'exec') return;
    await this.#credential.plugin.renew();
    this.#hidePluginToken(this.#credential);
  }

  /** Something was accepted. */
  accepted(): void {
    this.#renewedInVain = false;
  }

  /**
   * Whether there is another credential than the one that was just refused: then the request is worth repeating. Of many
   * requests that are refused at once, the first has looked for one already.
   */
  async replaced(refused: string | undefined): Promise<boolean> {
    if (this.#credential.kind === 'token-file') {
      if (this.#fromFile?.value === refused) this.#fromFile = undefined;
      return this.#valueFromFile(this.#credential) !== refused;
    }
    if (this.#credential.kind !== 'exec') return false;
    if (this.value() !== refused) return true;
    if (this.#renewedInVain) return false;
    this.#renewedInVain = true;
    const { plugin } = this.#credential;
    const { cert } = plugin.login.tls;
    await this.renew();
    return plugin.login.tls.cert !== cert || this.value() !== refused;
  }

  #valueFromFile({ file, otherwise }: Extract<Credential, { kind: 'token-file' }>): string {
    const now = this.#clock.monotonic();
    if (this.#fromFile === undefined || now - this.#fromFile.readAt > tokenFileTtlMs) {
      let token: string;
      try {
        token = checkToken(readFileSync(file, 'utf8').trim(), kubeconfigLogin.tokenOfFile({ file }));
      } catch (error) {
        if (otherwise === undefined) {
          if (error instanceof Failure) throw error;
          throw new Failure('usage', kubeconfigLogin.tokenFileUnreadable({ file }), { cause: error });
        }
        token = otherwise.reveal();
      }
      this.#redactor.add(token);
      this.#fromFile = { value: `Bearer ${token}`, readAt: now };
    }
    return this.#fromFile.value;
  }

  #hidePluginToken({ plugin }: Extract<Credential, { kind: 'exec' }>): void {
    const { token } = plugin.login;
    if (token !== undefined) this.#redactor.add(token.reveal());
  }
}
