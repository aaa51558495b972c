/** What passes between the proxy in front and the application behind it: one request in, one answer out. */
import type { IncomingHttpHeaders } from 'node:http';

export interface ApiRequest {
  method: string;
  /** The path without its query. */
  path: string;
  headers: IncomingHttpHeaders;
  /** The body as it arrives. Rejects when the sender goes away or the body is over the proxy's limit. */
  body: AsyncIterable<Uint8Array>;
}

export interface Answer {
  status: number;
  headers: Record<string, string>;
  body: string | Uint8Array;
}

/** Answers a request. Never rejects on account of what was sent: that is an answer too. */
export type Application = (request: ApiRequest) => Promise<Answer>;

export function jsonAnswer(status: number, content: unknown): Answer {
  return {
    status,
    headers: { 'content-type': 'application/json', 'cache-control': 'no-store' },
    body: JSON.stringify(content),
  };
}

/** An answer in the form of the API's own errors, `{"message": "…"}`. */
export function messageAnswer(status: number, message: string): Answer {
  return jsonAnswer(status, { message });
}

export function emptyAnswer(status: number): Answer {
  return { status, headers: { 'cache-control': 'no-store' }, body: '' };
}
