/** Plain requests with a client certificate, for asking servers how they are and for setting tests up. */
import { readFileSync } from 'node:fs';
import { Agent, request } from 'undici';

const REQUEST_TIMEOUT_MS = 30_000;
const PROBE_TIMEOUT_MS = 2_000;
/** Idle connections go quickly, so that nobody has to close anything. */
const KEEP_ALIVE_MS = 500;

/** Paths of PEM files. */
export interface ClientFiles {
  readonly authority: string;
  readonly certificate: string;
  readonly key: string;
}

export interface ApiResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  /** JSON, parsed; else text. */
  readonly body: unknown;
}

export type ApiRequest = (
  method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE',
  path: string,
  body?: unknown,
) => Promise<ApiResponse>;

/** Requests to one server. They resolve whatever the status is. A PATCH is a JSON merge patch. */
export function apiRequests(server: string, files: ClientFiles): ApiRequest {
  const dispatcher = connect(files, REQUEST_TIMEOUT_MS);
  return async (method, path, body) => {
    const response = await request(`${server}${path}`, {
      method,
      dispatcher,
      ...(body === undefined
        ? {}
        : {
            body: JSON.stringify(body),
            headers: { 'content-type': method === 'PATCH' ? 'application/merge-patch+json' : 'application/json' },
          }),
    });
    return { status: response.statusCode, headers: response.headers, body: parse(await response.body.text()) };
  };
}

/** Whether a GET of this address answers 200. Never rejects. */
export async function answersOk(url: string, files: ClientFiles): Promise<boolean> {
  const dispatcher = connect(files, PROBE_TIMEOUT_MS);
  try {
    const { statusCode, body } = await request(url, { dispatcher });
    await body.dump();
    return statusCode === 200;
  } catch {
    return false;
  } finally {
    await dispatcher.destroy();
  }
}

function connect({ authority, certificate, key }: ClientFiles, timeout: number): Agent {
  return new Agent({
    connect: { ca: readFileSync(authority), cert: readFileSync(certificate), key: readFileSync(key), timeout },
    headersTimeout: timeout,
    bodyTimeout: timeout,
    keepAliveTimeout: KEEP_ALIVE_MS,
  });
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
