/**
 * Makes the accounts what the plan says. Removal first, because leavers must be out whatever happens to the rest of
 * the run (P2); a name is recorded before its account is created, so that nobody can ever inherit it (P9).
 */
import pMap from 'p-map';
import type { Account, Member } from '../core/model.ts';
import { nameWithId } from '../core/names.ts';
import type { Create, NameRecord, Plan } from '../core/plan.ts';
import { Failure, isSystemic, toFailure, withContext } from '../lib/failure.ts';
import { createAccount, deleteAccount } from '../registry/accounts.ts';
import { readNamesGiven, recordNames, shardOf, startRecording } from '../registry/names-given.ts';
import type { SyncContext } from './context.ts';
import type { Outcomes } from './outcomes.ts';

/** A member with the account that their token is minted for. */
export interface Holder {
  readonly member: Member;
  readonly account: Pick<Account, 'name' | 'uid'>;
  /** Whether the account was created in this run: API servers may not know it everywhere yet. */
  readonly fresh: boolean;
}

/** Names of leavers are written within this time, or the leavers go without. */
const recordBudgetMs = 10_000;

/** Removes leavers. @returns why the names of the removed could not be recorded, in which case nobody may be created */
export async function removeLeavers(
  context: SyncContext,
  plan: Plan,
  outcomes: Outcomes,
  signal: AbortSignal,
): Promise<Failure | undefined> {
  if (plan.remove.length === 0) return undefined;
  const {
    target: { client, namespace },
    options,
    log,
  } = context;
  const unrecorded = await tryToRecord(context, plan.recordOfRemoved, signal);
  if (unrecorded !== undefined) {
    log.warn(
      `the names of ${plan.recordOfRemoved.length} leavers could not be recorded: ${unrecorded.message}; they are removed all the same, and no account is created in this run`,
    );
  }
  await pMap(
    plan.remove,
    async (removal) => {
      try {
        await deleteAccount(client, namespace, removal.account, signal);
        outcomes.removed(removal);
      } catch (error) {
        if (isSystemic(error) || signal.aborted) throw withContext(`removing ${removal.account.name}`, error);
        outcomes.notRemoved(removal, toFailure(error));
      }
    },
    { concurrency: options.accountConcurrency, signal },
  );
  return unrecorded;
}

/**
 * Creates the accounts of new members, each as soon as its name is recorded; a member whose account can't be created is
 * an outcome, not the end of the run.
 */
export async function createNewcomers(
  context: SyncContext,
  plan: Plan,
  { unrecorded, outcomes, signal }: { unrecorded: Failure | undefined; outcomes: Outcomes; signal: AbortSignal },
): Promise<Holder[]> {
  const { options } = context;
  const failed = (member: Member, obstacle: Failure) =>
    outcomes.failed(member, withContext('the name could not be recorded, so no account was created', obstacle));
  if (unrecorded !== undefined) {
    for (const { member } of plan.create) failed(member, unrecorded);
    return [];
  }
  const obstacles = recordNewcomers(context, plan.record, signal);
  const taken = new Set([...plan.keep.map(({ account }) => account.name), ...plan.create.map(({ name }) => name)]);
  const created = await pMap(
    plan.create,
    async (create): Promise<Holder | undefined> => {
      const obstacle = await obstacles.get(shardOf(create.name));
      if (obstacle !== undefined) {
        failed(create.member, obstacle);
        return undefined;
      }
      try {
        const account = await createOne(context, create, { taken, signal });
        outcomes.created(create);
        return { member: create.member, account: { name: account.name, uid: account.uid }, fresh: true };
      } catch (error) {
        if (isSystemic(error) || signal.aborted) throw withContext(`creating the account ${create.name}`, error);
        outcomes.failed(create.member, withContext(`the account ${create.name} could not be created`, error));
        return undefined;
      }
    },
    { concurrency: options.accountConcurrency, signal },
  );
  const [first, ...others] = (await Promise.all(obstacles.values())).filter((failure) => failure !== undefined);
  if (first !== undefined) {
    const more = others.length === 0 ? '' : ` (and so for ${others.length} more ConfigMaps of names)`;
    context.log.warn(
      `names could not be recorded: ${first.message}${more}; no account is created for those members in this run`,
    );
  }
  return created.filter((holder) => holder !== undefined);
}

/** For each shard of the record, why its names could not be recorded; undefined once they are. */
function recordNewcomers(
  { target: { client }, registry }: SyncContext,
  records: readonly NameRecord[],
  signal: AbortSignal,
): ReadonlyMap<number, Promise<Failure | undefined>> {
  const written = startRecording(client, registry, records, signal);
  return new Map(
    [...written].map(([shard, done]) => {
      const obstacle = obstacleOf(done, signal);
      obstacle.catch(() => undefined); // anyone who waits for it hears it; nobody does once the run has ended
      return [shard, obstacle];
    }),
  );
}

async function createOne(
  { target: { client, namespace }, registry, options, log }: SyncContext,
  { member, name }: Create,
  { taken, signal }: { taken: Set<string>; signal: AbortSignal },
): Promise<Account> {
  try {
    return await createAccount(client, namespace, { name, memberId: member.id }, signal);
  } catch (error) {
    if (!(error instanceof Failure) || error.reason !== 'AlreadyExists') throw error;
    // Another name than the agreed one would be another plan.
    if (options.agreedPlan !== undefined) throw error;
    // Someone took the name between our look and now: never theirs, but the member must not go without either.
    const reserved = await readNamesGiven(client, registry, signal);
    const isFree = (candidate: string) => !taken.has(candidate) && (reserved.get(candidate) ?? member.id) === member.id;
    const other = nameWithId(member, (candidate) => candidate !== name && isFree(candidate));
    taken.add(other);
    log.warn(`${error.message}; ${member.id} gets ${other}`);
    await recordNames(client, registry, [{ name: other, memberId: member.id }], signal);
    return createAccount(client, namespace, { name: other, memberId: member.id }, signal);
  }
}

/** Names of leavers, within a short time. */
async function tryToRecord(
  { target: { client }, registry }: SyncContext,
  records: readonly NameRecord[],
  signal: AbortSignal,
): Promise<Failure | undefined> {
  if (records.length === 0) return undefined;
  const patience = AbortSignal.timeout(recordBudgetMs);
  const recorded = recordNames(client, registry, records, AbortSignal.any([signal, patience]));
  const obstacle = await obstacleOf(recorded, signal);
  return obstacle !== undefined && patience.aborted
    ? new Failure('cluster', `no answer within ${recordBudgetMs / 1_000} s`)
    : obstacle;
}

/** Why names could not be recorded, unless that ends the run. */
async function obstacleOf(recorded: Promise<void>, signal: AbortSignal): Promise<Failure | undefined> {
  try {
    await recorded;
    return undefined;
  } catch (error) {
    if (signal.aborted) throw signal.reason;
    if (error instanceof Failure && error.kind === 'lock') throw error;
    return toFailure(error);
  }
}
