/**
 * An incremental parser of HTTP/1.1 responses (RFC 9112), for the one connection pool of cluster/. It exists because
 * minting is this product's hot path: a request costs half the CPU of undici's dispatch (docs/adr/0001).
 */

export interface HttpResponse {
  readonly status: number;
  /** The value of a header, by lower-case name; the first one where it is repeated. */
  header(name: string): string | undefined;
  /** Every value of a header that may be repeated. */
  headers(name: string): string[];
  /** The body as text (UTF-8): everything the API server says is. */
  readonly body: string;
  /** Whether the connection may carry another request. */
  readonly reusable: boolean;
}

const longestHead = 64 * 1024;
const headEnd = Buffer.from('\r\n\r\n');
const lineEnd = Buffer.from('\r\n');
const empty = Buffer.alloc(0);

type State =
  | { readonly in: 'head' }
  | { readonly in: 'fixed'; readonly length: number }
  | { readonly in: 'chunk-size' }
  | { readonly in: 'chunk-data'; readonly length: number }
  | { readonly in: 'trailers' }
  | { readonly in: 'until-close' };

/** Thrown for bytes that are no HTTP/1.1 response. The connection is of no more use. */
export class MalformedResponse extends Error {}

export class ResponseParser {
  readonly #longestBody: number;
  #state: State = { in: 'head' };
  #pending: Buffer = empty;
  #head = '';
  #status = 0;
  #body: Buffer[] = [];
  #bodyLength = 0;

  constructor(longestBody: number) {
    this.#longestBody = longestBody;
  }

  /** Whether nothing of a response has arrived yet. */
  get idle(): boolean {
    return this.#state.in === 'head' && this.#pending.length === 0;
  }

  /**
   * Takes the next bytes; gives the response once it is complete. `bytes` is only read during the call: the connection
   * reuses its read buffer, so what has to wait for more is copied.
   * @throws MalformedResponse
   */
  push(bytes: Buffer): HttpResponse | undefined {
    this.#pending = this.#pending.length === 0 ? bytes : Buffer.concat([this.#pending, bytes]);
    const response = this.#parse();
    if (response === undefined) this.#own(bytes);
    return response;
  }

  #parse(): HttpResponse | undefined {
    for (;;) {
      const before = this.#state.in;
      const pendingBefore = this.#pending.length;
      const response = this.#step();
      if (response !== undefined) return response;
      if (this.#state.in === before && this.#pending.length === pendingBefore) return undefined; // needs more bytes
    }
  }

  /** The other side closed: completes a response that has no length of its own; undefined when it was cut off. */
  end(): HttpResponse | undefined {
    return this.#state.in === 'until-close' ? this.#finish() : undefined;
  }

  #step(): HttpResponse | undefined {
    switch (this.#state.in) {
      case 'head':
        return this.#readHead();
      case 'fixed':
        return this.#readFixed(this.#state.length);
      case 'chunk-size':
        return this.#readChunkSize();
      case 'chunk-data':
        return this.#readChunkData(this.#state.length);
      case 'trailers':
        return this.#readTrailers();
      case 'until-close':
        this.#keep(this.#take(this.#pending.length));
        return undefined;
    }
  }

  #readHead(): HttpResponse | undefined {
    const end = this.#pending.indexOf(headEnd);
    if (end < 0) {
      if (this.#pending.length > longestHead) throw new MalformedResponse('the response head is too long');
      return undefined;
    }
    this.#head = this.#pending.toString('latin1', 0, end + 2);
    this.#pending = this.#pending.subarray(end + 4);
    if (!/^HTTP\/1\.[01] \d{3}/.test(this.#head)) throw new MalformedResponse('the answer is not HTTP/1.1');
    this.#status = Number(this.#head.slice(9, 12));
    if (this.#status < 200) return undefined; // an interim response: the real one follows, read by the next step
    const coding = headerOf(this.#head, 'transfer-encoding');
    if (coding !== undefined) {
      if (coding.toLowerCase() !== 'chunked')
        throw new MalformedResponse(`transfer coding ${coding} was not asked for`);
      this.#state = { in: 'chunk-size' };
      return undefined;
    }
    if (this.#status === 204 || this.#status === 304) return this.#finish();
    const length = headerOf(this.#head, 'content-length');
    if (length === undefined) {
      this.#state = { in: 'until-close' };
      return undefined;
    }
    if (!/^\d{1,15}$/.test(length)) throw new MalformedResponse('the content length is not a number');
    return this.#readFixed(Number(length));
  }

  #readFixed(length: number): HttpResponse | undefined {
    this.#checkLength(length);
    if (this.#bodyLength === 0 && this.#pending.length >= length) {
      // The usual case: head and body in one read, and no copy.
      this.#keep(this.#take(length));
      return this.#finish();
    }
    this.#keep(this.#take(Math.min(this.#pending.length, length - this.#bodyLength)));
    if (this.#bodyLength === length) return this.#finish();
    this.#state = { in: 'fixed', length };
    return undefined;
  }

  #readChunkSize(): HttpResponse | undefined {
    const end = this.#pending.indexOf(lineEnd);
    if (end < 0) {
      if (this.#pending.length > 1_024) throw new MalformedResponse('a chunk has no size');
      return undefined;
    }
    const size = /^([0-9a-f]{1,8})\s*(;.*)?$/i.exec(this.#take(end + 2).toString('latin1', 0, end))?.[1];
    if (size === undefined) throw new MalformedResponse('a chunk size is not a number');
    const length = Number.parseInt(size, 16);
    this.#state = length === 0 ? { in: 'trailers' } : { in: 'chunk-data', length };
    return undefined;
  }

  #readChunkData(length: number): HttpResponse | undefined {
    const available = Math.min(this.#pending.length, length);
    this.#checkLength(this.#bodyLength + available);
    this.#keep(this.#take(available));
    if (available < length) {
      if (available > 0) this.#state = { in: 'chunk-data', length: length - available };
      return undefined;
    }
    // The CRLF after the data may come with the next read.
    if (length > 0) this.#state = { in: 'chunk-data', length: 0 };
    if (this.#pending.length < 2) return undefined;
    if (this.#take(2).toString('latin1') !== '\r\n') throw new MalformedResponse('a chunk is longer than its size');
    this.#state = { in: 'chunk-size' };
    return undefined;
  }

  #readTrailers(): HttpResponse | undefined {
    const end = this.#pending.indexOf(lineEnd);
    if (end < 0) {
      if (this.#pending.length > longestHead) throw new MalformedResponse('the trailers are too long');
      return undefined;
    }
    this.#take(end + 2);
    return end === 0 ? this.#finish() : undefined;
  }

  /** Copies what still points into the caller's buffer. */
  #own(bytes: Buffer): void {
    if (this.#pending.buffer === bytes.buffer) this.#pending = Buffer.from(this.#pending);
    this.#body = this.#body.map((part) => (part.buffer === bytes.buffer ? Buffer.from(part) : part));
  }

  #take(length: number): Buffer {
    const taken = this.#pending.subarray(0, length);
    this.#pending = this.#pending.length === length ? empty : this.#pending.subarray(length);
    return taken;
  }

  #keep(bytes: Buffer): void {
    if (bytes.length === 0) return;
    this.#body.push(bytes);
    this.#bodyLength += bytes.length;
    this.#checkLength(this.#bodyLength);
  }

  #checkLength(length: number): void {
    if (length > this.#longestBody) throw new MalformedResponse(`the answer is larger than ${this.#longestBody} bytes`);
  }

  #finish(): HttpResponse {
    const head = this.#head;
    const [first] = this.#body;
    const body = (first !== undefined && this.#body.length === 1 ? first : Buffer.concat(this.#body)).toString('utf8');
    const reusable =
      this.#state.in !== 'until-close' &&
      this.#pending.length === 0 &&
      head.startsWith('HTTP/1.1') &&
      headerOf(head, 'connection')?.toLowerCase() !== 'close';
    const response = {
      status: this.#status,
      header: (name: string) => headerOf(head, name),
      headers: (name: string) => headersOf(head, name),
      body,
      reusable,
    };
    this.#state = { in: 'head' };
    this.#body = [];
    this.#bodyLength = 0;
    return response;
  }
}

const headerPatterns = new Map<string, RegExp>();

function headerOf(head: string, name: string): string | undefined {
  let pattern = headerPatterns.get(name);
  if (pattern === undefined) {
    pattern = new RegExp(`\\r\\n${name}:[ \\t]*([^\\r\\n]*?)[ \\t]*\\r\\n`, 'i');
    headerPatterns.set(name, pattern);
  }
  return pattern.exec(head)?.[1];
}

function headersOf(head: string, name: string): string[] {
  const prefix = `${name}:`;
  return head
    .split('\r\n')
    .filter((line) => line.toLowerCase().startsWith(prefix))
    .map((line) => line.slice(prefix.length).trim());
}
