/** The Authorization header of our own requests, from a credential that may change while the program runs. */
import { readFileSync } from 'node:fs';
import type { Clock } from '../lib/clock.ts';
import { Failure } from '../lib/failure.ts';
import type { Redactor } from '../lib/redact.ts';
import type { Credential } from './credential.ts';

/** How long a projected token is trusted before its file is read again; the kubelet rotates it long before it expires. */
const tokenFileTtlMs = 60_000;

export class Authorization {
  readonly #credential: Credential;
  readonly #clock: Clock;
  readonly #redactor: Redactor;
  #fromFile: { readonly value: string; readonly readAt: number } | undefined;

  constructor(credential: Credential, { clock, redactor }: { clock: Clock; redactor: Redactor }) {
    this.#credential = credential;
    this.#clock = clock;
    this.#redactor = redactor;
    if (credential.kind === 'token') redactor.add(credential.token.reveal());
    if (credential.kind === 'basic') redactor.add(credential.userAndPassword.reveal());
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
    }
  }

  /**
   * Whether there is another credential than the one that was just refused: then the request is worth repeating. Of many
   * requests that are refused at once, the first has looked for one already.
   */
  replaced(refused: string | undefined): boolean {
    if (this.#credential.kind !== 'token-file') return false;
    if (this.#fromFile?.value === refused) this.#fromFile = undefined;
    return this.#valueFromFile(this.#credential) !== refused;
  }

  #valueFromFile({ file }: Extract<Credential, { kind: 'token-file' }>): string {
    const now = this.#clock.monotonic();
    if (this.#fromFile === undefined || now - this.#fromFile.readAt > tokenFileTtlMs) {
      let token: string;
      try {
        token = readFileSync(file, 'utf8').trim();
      } catch (error) {
        throw new Failure('usage', `the token file ${file} can't be read`, { cause: error });
      }
      this.#redactor.add(token);
      this.#fromFile = { value: `Bearer ${token}`, readAt: now };
    }
    return this.#fromFile.value;
  }
}
