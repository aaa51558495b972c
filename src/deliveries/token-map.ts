/**
 * The map that is delivered, `{"<member uuid>":"<token>", …}`, kept as the bytes that will be sent: 50,000 tokens are
 * 50 MB, and there is no room for them twice in a small pod. It can say whether a piece of text is part of a token, for
 * the redactor.
 */
import { isUuid } from '../core/member-id.ts';

const chunkSize = 256 * 1024;

export class TokenMap {
  readonly #chunks: Buffer[] = [];
  #current = Buffer.allocUnsafeSlow(chunkSize);
  #used = 0;
  #entries = 0;
  #length = 2; // the braces

  /** How many members are in the map. */
  get size(): number {
    return this.#entries;
  }

  /** Bytes of the JSON text. */
  get byteLength(): number {
    return this.#length;
  }

  /** Adds a member, once. The id is written as PoolC spells it; tokens need no escaping (base64url and dots). */
  add(spelledId: string, token: string): void {
    const entry = `${this.#entries === 0 ? '' : ','}"${spelledId}":"${token}"`;
    if (this.#used + entry.length > this.#current.length) {
      this.#chunks.push(this.#current.subarray(0, this.#used));
      this.#current = Buffer.allocUnsafeSlow(Math.max(chunkSize, entry.length));
      this.#used = 0;
    }
    this.#used += this.#current.write(entry, this.#used, 'latin1');
    this.#entries++;
    this.#length += entry.length;
  }

  /**
   * The JSON text, in pieces. `check` runs before each of them and may throw, to stop a delivery that has lost its right.
   * The last piece is the closing brace alone: as long as it isn't sent, nothing is delivered.
   */
  *json(check: () => void): Generator<Buffer> {
    check();
    yield Buffer.from('{');
    for (const chunk of this.#filled()) {
      check();
      yield chunk;
    }
    check();
    yield Buffer.from('}');
  }

  /** Whether the piece is in any token of the map. The members' UUIDs are in it too, but are no secret. */
  holds(piece: string): boolean {
    if (isUuid(piece)) return false;
    return this.#filled().some((chunk) => chunk.includes(piece, 0, 'latin1'));
  }

  #filled(): Buffer[] {
    return [...this.#chunks, this.#current.subarray(0, this.#used)];
  }
}
