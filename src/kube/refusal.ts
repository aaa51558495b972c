/** What a refusal of the API server means, in words an operator can read: status, reason and message, nothing more. */
import * as z from 'zod';
import { isTransientStatus, retryAfterOf } from '../http/retry.ts';
import { Failure } from '../lib/failure.ts';
import type { Redactor } from '../lib/redact.ts';
import { withoutInvisible } from '../lib/terminal-text.ts';
import { type HttpResponse, parseJson } from './answers.ts';
import type { ClusterAccess } from './kubeconfig.ts';

/** What the program that uses the client can tell an operator to do, beyond what holds for any program. */
export interface ClusterHints {
  /** For a 403: where the missing right comes from, as a clause. */
  readonly forbidden?: string;
  /** For a 404 that the caller does not expect. */
  readonly notFound?: string;
}

/** What was asked, for a message. */
export interface Asked {
  readonly method: string;
  readonly path: string;
}

export interface RefusalContext {
  readonly access: ClusterAccess;
  readonly redactor: Redactor;
  readonly hints: ClusterHints;
  /** Our clock, in milliseconds since the epoch: for a Retry-After without a Date. */
  readonly nowMs: number;
  /** Why it is no verdict yet: the API server is settling after it was away, or our credential has been replaced. */
  readonly passing: 'settling' | 'rotated' | undefined;
}

const statusSchema = z.object({
  message: z.string().optional(),
  reason: z.string().optional(),
  details: z.object({ retryAfterSeconds: z.number().optional() }).optional(),
});

export function refusal(asked: Asked, response: HttpResponse, context: RefusalContext): Failure {
  const { access, redactor, hints, nowMs, passing } = context;
  const parsed = statusSchema.safeParse(parseJson(response.body));
  const { status } = response;
  const given = parsed.success ? parsed.data.message : undefined;
  const message =
    given === undefined
      ? `${nameOf(asked)} was answered with ${status}`
      : // An admission webhook's lines are one sentence here; names of members may hold anything.
        withoutInvisible(redactor.redact(given).replace(/\s*\n\s*/g, ' ')).slice(0, 500);
  const retryAfterMs = retryAfterOf(response, nowMs);
  const refused = status === 401 ? `the API server does not accept our credentials (401): ${message}` : message;
  const said =
    passing === 'settling' ? `${refused} (it was away a moment ago and may not know accounts and rights yet)` : refused;
  return new Failure('cluster', said, {
    status,
    transient: isTransientStatus(status) || passing !== undefined,
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
    ...(parsed.success && parsed.data.reason !== undefined ? { reason: parsed.data.reason } : {}),
    ...hintFor(status, access, hints),
  });
}

export function notFromKubernetes(asked: Asked, status: number, { server }: ClusterAccess): Failure {
  return new Failure(
    'cluster',
    `${nameOf(asked)} was answered with ${status} and no JSON: something in between answers for the API server ${server.origin}`,
    { status, transient: true, hint: 'is the server address of the kubeconfig that of a Kubernetes API server?' },
  );
}

function nameOf({ method, path }: Asked): string {
  return `${method} ${path.split('?')[0]}`;
}

function hintFor(status: number, { source }: ClusterAccess, { forbidden, notFound }: ClusterHints): { hint?: string } {
  if (status === 401) return { hint: `the credentials come from ${source}; does kubectl work with them?` };
  if (status === 403)
    return {
      hint: `grant exactly this to the account of ${source}${forbidden === undefined ? '' : `; ${forbidden}`}`,
    };
  return status === 404 && notFound !== undefined ? { hint: notFound } : {};
}
