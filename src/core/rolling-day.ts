/**
 * The guard of a program that goes on and on: a directory that loses its members bit by bit must not pass where one that
 * loses them at once is refused. Pure.
 *
 * - What counts is a rolling day: distinct ids that were removed or added in it, together with those of the plan.
 * - The baseline is how many accounts there were a day ago, or at the end of the first completed sync if that is later;
 *   what was changed before it doesn't count.
 * - A change that is recorded already was judged then: after a crash, the rest of it is no new one.
 * - A hold is an operator's word and doesn't count. An id that was removed twice within the day is not removed a third time.
 * - An allowance covers the ids that were refused when it was given, once.
 */
import { createHash } from 'node:crypto';
import type { Message } from '../lib/message.ts';
import { guardMessages as messages } from '../lib/messages/guard.ts';
import { additionsExceed, type GuardLimits, type Refusal, removalsExceed } from './guard.ts';
import type { MemberId } from './member-id.ts';
import type { Plan } from './plan.ts';

export const dayMs = 86_400_000;

export type Direction = 'removals' | 'additions';

/** A change that was recorded before it was made. Times in milliseconds since the epoch, by the API server's clock. */
export interface RecordedChange {
  readonly direction: Direction;
  /** `fingerprint` of the member id. */
  readonly id: string;
  /** Which account of that member: `fingerprint` of its UID; for an addition, of its name. */
  readonly account: string;
  readonly at: number;
}

/** How many accounts there were. */
export interface Baseline {
  readonly at: number;
  readonly owned: number;
}

/** A number that an operator gave, and the ids that it covers. */
export interface Allowance {
  /** As it was written: another text is another allowance. */
  readonly text: string;
  readonly ids: readonly string[];
  readonly spent: boolean;
}

export interface RollingDay {
  readonly changes: readonly RecordedChange[];
  /** The oldest first. */
  readonly baselines: readonly Baseline[];
  /** The ids of the plan that was last refused; empty since one was followed. */
  readonly refused: Readonly<Record<Direction, readonly string[]>>;
  readonly allowances: Readonly<Partial<Record<Direction, Allowance | undefined>>>;
}

export const emptyDay: RollingDay = {
  changes: [],
  baselines: [],
  refused: { removals: [], additions: [] },
  allowances: {},
};

/** More ids than this are no matter for an annotation: the record of them would not fit. */
const mostRefused = 20_000;
/** How often an account count is kept. */
const baselineEveryMs = 3_600_000;
/** So often may an id go within a day. */
const mostRemovalsOfOne = 2;

/** Ten characters for an id or a UID: the record holds thousands. */
function fingerprint(id: string): string {
  return createHash('sha256').update(id).digest('base64url').slice(0, 10);
}

/** What the plan would change, as it is recorded and counted. */
export function changesOf(plan: Plan, now: number): RecordedChange[] {
  return [
    ...plan.remove
      .filter(({ held }) => !held)
      .map(({ account }) => change('removals', account.memberId, account.uid, now)),
    ...plan.create.map(({ member, name }) => change('additions', member.id, name, now)),
  ];
}

function change(direction: Direction, id: MemberId, account: string, at: number): RecordedChange {
  return { direction, id: fingerprint(id), account: fingerprint(account), at };
}

/** Why the plan is too much for a day. */
export function refusalsOfDay(
  plan: Plan,
  limits: GuardLimits,
  { day, now }: { day: RollingDay; now: number },
): Refusal[] {
  const planned = changesOf(plan, now);
  // Before the first completed sync, or when the record was lost, there is only what is there now.
  const moment = { day, now, owned: baselineAt(day, now) ?? plan.owned };
  return [
    tooManyRemovals(planned, limits, moment),
    sameOnesAgain(planned, moment),
    tooManyAdditions(planned, limits, moment),
  ].filter((refusal) => refusal !== undefined);
}

interface Moment {
  readonly day: RollingDay;
  readonly now: number;
  /** The baseline. */
  readonly owned: number;
}

function tooManyRemovals(planned: readonly RecordedChange[], limits: GuardLimits, moment: Moment): Refusal | undefined {
  const { all, ofPlan, covered, allowed } = countedIds('removals', planned, moment);
  // Those whom an operator let go are not among those who may lose half of them.
  const owned = Math.max(0, moment.owned - allowed);
  const limit = ofPlan.size === 0 ? undefined : removalsExceed(all.size, owned, limits);
  if (limit === undefined) return undefined;
  const most =
    limit === 'many'
      ? messages.accountsAndPercent({ accounts: limits.maxRemovals, percent: limits.maxRemovalPercent })
      : messages.half();
  const numbers = { all: all.size, now: ofPlan.size, owned, limit: most };
  return {
    reason: messages.goneWithinDay({ ...numbers, allowance: notEnough('removals', covered, moment) }),
    allowance: { setting: 'ALLOW_REMOVALS', value: idsOf(planned, 'removals').size },
  };
}

function tooManyAdditions(
  planned: readonly RecordedChange[],
  limits: GuardLimits,
  moment: Moment,
): Refusal | undefined {
  const { owned } = moment;
  const { all, ofPlan, covered } = countedIds('additions', planned, moment);
  // A first run has nothing to compare with.
  if (ofPlan.size === 0 || owned === 0 || !additionsExceed(all.size, owned, limits)) return undefined;
  const limit = messages.accountsAndPercent({ accounts: limits.maxAdditions, percent: 100 });
  const numbers = { all: all.size, now: ofPlan.size, owned, limit };
  return {
    reason: messages.newWithinDay({ ...numbers, allowance: notEnough('additions', covered, moment) }),
    allowance: { setting: 'ALLOW_ADDITIONS', value: idsOf(planned, 'additions').size },
  };
}

/** A directory that forgets and remembers the same members would end their tokens each time. */
function sameOnesAgain(planned: readonly RecordedChange[], moment: Moment): Refusal | undefined {
  const covered = coveredIds('removals', moment.day);
  const again = planned.filter(({ direction, id, account }) => {
    if (direction !== 'removals' || covered.has(id)) return false;
    const before = recentOf(moment, 'removals').filter((each) => each.id === id && each.account !== account);
    return new Set(before.map((each) => each.account)).size >= mostRemovalsOfOne;
  });
  if (again.length === 0) return undefined;
  return {
    reason: messages.sameOnesAgain({ members: again.length }),
    allowance: { setting: 'ALLOW_REMOVALS', value: idsOf(planned, 'removals').size },
  };
}

function notEnough(direction: Direction, covered: number, { day }: Moment): Message | undefined {
  const allowance = day.allowances[direction];
  if (allowance === undefined) return undefined;
  const { text, spent } = allowance;
  return spent ? messages.allowanceSpent({ text }) : messages.allowanceCovers({ text, covered });
}

function countedIds(direction: Direction, planned: readonly RecordedChange[], moment: Moment) {
  const covered = coveredIds(direction, moment.day);
  const recent = recentOf(moment, direction);
  const judged = new Set(recent.map(keyOf));
  const wanted = planned.filter((each) => each.direction === direction);
  const ofPlan = new Set(
    wanted.filter((each) => !covered.has(each.id) && !judged.has(keyOf(each))).map(({ id }) => id),
  );
  // Those that an allowance has let through don't count against the ones after them.
  const spent = spentIds(direction, moment.day);
  const before = recent.filter(({ id }) => !covered.has(id) && !spent.has(id));
  const coveredCount = wanted.filter(({ id }) => covered.has(id)).length;
  const allowed = new Set(recent.filter(({ id }) => spent.has(id)).map(({ id }) => id)).size;
  return { all: new Set([...ofPlan, ...before.map(({ id }) => id)]), ofPlan, covered: coveredCount, allowed };
}

/** The ids that an allowance covers: none where it is spent, or names fewer than were refused. */
function coveredIds(direction: Direction, { allowances }: RollingDay): ReadonlySet<string> {
  const allowance = allowances[direction];
  if (allowance === undefined || allowance.spent || numberOf(allowance.text) < allowance.ids.length) return new Set();
  return new Set(allowance.ids);
}

function spentIds(direction: Direction, { allowances }: RollingDay): ReadonlySet<string> {
  const allowance = allowances[direction];
  return allowance?.spent === true ? new Set(allowance.ids) : new Set();
}

/** `40`, or `40@` and a mark that tells two of them apart; 0 for anything else. */
function numberOf(text: string): number {
  return Number(/^(\d{1,6})(@[\w:.-]{1,40})?$/.exec(text)?.[1] ?? 0);
}

function idsOf(changes: readonly RecordedChange[], direction: Direction): Set<string> {
  return new Set(changes.filter((each) => each.direction === direction).map(({ id }) => id));
}

/** Since the baseline. */
function recentOf({ day, now }: Moment, direction: Direction): RecordedChange[] {
  const since = Math.max(now - dayMs, day.baselines[0]?.at ?? 0);
  return day.changes.filter((each) => each.direction === direction && each.at > since);
}

function baselineAt(day: RollingDay, now: number): number | undefined {
  const [oldest] = day.baselines;
  return (day.baselines.findLast(({ at }) => at <= now - dayMs) ?? oldest)?.owned;
}

/** The day with these changes recorded, and the allowances that they needed spent. What is older than a day is dropped. */
export function withChanges(day: RollingDay, planned: readonly RecordedChange[], now: number): RollingDay {
  const recent = day.changes.filter(({ at }) => at > now - dayMs);
  const known = new Set(recent.map(keyOf));
  const spend = (direction: Direction): Allowance | undefined => {
    const allowance = day.allowances[direction];
    const covered = coveredIds(direction, day);
    const isUsed = planned.some((each) => each.direction === direction && covered.has(each.id));
    return allowance === undefined ? undefined : { ...allowance, spent: allowance.spent || isUsed };
  };
  return {
    ...day,
    changes: [...recent, ...planned.filter((each) => !known.has(keyOf(each)))],
    refused: emptyDay.refused,
    allowances: { removals: spend('removals'), additions: spend('additions') },
  };
}

/** A change that is recorded again after a crash is the same one. */
const keyOf = ({ direction, id, account }: RecordedChange) => `${direction} ${id} ${account}`;

/** The day after a completed sync: how many accounts there are now is remembered, about once in an hour. */
export function withBaseline(day: RollingDay, owned: number, now: number): RollingDay {
  const last = day.baselines.at(-1);
  if (last !== undefined && now - last.at < baselineEveryMs) return day;
  const index = day.baselines.findLastIndex(({ at }) => at <= now - dayMs);
  return { ...day, baselines: [...day.baselines.slice(Math.max(0, index)), { at: now, owned }] };
}

/** The day with the plan that was refused: an allowance that is given now covers its ids. */
export function withRefusal(day: RollingDay, plan: Plan): RollingDay {
  const planned = changesOf(plan, 0);
  const ids = (direction: Direction) => [...idsOf(planned, direction)].sort().slice(0, mostRefused);
  return { ...day, refused: { removals: ids('removals'), additions: ids('additions') } };
}

/** The day once nothing is refused any more: an allowance that is given now would cover nobody. */
export function withoutRefusal(day: RollingDay): RollingDay {
  return day.refused.removals.length + day.refused.additions.length === 0 ? day : { ...day, refused: emptyDay.refused };
}

/**
 * The day with the operator's annotations: one that is new covers what is refused now, one that is gone is forgotten. One
 * that stays, as from GitOps, is the same allowance as before, spent or not.
 */
export function withAllowances(day: RollingDay, given: Readonly<Partial<Record<Direction, string>>>): RollingDay {
  const read = (direction: Direction): Allowance | undefined => {
    const text = given[direction];
    const known = day.allowances[direction];
    if (text === undefined) return undefined;
    if (text === known?.text) return known;
    return { text, ids: day.refused[direction], spent: false };
  };
  return { ...day, allowances: { removals: read('removals'), additions: read('additions') } };
}
