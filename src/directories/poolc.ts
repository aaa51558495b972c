/**
 * Who is a member: GET /kubernetes/ of the PoolC API, checked at the edge. Anything malformed fails the whole fetch,
 * because half a directory would remove the other half (P3).
 */
import * as z from 'zod';
import { isUuid } from '../core/member-id.ts';
import { type Member, printable } from '../core/model.ts';
import { isLoopback } from '../http/endpoint.ts';
import { withRetry } from '../http/retry.ts';
import { Failure } from '../lib/failure.ts';
import { directoryMessages as messages } from '../lib/messages/directory.ts';
import { callPoolc, type PoolcApi } from '../poolc/api.ts';
import { PoolcSpelling } from '../poolc/spelling.ts';
import type { Directory, ReadOptions } from './directory.ts';
import { longestAnswer, parseJsonAnswer } from './json-answer.ts';
import { mostMembers } from './member-rows.ts';

const directorySchema = z.object({ activeMembers: z.array(z.unknown()) });
/** Checked one by one: of an answer that is wrong from end to end, the first fault is enough. */
const memberSchema = z.object({ member_uuid: z.string(), login_id: z.string().nullable() });

/** The PoolC API as a directory. @param spelling learns how it spells ids, for the delivery to the same API */
export function poolcDirectory(
  api: PoolcApi,
  { random, spelling }: { random: () => number; spelling: PoolcSpelling },
): Directory {
  return {
    kind: 'poolc',
    address: api.endpoint.href,
    host: api.endpoint.host,
    isLocal: isLoopback(api.endpoint.hostname),
    whatToLookAt: messages.poolc(),
    isOwnId: isUuid,
    isSnapshot: true,
    members: ({ signal, onRetry }: ReadOptions) =>
      withRetry(() => askMembers(api, signal, spelling), {
        clock: api.clock,
        random,
        signal,
        policy: { budgetMs: 45_000, firstWaitMs: 500, longestWaitMs: 5_000 },
        ...(onRetry === undefined ? {} : { onRetry: ({ message }, attempt) => onRetry(message, attempt) }),
      }),
  };
}

/** One attempt, for a look at whether it works. @throws Failure (directory) when it is missing or malformed */
export async function askMembers(
  api: PoolcApi,
  signal: AbortSignal,
  spelling: PoolcSpelling = new PoolcSpelling(),
): Promise<Member[]> {
  const answer = await callPoolc(api, 'directory', { method: 'GET', timeoutMs: 30_000, longestAnswer, signal });
  return parseMembers(answer.body, answer.header('content-type'), spelling);
}

/** @throws Failure (directory) that says what is wrong and where */
function parseMembers(body: Buffer, contentType: string | undefined, spelling: PoolcSpelling): Member[] {
  const directory = checked(directorySchema, parseJsonAnswer(body, contentType, malformed));
  const { length } = directory.activeMembers;
  if (length > mostMembers)
    throw malformed(`it has ${length} members, and more than ${mostMembers} are not taken for a club's`);
  const members: Member[] = [];
  const seen = new Map<string, number>();
  for (const [index, item] of directory.activeMembers.entries()) {
    const { member_uuid: spelled, login_id: login } = checked(memberSchema, item, ['activeMembers', index]);
    if (!isUuid(spelled)) throw malformed(`activeMembers.${index}.member_uuid is not a UUID: "${printable(spelled)}"`);
    const id = spelling.learn(spelled);
    const first = seen.get(id);
    if (first !== undefined) throw malformed(`activeMembers.${first} and .${index} have the same member_uuid ${id}`);
    seen.set(id, index);
    members.push({ id, login });
  }
  return members;
}

/** @param within where the value stands in the answer */
function checked<T>(schema: z.ZodType<T>, value: unknown, within: readonly PropertyKey[] = []): T {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  if (issue === undefined) throw malformed('it has another shape');
  const where = [...within, ...issue.path].join('.') || 'the answer';
  const what = issue.message.replace('Invalid input: ', '').replace('received undefined', 'found nothing');
  throw malformed(`${where} is not as agreed: ${what.replace('received', 'found')}`);
}

function malformed(what: string): Failure {
  return new Failure('directory', `the PoolC API's list of members is malformed: ${what}; nothing was changed`, {
    hint: 'is POOLC_API_ENDPOINT the PoolC API, and is it healthy? It must answer {"activeMembers":[{"member_uuid":"…","login_id":"…"}]}',
  });
}
