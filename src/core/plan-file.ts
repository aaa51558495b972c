/**
 * A plan that someone has looked at and keeps in a file, without secrets. `sync --plan` makes a plan of its own from what
 * is now, and goes on only where the two are equal: what was agreed to is done, or nothing is.
 */
import * as z from 'zod';
import { Failure } from '../lib/failure.ts';
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
      reason,
    })),
    create: plan.create.map(({ member: { id, login }, name, reason }) => ({ uuid: id, loginId: login, name, reason })),
    remove: plan.remove.map(({ account: { memberId, name, uid }, held, reason }) => ({
      uuid: memberId,
      name,
      uid,
      held,
      reason,
    })),
    record: plan.record.map(nameEntry),
    recordOfRemoved: plan.recordOfRemoved.map(nameEntry),
  };
}

const nameEntry = ({ name, memberId }: NameRecord) => ({ name, uuid: memberId });

/** @param hint how to write one. @throws Failure (usage) when the text is not a plan of this version */
export function parsePlanDocument(text: string, file: string, hint: string): PlanDocument {
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch (error) {
    throw new Failure('usage', `${file} is not a plan: it is not JSON`, { cause: error, hint });
  }
  const result = planSchema.safeParse(document);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  const what =
    issue?.path[0] === 'format' ? `its format is not ${planFormat}` : `${issue?.path.join('.') || 'its root'} is wrong`;
  throw new Failure('usage', `${file} is not a plan that this version can read: ${what}`, { hint });
}

const mostChangesShown = 20;

/** The refusal of a plan that is not the one agreed to, saying what changed; undefined when the two are equal. */
export function refuseAnotherPlan(agreed: PlanDocument, plan: Plan, place: PlanPlace): Refusal | undefined {
  const changes = planChanges(agreed, toPlanDocument(plan, place, 0));
  if (changes.length === 0) return undefined;
  const more = changes.length > mostChangesShown ? `; and ${changes.length - mostChangesShown} more` : '';
  return {
    reason: `things have changed since the plan of ${agreed.madeAt}: ${changes.slice(0, mostChangesShown).join('; ')}${more}`,
    allowance: 'new-plan',
  };
}

/** What is different now, a sentence each. Reasons and warnings are for readers and may differ. */
export function planChanges(agreed: PlanDocument, now: PlanDocument): string[] {
  const changes: string[] = [];
  for (const [what, before, after] of [
    ['the namespace', agreed.targetNamespace, now.targetNamespace],
    ['the PoolC API', agreed.endpoint, now.endpoint],
  ] as const) {
    if (before !== after) changes.push(`${what} was ${before}, this run is for ${after}`);
  }
  // Two places have nothing in common that would be worth listing.
  if (changes.length > 0) return changes;
  const [before, after] = [fatesOf(agreed), fatesOf(now)];
  for (const uuid of new Set([...before.keys(), ...after.keys()])) {
    const change = changeOfFate(uuid, before.get(uuid), after.get(uuid));
    if (change !== undefined) changes.push(change);
  }
  if (changes.length === 0 && recordedNames(agreed) !== recordedNames(now))
    changes.push('the record of names was written by another run');
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
    const ordered = removals.toSorted((a, b) => (a.name < b.name ? -1 : 1));
    fates.set(uuid, {
      action: 'remove',
      names: ordered.map(({ name }) => name).join(', '),
      uids: ordered.map(({ uid }) => uid).join(', '),
      held: ordered.some(({ held }) => held),
    });
  }
  return fates;
}

function changeOfFate(uuid: string, before: Fate | undefined, after: Fate | undefined): string | undefined {
  if (before === undefined) return after === undefined ? undefined : appeared(uuid, after);
  if (after === undefined) return disappeared(before);
  switch (before.action) {
    case 'keep':
      return changeOfKept(before, after);
    case 'create':
      return changeOfCreated(before, after);
    case 'remove':
      return changeOfRemoved(before, after);
  }
}

function appeared(uuid: string, fate: Fate): string {
  switch (fate.action) {
    case 'keep':
      return `${fate.who} joined, and has the account ${fate.name}`;
    case 'create':
      return `${fate.who} joined: the account ${fate.name} would be created`;
    case 'remove':
      return `${fate.names} appeared, of someone who is not in the directory (${uuid}), and would be removed`;
  }
}

function disappeared(fate: Fate): string {
  switch (fate.action) {
    case 'keep':
      return `${fate.who} left, and the account ${fate.name} is gone`;
    case 'create':
      return `${fate.who} left: the account ${fate.name} would not be created`;
    case 'remove':
      return `${fate.names} is gone`;
  }
}

function changeOfKept(before: Extract<Fate, { action: 'keep' }>, after: Fate): string | undefined {
  switch (after.action) {
    case 'keep':
      if (after.name !== before.name) return `${after.who} has the account ${after.name}, not ${before.name}`;
      if (after.uid !== before.uid) return `the account ${after.name} of ${after.who} was deleted and created anew`;
      return changeOfLogin(before, after);
    case 'create':
      return `the account ${before.name} of ${after.who} is gone: ${after.name} would be created`;
    case 'remove':
      return after.held
        ? `${before.who} is held out: ${after.names} would be removed`
        : `${before.who} left: ${after.names} would be removed`;
  }
}

function changeOfCreated(before: Extract<Fate, { action: 'create' }>, after: Fate): string | undefined {
  switch (after.action) {
    case 'keep':
      return `${after.who} has an account by now, ${after.name}`;
    case 'create':
      if (after.name !== before.name)
        return `${after.who} would get the account ${after.name}, not ${before.name} (${after.reason})`;
      return changeOfLogin(before, after);
    case 'remove':
      return `${before.who} has an account by now and is no longer to have one: ${after.names} would be removed`;
  }
}

function changeOfRemoved(before: Extract<Fate, { action: 'remove' }>, after: Fate): string | undefined {
  switch (after.action) {
    case 'keep':
      return `${after.who} is a member again: the account ${after.name} would be kept`;
    case 'create':
      return `${after.who} is a member again: the account ${after.name} would be created`;
    case 'remove':
      if (after.names !== before.names) return `${before.names} was to be removed, now ${after.names} would be`;
      if (after.uids !== before.uids) return `${after.names} was deleted and created anew`;
      if (after.held === before.held) return undefined;
      return after.held ? `the owner of ${after.names} is held out` : `the owner of ${after.names} left the directory`;
  }
}

function changeOfLogin(before: MemberFate, after: MemberFate): string | undefined {
  if (before.loginId === after.loginId) return undefined;
  return `${before.who} is called ${after.who} in the directory, and has the account ${after.name}`;
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
