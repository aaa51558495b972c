/** Requests to the API server with a token, as a member's own tools make them. */
import { Agent, request } from 'undici';
import { z } from 'zod';
import type { ClusterAccess } from '../../dev/control-plane/index.ts';
import type { Call } from './attempt.ts';

export interface Answer {
  readonly status: number;
  readonly body: unknown;
  /** What kubectl shows: the reason of a refusal. */
  readonly message: string;
  /** What kubectl prints as `Warning:`. */
  readonly warnings: readonly string[];
  /** UID of the API server's priority level that it was served in. */
  readonly priorityLevel: string;
}

/** `dryRun`: the whole way through the API server, admission included, but nothing is stored. */
export type Session = (call: Call, options?: { readonly dryRun?: boolean }) => Promise<Answer>;

export const priorityLevelHeader = 'x-kubernetes-pf-prioritylevel-uid';

const statusSchema = z.object({ kind: z.literal('Status'), message: z.string() });

export function openSession({ server, certificateAuthority }: ClusterAccess, token: string): Session {
  const dispatcher = new Agent({ connect: { ca: certificateAuthority }, keepAliveTimeout: 500 });
  return async ({ method, path, body, headers = {} }, { dryRun = false } = {}) => {
    const url = new URL(path, server);
    if (dryRun && method !== 'GET') url.searchParams.set('dryRun', 'All');
    const contentType = method === 'PATCH' ? 'application/merge-patch+json' : 'application/json';
    const response = await request(url, {
      method,
      dispatcher,
      headers: { authorization: `Bearer ${token}`, 'content-type': contentType, ...headers },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const answered = parse(await response.body.text());
    const status = statusSchema.safeParse(answered);
    return {
      status: response.statusCode,
      body: answered,
      message: status.success ? status.data.message : '',
      warnings: [response.headers['warning'] ?? []].flat(),
      priorityLevel: String(response.headers[priorityLevelHeader] ?? ''),
    };
  };
}

/** Does it, or fails with what the API server says. */
export async function perform(session: Session, call: Call): Promise<unknown> {
  const { status, body, message } = await session(call);
  if (status >= 300) throw new Error(`${call.method} ${call.path}: ${status} ${message}`);
  return body;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
