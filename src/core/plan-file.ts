/**
 * A plan that someone has looked at and keeps in a file, without secrets. `sync --plan` makes a plan of its own from what
 * is now, and goes on only where the two are equal: what was agreed to is done, or nothing is.
 */
import * as z from 'zod';
import { byName } from '../lib/by-name.ts';
import { Failure } from '../lib/failure.ts';
import { en, joined, type Message, type Text } from '../lib/message.ts';
import { planFileMessages as messages } from '../lib/messages/plan-file.ts';
import type { Refusal } from './guard.ts';
import { memberLabel } from './model.ts';
import type { NameRecord, Plan } from './plan.ts';

/** Raised by anyone who changes what a plan file says. */
const planFormat = 'credentials-updater/plan/v1';

/** Between which directory and which accounts a plan was made. */
export interface PlanPlace {
  readonly targetNamespace: string;
  readonly endpoint: string;
}

const memberFields = { uuid: z.string(), loginId: z.string().nullable(), name: z.string(), reason: z.string() };
const recordSchema = z.array(z.object({ name: z.string(), uuid: z.string() }));
const planSchema = z.object({
  format: z.literal(planFormat),
  /** ISO 8601, by the API server's clock. */
  madeAt: z.string(),
  targetNamespace: z.string(),
  endpoint: z.string(),
  members: z.number(),
  keep: z.array(z.object({ ...memberFields, uid: z.string() })),
  create: z.array(z.object(memberFields)),
  remove: z.array(
    z.object({ uuid: z.string(), name: z.string(), uid: z.string(), held: z.boolean(), reason: z.string() }),
  ),
  record: recordSchema,
  recordOfRemoved: recordSchema,
});

/** A plan as data for others: the file's content, and the core of `plan --output json`. */
export type PlanDocument = z.infer<typeof planSchema>;

export function toPlanDocument(plan: Plan, place: PlanPlace, madeAtMs: number): PlanDocument {
  return {
    format: planFormat,
    madeAt: new Date(madeAtMs).toISOString(),
    ...place,
    members: plan.members,
    keep: plan.keep.map(({ member: { id, login }, account: { name, uid }, reason }) => ({
      uuid: id,
      loginId: login,
      name,
      uid,
      reason: en(reason),
    })),
    create: plan.create.map(({ member: { id, login }, name, reason }) => ({
      uuid: id,
      loginId: login,
      name,
      reason: en(reason),
    })),
    remove: plan.remove.map(({ account: { memberId, name, uid }, held, reason }) => ({
      uuid: memberId,
      name,
      uid,
      held,
      reason: en(reason),
    })),
    record: plan.record.map(nameEntry),
    recordOfRemoved: plan.recordOfRemoved.map(nameEntry),
  };
}

const nameEntry = ({ name, memberId }: NameRecord) => ({ name, uuid: memberId });

/** @param hint how to write one. @throws Failure (usage) when the text is not a plan of this version */
export function parsePlanDocument(text: string, file: string, hint: Text): PlanDocument {
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch (error) {
    throw new Failure('usage', messages.notPlan({ file }), { cause: error, hint });
  }
  const result = planSchema.safeParse(document);
  if (result.success) return result.data;
  const field = result.error.issues.map(({ path }) => path.join('.')).find((path) => path !== '');
  const what = field === 'format' ? messages.otherFormat({ format: planFormat }) : messages.wrongField({ field });
  throw new Failure('usage', messages.unreadablePlan({ file, what }), { hint });
}

const mostChangesShown = 20;

/** The refusal of a plan that is not the one agreed to, saying what changed; undefined when the two are equal. */
export function refuseAnotherPlan(agreed: PlanDocument, plan: Plan, place: PlanPlace): Refusal | undefined {
  const reasons = new Map<string, Text>(plan.create.map(({ member, reason }) => [member.id, reason]));
  const changes = planChanges(agreed, toPlanDocument(plan, place, 0), reasons);
  if (changes.length === 0) return undefined;
  const shown = joined(changes.slice(0, mostChangesShown), '; ');
  const more = Math.max(0, changes.length - mostChangesShown);
  return { reason: messages.changed({ at: agreed.madeAt, changes: shown, more }), allowance: 'new-plan' };
}

/**
 * What is different now, a sentence each. Reasons and warnings are for readers and may differ.
 * @param reasons for the name of each account to create, by its member's id; those of the document unless given
 */
export function planChanges(
  agreed: PlanDocument,
  now: PlanDocument,
  reasons: ReadonlyMap<string, Text> = new Map(),
): Message[] {
  const changes: Message[] = [];
  for (const [message, before, after] of [
    [messages.otherNamespace, agreed.targetNamespace, now.targetNamespace],
    [messages.otherApi, agreed.endpoint, now.endpoint],
  ] as const) {
    if (before !== after) changes.push(message({ before, after }));
  }
  // Two places have nothing in common that would be worth listing.
  if (changes.length > 0) return changes;
  const [before, after] = [fatesOf(agreed), fatesOf(now)];
  for (const [uuid, fate] of before) {
    const change = changeOfFate(fate, after.get(uuid), reasons.get(uuid));
    if (change !== undefined) changes.push(change);
  }
  for (const [uuid, fate] of after) if (!before.has(uuid)) changes.push(appeared(uuid, fate));
  if (changes.length === 0 && recordedNames(agreed) !== recordedNames(now)) changes.push(messages.otherRecord());
  return changes;
}

/** What a plan does with one UUID: its member's account, or the accounts that a leaver left. */
type Fate =
  | (MemberFate & { readonly action: 'keep'; readonly uid: string })
  | (MemberFate & { readonly action: 'create'; readonly reason: string })
  | { readonly action: 'remove'; readonly names: string; readonly uids: string; readonly held: boolean };

interface MemberFate {
  readonly loginId: string | null;
  /** The login id made printable, or the UUID. */
  readonly who: string;
  readonly name: string;
}

function fatesOf({ keep, create, remove }: PlanDocument): Map<string, Fate> {
  const fates = new Map<string, Fate>();
  for (const { uuid, loginId, name, uid } of keep)
    fates.set(uuid, { action: 'keep', loginId, who: memberLabel({ id: uuid, login: loginId }), name, uid });
  for (const { uuid, loginId, name, reason } of create)
    fates.set(uuid, { action: 'create', loginId, who: memberLabel({ id: uuid, login: loginId }), name, reason });
  for (const [uuid, removals] of Map.groupBy(remove, (removal) => removal.uuid)) {
    const ordered = removals.toSorted(byName(({ name }) => name));
    fates.set(uuid, {
      action: 'remove',
      names: ordered.map(({ name }) => name).join(', '),
      uids: ordered.map(({ uid }) => uid).join(', '),
      held: ordered.some(({ held }) => held),
    });
  }
  return fates;
}

/** @param reason for the name of an account to create; that of the document unless given */
function changeOfFate(before: Fate, after: Fate | undefined, reason: Text | undefined): Message | undefined {
  if (after === undefined) return disappeared(before);
  switch (before.action) {
    case 'keep':
      return changeOfKept(before, after);
    case 'create':
      return changeOfCreated(before, after, reason);
    case 'remove':
      return changeOfRemoved(before, after);
  }
}

function appeared(id: string, fate: Fate): Message {
  switch (fate.action) {
    case 'keep':
      return messages.joinedWithAccount(fate);
    case 'create':
      return messages.joined(fate);
    case 'remove':
      return messages.appeared({ names: fate.names, id });
  }
}

function disappeared(fate: Fate): Message {
  switch (fate.action) {
    case 'keep':
      return messages.leftWithAccount(fate);
    case 'create':
      return messages.leftBeforeCreation(fate);
    case 'remove':
      return messages.gone(fate);
  }
}

function changeOfKept(before: Extract<Fate, { action: 'keep' }>, after: Fate): Message | undefined {
  switch (after.action) {
    case 'keep':
      if (after.name !== before.name) return messages.otherAccount({ ...after, before: before.name });
      if (after.uid !== before.uid) return messages.accountMadeAnew(after);
      return changeOfLogin(before, after);
    case 'create':
      return messages.accountGone({ ...after, before: before.name });
    case 'remove': {
      const change = { who: before.who, names: after.names };
      return after.held ? messages.heldOut(change) : messages.left(change);
    }
  }
}

function changeOfCreated(
  before: Extract<Fate, { action: 'create' }>,
  after: Fate,
  reason: Text | undefined,
): Message | undefined {
  switch (after.action) {
    case 'keep':
      return messages.hasAccountByNow(after);
    case 'create':
      if (after.name !== before.name)
        return messages.otherName({ ...after, before: before.name, reason: reason ?? after.reason });
      return changeOfLogin(before, after);
    case 'remove':
      return messages.hasAccountToRemove({ who: before.who, names: after.names });
  }
}

function changeOfRemoved(before: Extract<Fate, { action: 'remove' }>, after: Fate): Message | undefined {
  switch (after.action) {
    case 'keep':
      return messages.memberAgain(after);
    case 'create':
      return messages.memberAgainAnew(after);
    case 'remove':
      if (after.names !== before.names) return messages.otherRemoved({ before: before.names, names: after.names });
      if (after.uids !== before.uids) return messages.removedMadeAnew(after);
      if (after.held === before.held) return undefined;
      return after.held ? messages.ownerHeldOut(after) : messages.ownerLeft(after);
  }
}

function changeOfLogin(before: MemberFate, after: MemberFate): Message | undefined {
  if (before.loginId === after.loginId) return undefined;
  return messages.otherLogin({ who: before.who, now: after.who, name: after.name });
}

function recordedNames({ record, recordOfRemoved }: PlanDocument): string {
  return [record, recordOfRemoved]
    .map((names) =>
      names
        .map(({ name, uuid }) => `${name}=${uuid}`)
        .toSorted()
        .join(),
    )
    .join(';');
}
