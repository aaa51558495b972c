/**
 * Who is a member: GET /kubernetes/ of the PoolC API, checked at the edge. Anything malformed fails the whole fetch,
 * because half a directory would remove the other half (P3).
 */
import * as z from 'zod';
import { isUuid, type Member, printable } from '../core/model.ts';
import { withRetry } from '../http/retry.ts';
import { Failure } from '../lib/failure.ts';
import { countValues, repeatedKey } from '../lib/json.ts';
import type { Log } from '../lib/log.ts';
import { callPoolc, type PoolcApi } from '../poolc/api.ts';

/** Of the attempts that fail, the first and then every so many are told of: a directory that is away stays away for a while. */
const warnedEvery = 4;

/** What fits into the heap that the image gives, whatever the answer is made of; 50,000 members with long ids are far below. */
const longestAnswer = 16 * 1024 * 1024;
const mostMembers = 100_000;
const mostValues = 400_000;

const directorySchema = z.object({ activeMembers: z.array(z.unknown()) });
/** Checked one by one: of an answer that is wrong from end to end, the first fault is enough. */
const memberSchema = z.object({ member_uuid: z.string(), login_id: z.string().nullable() });

/**
 * The members, in the directory's order, which means nothing.
 * @throws Failure (directory) when the answer is missing, malformed, or names someone twice
 */
export async function fetchMembers(
  api: PoolcApi,
  { signal, random, log }: { signal: AbortSignal; random: () => number; log: Log },
): Promise<Member[]> {
  return withRetry(() => askMembers(api, signal), {
    clock: api.clock,
    random,
    signal,
    policy: { budgetMs: 45_000, firstWaitMs: 500, longestWaitMs: 5_000 },
    onRetry: (failure, attempt) =>
      log[attempt % warnedEvery === 1 ? 'warn' : 'debug'](`${failure.message}; trying again (attempt ${attempt + 1})`),
  });
}

/** One attempt, for whoever only wants to see whether it works. @throws Failure (directory) */
export async function askMembers(api: PoolcApi, signal: AbortSignal): Promise<Member[]> {
  const answer = await callPoolc(api, 'directory', { method: 'GET', timeoutMs: 30_000, longestAnswer, signal });
  return parseMembers(answer.body, answer.header('content-type'));
}

/** The members of an answer's body. @throws Failure (directory) that says what is wrong and where */
function parseMembers(body: Buffer, contentType: string | undefined): Member[] {
  const directory = checked(directorySchema, parseDocument(body, contentType));
  const { length } = directory.activeMembers;
  if (length > mostMembers)
    throw malformed(`it has ${length} members, and more than ${mostMembers} are not taken for a club's`);
  const members: Member[] = [];
  const seen = new Map<string, number>();
  for (const [index, item] of directory.activeMembers.entries()) {
    const { member_uuid: directoryUuid, login_id: loginId } = checked(memberSchema, item, ['activeMembers', index]);
    if (!isUuid(directoryUuid))
      throw malformed(`activeMembers.${index}.member_uuid is not a UUID: "${printable(directoryUuid)}"`);
    const uuid = directoryUuid.toLowerCase();
    const first = seen.get(uuid);
    if (first !== undefined) throw malformed(`activeMembers.${first} and .${index} have the same member_uuid ${uuid}`);
    seen.set(uuid, index);
    members.push({ uuid, directoryUuid, loginId });
  }
  return members;
}

function parseDocument(body: Buffer, contentType: string | undefined): unknown {
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(body);
  } catch {
    throw malformed('it is not UTF-8');
  }
  if (countValues(text) > mostValues) throw malformed(`it has more than ${mostValues} values`);
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch {
    if (/html/i.test(contentType ?? '') || /^\s*</.test(text)) throw malformed('it is an HTML page, not JSON');
    if (text.trim() === '') throw malformed('it is empty');
    throw malformed(
      `it is not valid JSON (${body.length} bytes${/[}\]]\s*$/.test(text) ? '' : ', cut off before its end'})`,
    );
  }
  const key = repeatedKey(text);
  if (key !== undefined) throw malformed(`it says "${printable(key)}" twice in one object, and only one can be meant`);
  return document;
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
