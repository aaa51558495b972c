/** Operators are notified of a pass as of a run: once of each new reason, and a heartbeat while all is well. */
import type { ProxyVariables } from '../http/proxy.ts';
import { exitCodes, type Failure } from '../lib/failure.ts';
import { type Channels, hideAddresses } from '../notify/channels.ts';
import { messageFor } from '../notify/message.ts';
import { notify } from '../notify/notify.ts';
import type { RunFacts, RunOutcome } from '../notify/run-facts.ts';
import { stepsOutcome } from './outcome.ts';
import type { PassResult } from './reconcile.ts';
import type { OpenedSync } from './surroundings.ts';

export interface OperatorChannels {
  readonly channels: Channels;
  readonly userAgent: string;
  readonly proxyEnv: ProxyVariables;
  /** The API server as people know it, host and port. */
  readonly cluster: string;
}

/** Never throws. @param isNews whether the reason is another one than before */
export async function tellOperators(
  { opened, result, isNews, now }: { opened: OpenedSync; result: PassResult; isNews: boolean; now: number },
  signal: AbortSignal,
): Promise<void> {
  const { operators, context } = opened;
  if (Object.keys(operators.channels.addresses).length === 0) return;
  const facts = factsOf(opened, result, now);
  if (facts.exitCode !== exitCodes.done && !isNews) return;
  hideAddresses(operators.channels, context.redactor);
  const { clock, random, log, redactor } = context;
  await notify({ ...operators, clock, random, log, redactor, signal }, facts, isNews ? messageFor(facts) : undefined);
}

function factsOf({ context, operators }: OpenedSync, result: PassResult, now: number): RunFacts {
  const { trust, outcomes, each, lastMap } = result;
  const { outcome, failure } = stepsOutcome(result);
  const plan = trust.kind === 'trusted' || trust.kind === 'refused' ? trust.judged.plan : undefined;
  const expiries = each === undefined ? [] : [...each.delivered.values()].map(({ expiresAt }) => expiresAt);
  const earliest = expiries.reduce((first, time) => Math.min(first, time), Number.POSITIVE_INFINITY);
  const ofMap = lastMap?.earliestExpiry === undefined ? undefined : Date.parse(lastMap.earliestExpiry) / 1_000;
  return {
    outcome,
    exitCode: exitCodeOf(outcome, failure),
    failure: failure?.kind,
    step: undefined,
    place: {
      namespace: context.registry.namespace,
      membersNamespace: context.target.namespace,
      cluster: operators.cluster,
      directory: context.directory.host,
      job: undefined,
    },
    counts: {
      members: plan?.members,
      toRemove: plan?.remove.length ?? 0,
      created: outcomes.createdAccounts.length,
      removed: outcomes.removedAccounts.length,
      notRemoved: outcomes.accountsNotRemoved.length,
      delivered: outcomes.delivered ? outcomes.minted - outcomes.notDelivered : 0,
      undelivered: outcomes.failedMembers.length,
      withoutWorkspace: outcomes.withoutWorkspace.length,
    },
    renewalMargin: undefined,
    intervalSeconds: undefined,
    tokensExpireAt: Number.isFinite(earliest) ? earliest : ofMap,
    seconds: (now - result.now) / 1_000,
    endedAt: now,
  };
}

function exitCodeOf(outcome: RunOutcome, failure: Failure | undefined): number {
  if (failure !== undefined) return failure.exitCode;
  return outcome === 'partial' ? exitCodes.partial : exitCodes.done;
}
