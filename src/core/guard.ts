/**
 * The guard: looks at a plan and can only refuse it (P3). A well-formed directory may still be wrong: emptied by a bad
 * migration, cut short by a filter, or another cluster's. Each check is a fact about the plan, with its numbers and the
 * one setting that allows exactly this.
 */
import type { Message, Text } from '../lib/message.ts';
import { guardMessages as messages } from '../lib/messages/guard.ts';
import type { Plan } from './plan.ts';

export interface GuardLimits {
  readonly minMembers: number;
  readonly maxRemovals: number;
  /** Of the accounts that are ours, in percent. */
  readonly maxRemovalPercent: number;
  readonly maxAdditions: number;
  readonly allowRemovals: number | undefined;
  readonly allowAdditions: number | undefined;
}

export const defaultGuardLimits: GuardLimits = {
  minMembers: 1,
  maxRemovals: 10,
  maxRemovalPercent: 25,
  maxAdditions: 50,
  allowRemovals: undefined,
  allowAdditions: undefined,
};

/** Where the run takes place: decides whether a missing baseline is a first run or the wrong cluster. */
export interface GuardSituation {
  readonly inPod: boolean;
  readonly loopbackDirectory: boolean;
  /** `--first-run` was given. */
  readonly firstRunConfirmed: boolean;
  /** What a setting is called where it was said; its own name unless given. */
  readonly spelling?: (settingName: string) => string;
}

export interface Refusal {
  readonly reason: Text;
  /** What permits exactly this plan, where anything does: `ALLOW_REMOVALS=12`, the flag `--first-run`, or a new plan file. */
  readonly allowance:
    | { readonly setting: 'ALLOW_REMOVALS' | 'ALLOW_ADDITIONS'; readonly value: number }
    | 'first-run'
    | 'new-plan'
    | undefined;
}

export interface Verdict {
  readonly refusals: readonly Refusal[];
  /** What a reader should know though nothing is refused. */
  readonly notes: readonly Message[];
}

type Check = (plan: Plan, limits: GuardLimits, situation: GuardSituation) => Refusal | undefined;

const checks: readonly Check[] = [directoryIsEmpty, directoryIsTooSmall, noBaselineOutsideAPod];
/** Of one run by itself. */
const checksOfChanges: readonly Check[] = [tooManyLeave, tooManyJoin];

/** @param ofDay in a program that goes on: why the plan is too much for a day, in place of the check of one run */
export function guard(
  plan: Plan,
  limits: GuardLimits,
  situation: GuardSituation,
  ofDay?: (plan: Plan) => readonly Refusal[],
): Verdict {
  const applied = ofDay === undefined ? [...checks, ...checksOfChanges] : checks;
  const refusals = [
    ...applied.map((check) => check(plan, limits, situation)).filter((refusal) => refusal !== undefined),
    ...(ofDay?.(plan) ?? []),
  ];
  const notes = plan.owned === 0 && plan.create.length > 0 ? [messages.firstRun()] : [];
  return { refusals, notes };
}

function directoryIsEmpty(plan: Plan): Refusal | undefined {
  if (plan.members > 0) return undefined;
  return { reason: messages.noMembers(), allowance: undefined };
}

function directoryIsTooSmall(
  plan: Plan,
  { minMembers }: GuardLimits,
  { spelling = (name) => name }: GuardSituation,
): Refusal | undefined {
  if (plan.members === 0 || plan.members >= minMembers) return undefined;
  const numbers = { members: plan.members, setting: spelling('MIN_MEMBERS'), least: minMembers };
  return {
    reason: messages.tooFewMembers(numbers),
    allowance: undefined,
  };
}

/** Which limit so many removals of so many accounts are beyond; undefined for none. */
export function removalsExceed(leaving: number, owned: number, limits: GuardLimits): 'many' | 'most' | undefined {
  // In whole numbers: 14 of 100 are not more than 14%.
  if (leaving > limits.maxRemovals && leaving * 100 > limits.maxRemovalPercent * owned) return 'many';
  return owned >= 4 && leaving > owned / 2 ? 'most' : undefined;
}

/** Whether so many additions to so many accounts are beyond the limit. */
export function additionsExceed(joining: number, owned: number, { maxAdditions }: GuardLimits): boolean {
  return joining > maxAdditions && joining > owned;
}

function tooManyLeave(plan: Plan, limits: GuardLimits): Refusal | undefined {
  const leaving = plan.remove.filter((removal) => !removal.held).length;
  const limitExceeded = removalsExceed(leaving, plan.owned, limits);
  if (limitExceeded === undefined) return undefined;
  if (limits.allowRemovals !== undefined && leaving <= limits.allowRemovals) return undefined;
  const percent = (leaving / plan.owned) * 100;
  const limit =
    limitExceeded === 'many' ? { accounts: limits.maxRemovals, percent: limits.maxRemovalPercent } : undefined;
  const numbers = { leaving, owned: plan.owned, percent: percent.toFixed(1), limit, permitted: limits.allowRemovals };
  return {
    reason: messages.tooManyLeave(numbers),
    allowance: { setting: 'ALLOW_REMOVALS', value: leaving },
  };
}

function tooManyJoin(plan: Plan, limits: GuardLimits): Refusal | undefined {
  const joining = plan.create.length;
  if (plan.owned === 0 || !additionsExceed(joining, plan.owned, limits)) return undefined;
  if (limits.allowAdditions !== undefined && joining <= limits.allowAdditions) return undefined;
  const { maxAdditions: most, allowAdditions: permitted } = limits;
  return {
    reason: messages.tooManyJoin({ joining, owned: plan.owned, most, permitted }),
    allowance: { setting: 'ALLOW_ADDITIONS', value: joining },
  };
}

function noBaselineOutsideAPod(plan: Plan, _limits: GuardLimits, situation: GuardSituation): Refusal | undefined {
  if (plan.owned > 0 || situation.inPod || situation.loopbackDirectory || situation.firstRunConfirmed) return undefined;
  return { reason: messages.noBaseline(), allowance: 'first-run' };
}
