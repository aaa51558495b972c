/** Notifies operators of a finished run: what they may know of it, and whether they know it already. */

import { longestInterval, renewalMarginText } from '../core/renewal-margin.ts';
import { type Failure, toFailure } from '../lib/failure.ts';
import { en } from '../lib/message.ts';
import { hideAddresses } from '../notify/channels.ts';
import { messageFor } from '../notify/message.ts';
import { type NotifyContext, notify } from '../notify/notify.ts';
import type { RunFacts } from '../notify/run-facts.ts';
import { firstExpiry, type LastRun, readNotified, writeNotified } from '../registry/last-run.ts';
import type { JobReference, OnceContext } from './context.ts';
import { type RunReport, reportData } from './report.ts';

/** For the record of the last notification, read before and written after. */
const recordBudgetMs = 2_000;

/** Never throws, and takes seconds at most: the run's result stands already. */
export async function notifyOfRun(
  context: OnceContext,
  report: RunReport,
  lastRun: LastRun | undefined,
): Promise<void> {
  const { sync, notifications, signal } = context;
  const { clock, random, log, redactor } = sync;
  const { channels, userAgent, proxyEnv } = notifications;
  for (const problem of channels.problems) log.warn(problem);
  if (Object.keys(channels.addresses).length === 0) return;
  const facts = factsOf(context, report, lastRun);
  const message = messageFor(facts);
  const telling: NotifyContext = { channels, clock, random, log, redactor, userAgent, proxyEnv, signal };

  const isNews =
    message === undefined || channels.addresses.NOTIFY_URL === undefined || (await isNewsOf(context, facts));
  const notified = await notify(telling, facts, isNews ? message : undefined);
  if (notified) await record(context, facts);
}

/** A run that never began: its settings or files are wrong. */
export async function notifyOfFailedStart(
  context: NotifyContext,
  failure: Failure,
  place: Pick<RunFacts['place'], 'namespace' | 'membersNamespace' | 'job'>,
): Promise<void> {
  for (const problem of context.channels.problems) context.log.warn(problem);
  hideAddresses(context.channels, context.redactor);
  const facts: RunFacts = {
    outcome: 'failed',
    exitCode: failure.exitCode,
    failure: failure.kind,
    step: 'start',
    place: { ...place, cluster: undefined, directory: undefined },
    counts: { members: undefined, toRemove: 0, created: 0, removed: 0, notRemoved: 0, delivered: 0, undelivered: 0 },
    renewalMargin: undefined,
    intervalSeconds: undefined,
    tokensExpireAt: undefined,
    seconds: 0,
    endedAt: context.clock.now(),
  };
  await notify(context, facts, messageFor(facts));
}

function factsOf(context: OnceContext, report: RunReport, lastRun: LastRun | undefined): RunFacts {
  const { schedule, sync, notifications } = context;
  const { outcome, exitCode, failure, step, plan, outcomes, renewalMargin, seconds } = report;
  const { created, removed, notRemoved, delivered, undelivered } = reportData(report);
  const endedAt = sync.target.client.serverTime ?? sync.clock.now();
  return {
    outcome,
    exitCode,
    failure: failure?.kind,
    step,
    place: {
      namespace: sync.registry.namespace,
      membersNamespace: sync.target.namespace,
      cluster: notifications.cluster,
      directory: sync.directory.host,
      job: context.job?.name,
    },
    counts: {
      members: plan?.members,
      toRemove: plan?.remove.length ?? 0,
      created,
      removed,
      notRemoved,
      delivered,
      undelivered,
      withoutWorkspace: report.outcomes.withoutWorkspace.length,
      workspacesNotClosed: report.outcomes.workspacesNotClosed.length,
    },
    renewalMargin:
      renewalMargin === undefined || schedule === undefined || outcomes.grantedSeconds === undefined
        ? undefined
        : { seconds: renewalMargin.marginSeconds, text: en(renewalMarginText(renewalMargin, schedule)) },
    intervalSeconds: schedule === undefined ? undefined : longestInterval(schedule, endedAt),
    tokensExpireAt: expiryOf(outcomes, lastRun),
    seconds,
    endedAt,
  };
}

/** In seconds since the epoch: of the first token that a member has, from before too. */
function expiryOf({ delivered, earliestExpiry }: RunReport['outcomes'], lastRun: LastRun | undefined) {
  const recorded = lastRun === undefined ? undefined : firstExpiry(lastRun);
  if (recorded !== undefined) return Date.parse(recorded) / 1_000;
  return delivered ? earliestExpiry : undefined;
}

/** A Job tries again for hours: each way in which it fails is notified once. A run by hand is notified each time. */
async function isNewsOf(context: OnceContext, facts: RunFacts): Promise<boolean> {
  const { sync, job } = context;
  if (job === undefined) return true;
  const signal = AbortSignal.any([context.signal, AbortSignal.timeout(recordBudgetMs)]);
  try {
    return (await readNotified(sync.target.client, sync.registry, signal)) !== whatIsTold(job, facts);
  } catch {
    // Rather twice than not at all.
    return true;
  }
}

async function record({ sync, job, signal }: OnceContext, facts: RunFacts): Promise<void> {
  if (job === undefined) return;
  const soon = AbortSignal.any([signal, AbortSignal.timeout(recordBudgetMs)]);
  try {
    await writeNotified(sync.target.client, sync.registry, whatIsTold(job, facts), soon);
  } catch (error) {
    sync.log.debug(`that operators were notified could not be recorded: ${toFailure(error).message}`);
  }
}

function whatIsTold({ uid }: JobReference, { exitCode, step, failure }: RunFacts): string {
  return [
    `Job ${uid}`,
    `exit code ${exitCode}`,
    ...(step === undefined ? [] : [step]),
    ...(failure === undefined ? [] : [failure]),
  ].join(', ');
}
