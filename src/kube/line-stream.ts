/** An answer of the API server that comes line by line, for as long as it takes: a watch's. */
import type { HttpAnswer } from '../http/answer.ts';
import { linesOf } from '../http/lines.ts';
import type { RequestStream } from '../http/stream.ts';
import { Failure } from '../lib/failure.ts';

export interface StreamRequest {
  readonly path: string;
  readonly query?: Readonly<Record<string, string>>;
  readonly signal: AbortSignal;
  /** How long the API server may stay silent while someone waits for a line, in milliseconds; for ever unless given. */
  readonly idleTimeoutMs?: number;
  /** Replaces `application/json`. */
  readonly accept?: string;
  /** In bytes; a longer line fails the stream. */
  readonly longestLine?: number;
}

/** Lines without their ends, to be read once. Leaving the loop closes the connection; without a loop, `close` does. */
export interface LineStream extends AsyncIterable<string> {
  close(): void;
}

/** etcd takes no object of more than 1.5 MiB unless it is told to. */
const defaultLongestLine = 8 * 1024 * 1024;
const longestRefusal = 1024 * 1024;
const empty = Buffer.alloc(0);

export interface StreamRules {
  /** @throws Failure for an answer that is not one to build on */
  readonly judge: (answer: HttpAnswer) => Promise<void>;
  /** For a refusal to be read whole, in milliseconds. */
  readonly requestTimeoutMs: number;
}

/** @throws Failure (cluster) for a refusal; the connection is closed then */
export async function readLines(
  stream: RequestStream,
  { path, longestLine = defaultLongestLine }: StreamRequest,
  { judge, requestTimeoutMs }: StreamRules,
): Promise<LineStream> {
  const close = () => stream.end(new Failure('cluster', 'the stream was closed by its reader'));
  try {
    await judge(await beginningOf(stream, requestTimeoutMs));
  } catch (error) {
    close();
    throw error;
  }
  const tooLong = () => {
    const said = `GET ${path.split('?')[0]} was answered with a line of more than ${longestLine} bytes`;
    const hint = 'is the server address of the kubeconfig that of a Kubernetes API server?';
    return new Failure('cluster', said, { hint });
  };
  const lines = linesOf(stream, longestLine, tooLong);
  return { close, [Symbol.asyncIterator]: () => lines };
}

/** What decides about a stream: its head alone where it is accepted, else the whole refusal. */
async function beginningOf(stream: RequestStream, timeoutMs: number): Promise<HttpAnswer> {
  const head = await stream.head;
  const answer = (body: Buffer): HttpAnswer => ({
    status: head.status,
    header: (name) => head.header(name),
    headers: (name) => head.headers(name),
    body,
  });
  if (head.status >= 200 && head.status < 300) return answer(empty);
  // What the status says counts more than a body that never ends.
  const timer = setTimeout(() => stream.finish(), timeoutMs);
  const chunks: Buffer[] = [];
  let length = 0;
  try {
    for await (const chunk of stream) {
      length += chunk.length;
      if (length > longestRefusal) break;
      chunks.push(chunk);
    }
  } finally {
    clearTimeout(timer);
  }
  return answer(Buffer.concat(chunks));
}
