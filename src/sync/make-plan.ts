/** fetch -> observe -> plan -> guard: the one way to a plan, for the sync, the plan command and preflight. */
import { type GuardLimits, type GuardSituation, guard, type Refusal, type Verdict } from '../core/guard.ts';
import type { MemberId } from '../core/member-id.ts';
import type { Member } from '../core/model.ts';
import { buildPlan, type Plan, type PlanInput, type PlanOptions } from '../core/plan.ts';
import { type PlanDocument, type PlanPlace, refuseAnotherPlan } from '../core/plan-file.ts';
import type { Directory } from '../directories/directory.ts';
import type { Log } from '../lib/log.ts';
import { guardMessages } from '../lib/messages/guard.ts';
import { listAccounts } from '../registry/accounts.ts';
import { readHolds, readNamesGiven } from '../registry/names-given.ts';
import type { RegistryPlace } from '../registry/place.ts';
import type { Target } from './context.ts';

/** What is on the cluster before anything is changed: the accounts, the names given, and who is held out. */
export type Observed = Omit<PlanInput, 'members'>;

/** Where a plan's input comes from: each is asked once, the directory a second time where one read may be incomplete. */
export interface PlanSources {
  readonly members: (signal: AbortSignal) => Promise<readonly Member[]>;
  readonly observed: (signal: AbortSignal) => Promise<Observed>;
  /** Whether one read of the directory shows one moment. */
  readonly isSnapshot: boolean;
  readonly options: PlanOptions;
}

export interface PlanJudgement {
  readonly limits: GuardLimits;
  readonly situation: GuardSituation;
  /** In a program that goes on: why a plan is too much for a day. */
  readonly ofDay?: ((plan: Plan) => readonly Refusal[]) | undefined;
  /** The plan that was agreed to: another one is refused. */
  readonly agreedPlan?: PlanDocument | undefined;
  readonly place: PlanPlace;
  /** Whether an id is one that this directory gives. */
  readonly isOwnId: (id: MemberId) => boolean;
}

export interface JudgedPlan {
  readonly plan: Plan;
  readonly verdict: Verdict;
}

/** Runs one step under its own deadline and name, or just runs it. */
export type RunStep = <T>(
  name: 'fetch' | 'observe' | 'plan',
  work: (signal: AbortSignal) => Promise<T> | T,
) => Promise<T>;

/** @throws Failure where the directory or the cluster can't be read whole */
export async function makePlan(sources: PlanSources, judgement: PlanJudgement, runStep: RunStep): Promise<JudgedPlan> {
  const first = await runStep('fetch', sources.members);
  const observed = await runStep('observe', sources.observed);
  const plan = await runStep('plan', () => buildPlan({ members: first, ...observed }, sources.options));
  if (sources.isSnapshot || plan.remove.length + plan.reported.length === 0)
    return { plan, verdict: judge(plan, judgement) };
  // Pages may have moved under the first read: a member whom the second one has is not a leaver.
  const members = inEither(first, await runStep('fetch', sources.members));
  const confirmed = await runStep('plan', () => buildPlan({ members, ...observed }, sources.options));
  return { plan: confirmed, verdict: judge(confirmed, judgement) };
}

function judge(plan: Plan, { limits, situation, ofDay, agreedPlan, place, isOwnId }: PlanJudgement): Verdict {
  const verdict = guard(plan, limits, situation, ofDay);
  const others = [
    agreedPlan === undefined ? undefined : refuseAnotherPlan(agreedPlan, plan, place),
    accountsOfAnotherDirectory(plan, isOwnId),
  ].filter((refusal) => refusal !== undefined);
  return others.length === 0 ? verdict : { ...verdict, refusals: [...others, ...verdict.refusals] };
}

/** Nobody has left: the settings name another directory than the one that these accounts were made from. */
function accountsOfAnotherDirectory(
  { remove, reported }: Plan,
  isOwnId: (id: MemberId) => boolean,
): Refusal | undefined {
  const leavers = [...remove.filter(({ held }) => !held), ...reported];
  const [first, ...more] = leavers.filter(({ account }) => !isOwnId(account.memberId));
  if (first === undefined) return undefined;
  const { name, memberId: id } = first.account;
  return { reason: guardMessages.otherDirectory({ accounts: more.length + 1, name, id }), allowance: undefined };
}

export async function observe(
  { client, namespace }: Target,
  registry: RegistryPlace,
  signal: AbortSignal,
): Promise<Observed> {
  const [accounts, namesGiven, holds] = await Promise.all([
    listAccounts(client, namespace, signal),
    readNamesGiven(client, registry, signal),
    readHolds(client, registry, signal),
  ]);
  return { accounts, namesGiven, holds };
}

/** Of the attempts that fail, the first and then every so many are worth a warning: a directory that is away stays away. */
const warnedEvery = 4;

export function readMembers(directory: Directory, log: Log, signal: AbortSignal): Promise<readonly Member[]> {
  return directory.members({
    signal,
    onRetry: (message, attempt) =>
      log[attempt % warnedEvery === 1 ? 'warn' : 'debug'](`${message}; trying again (attempt ${attempt + 1})`),
  });
}

/** The later read's word counts for anyone who is in both. */
function inEither(first: readonly Member[], second: readonly Member[]): Member[] {
  return [...new Map([...first, ...second].map((member) => [member.id, member])).values()];
}
