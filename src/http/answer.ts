/** An answer that is read whole, up to a limit. */
import type { Head } from './connection.ts';

export interface HttpAnswer {
  readonly status: number;
  /** The value of a header, by lower-case name; the first one where it is repeated. */
  header(name: string): string | undefined;
  /** Every value of a header that may be repeated. */
  headers(name: string): readonly string[];
  readonly body: Buffer;
}

const empty = Buffer.alloc(0);

/** Collects an answer as it comes. */
export class AnswerReader {
  readonly #longest: number;
  #head: Head | undefined;
  readonly #chunks: Buffer[] = [];
  #length = 0;

  /** @param longest in bytes */
  constructor(longest: number) {
    this.#longest = longest;
  }

  begin(head: Head): void {
    this.#head = head;
  }

  /** Returns whether the answer is still within its limit. */
  take(chunk: Buffer): boolean {
    this.#length += chunk.length;
    if (this.#length > this.#longest) return false;
    this.#chunks.push(chunk);
    return true;
  }

  /** The whole of it; undefined where no head came. */
  answer(): HttpAnswer | undefined {
    return this.#head === undefined ? undefined : new WholeAnswer(this.#head, this.#body());
  }

  #body(): Buffer {
    const [only = empty] = this.#chunks;
    return this.#chunks.length < 2 ? only : Buffer.concat(this.#chunks, this.#length);
  }
}

class WholeAnswer implements HttpAnswer {
  readonly #head: Head;
  readonly body: Buffer;

  constructor(head: Head, body: Buffer) {
    this.#head = head;
    this.body = body;
  }

  get status(): number {
    return this.#head.status;
  }

  header(name: string): string | undefined {
    return this.#head.header(name);
  }

  headers(name: string): readonly string[] {
    return this.#head.headers(name);
  }
}
