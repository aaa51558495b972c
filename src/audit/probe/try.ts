/** Performs attempts, with a member's token, as a member by impersonation, or as ourselves. */
import pMap from 'p-map';
import * as z from 'zod';
import { parseJson, partialMetadata, partialMetadataOfOne } from '../../kube/client.ts';
import type { AuditContext } from '../context.ts';
import type { Attempt } from './attempt.ts';
import { type Answer, type Outcome, outcomeOf } from './outcome.ts';

const concurrency = 8;
/** Answers, each of which says something about an attempt. */
const answers = [400, 401, 403, 404, 405, 406, 409, 410, 413, 415, 422, 500, 503];

export interface Tried {
  readonly attempt: Attempt;
  readonly outcome: Outcome;
  readonly answer: Answer;
}

export interface Trying {
  readonly who:
    | { readonly kind: 'member'; readonly token: string }
    /** Somebody's real account. */
    | { readonly kind: 'impersonated'; readonly user: string }
    /** We ourselves. */
    | { readonly kind: 'operator' };
  /** Until when policies may still come into force, on the monotonic clock. */
  readonly patientUntil: number;
}

/** Tries all of them; what only policies refuse, and did not, again for a while. */
export async function tryAll(
  context: AuditContext,
  attempts: readonly Attempt[],
  { who, patientUntil }: Trying,
): Promise<Tried[]> {
  const { clock, signal } = context;
  let tried = await tryOnce(context, attempts, who);
  while (tried.some(letThroughByPolicies) && clock.monotonic() < patientUntil) {
    await clock.sleep(1_000, signal);
    const again = await tryOnce(
      context,
      tried.filter(letThroughByPolicies).map(({ attempt }) => attempt),
      who,
    );
    tried = tried.map((each) => again.find(({ attempt }) => attempt === each.attempt) ?? each);
  }
  return tried;
}

const letThroughByPolicies = ({ attempt, outcome }: Tried): boolean => attempt.by === 'policies' && outcome === 'open';

async function tryOnce(context: AuditContext, attempts: readonly Attempt[], who: Trying['who']): Promise<Tried[]> {
  return pMap(
    attempts,
    async (attempt) => {
      const answer = await perform(context, attempt, who);
      return { attempt, outcome: outcomeOf(attempt, answer, who.kind), answer };
    },
    { concurrency, signal: context.signal },
  );
}

const objectSchema = z.object({
  message: z.string().optional(),
  metadata: z.object({ labels: z.record(z.string(), z.string()).optional() }).optional(),
});

async function perform(
  { client, signal }: AuditContext,
  { method, path, body, as }: Attempt,
  who: Trying['who'],
): Promise<Answer> {
  const response = await client.call({
    method,
    path,
    ...(body === undefined ? {} : { body }),
    ...(who.kind === 'member' ? { bearer: who.token } : {}),
    ...(who.kind === 'impersonated' ? { impersonate: who.user } : {}),
    ...(as === undefined ? {} : { impersonate: as }),
    // What an open door would show is not wanted.
    ...(method === 'GET' ? { accept: path.includes('limit=') ? partialMetadata : partialMetadataOfOne } : {}),
    signal,
    expected: answers,
  });
  const { status } = response;
  const object = objectSchema.safeParse(parseJson(response.body)).data;
  const said = status < 300 ? '' : (object?.message?.slice(0, 300) ?? `HTTP ${status}`);
  return { status, said, labels: object?.metadata?.labels ?? {} };
}
