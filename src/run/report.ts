/** One summary for the run, the same for every reader: log, termination message, Event, record on the cluster, exit code. */
import { writeFileSync } from 'node:fs';
import type { Plan } from '../core/plan.ts';
import { computeRenewalMargin, type RenewalMargin } from '../core/renewal-margin.ts';
import { writeEvent } from '../kube/events.ts';
import { exitCodes, type Failure, toFailure } from '../lib/failure.ts';
import type { RunOutcome } from '../notify/run-facts.ts';
import { firstExpiry, type LastRun, writeLastRun } from '../registry/last-run.ts';
import type { SyncContext } from '../sync/context.ts';
import type { Outcomes } from '../sync/outcomes.ts';
import type { StepName, Steps } from '../sync/steps.ts';
import type { JobReference, OnceContext } from './context.ts';
import type { RunLock } from './run-lock.ts';

export interface RunReport {
  readonly outcome: RunOutcome;
  readonly exitCode: number;
  /** Why the run ended as it did; undefined when all is done. */
  readonly failure: Failure | undefined;
  /** The step in which it failed. */
  readonly step: StepName | undefined;
  readonly plan: Plan | undefined;
  readonly outcomes: Outcomes;
  readonly renewalMargin: RenewalMargin | undefined;
  readonly seconds: number;
  readonly stepSeconds: Readonly<Record<string, number>>;
  /** Requests to the API server. */
  readonly requests: number;
}

export function makeReport(
  context: OnceContext,
  {
    error,
    steps,
    plan,
    outcomes,
    seconds,
  }: { error: unknown; steps: Steps; plan: Plan | undefined; outcomes: Outcomes; seconds: number },
): RunReport {
  const failure = error === undefined ? undefined : toFailure(error);
  const { schedule, tokenLifetimeSeconds } = context;
  const { target, clock } = context.sync;
  const now = target.client.serverTime ?? clock.now();
  return {
    ...conclusion(failure, outcomes),
    failure,
    step: failure === undefined ? undefined : steps.current,
    plan,
    outcomes,
    renewalMargin:
      schedule === undefined
        ? undefined
        : computeRenewalMargin(schedule, outcomes.grantedSeconds ?? tokenLifetimeSeconds, seconds, now),
    seconds,
    stepSeconds: steps.seconds,
    requests: target.client.requests,
  };
}

function conclusion(failure: Failure | undefined, outcomes: Outcomes): { outcome: RunOutcome; exitCode: number } {
  if (failure === undefined) {
    const { failedMembers, withoutWorkspace, workspacesNotClosed } = outcomes;
    if (failedMembers.length + withoutWorkspace.length + workspacesNotClosed.length > 0)
      return { outcome: 'partial', exitCode: exitCodes.partial };
    return { outcome: 'done', exitCode: exitCodes.done };
  }
  const outcomeOfKind = { refused: 'refused', lock: 'locked', aborted: 'stopped' } as const;
  const outcome =
    failure.kind === 'refused' || failure.kind === 'lock' || failure.kind === 'aborted'
      ? outcomeOfKind[failure.kind]
      : 'failed';
  return { outcome, exitCode: failure.exitCode };
}

/** The report as data without names or secrets: for JSON output and the termination message. */
export function reportData(report: RunReport) {
  const { outcomes, plan, failure, renewalMargin } = report;
  return {
    outcome: report.outcome,
    exitCode: report.exitCode,
    ...(failure === undefined
      ? {}
      : {
          step: report.step ?? 'start',
          message: failure.message,
          ...(failure.hint === undefined ? {} : { hint: failure.hint }),
        }),
    members: plan?.members ?? 0,
    kept: plan?.keep.length ?? 0,
    created: outcomes.createdAccounts.length,
    removed: outcomes.removedAccounts.length,
    notRemoved: outcomes.accountsNotRemoved.length,
    minted: outcomes.minted,
    delivered: outcomes.delivered ? outcomes.minted - outcomes.notDelivered : 0,
    undelivered: outcomes.failedMembers.length,
    ...(outcomes.withoutWorkspace.length === 0 ? {} : { withoutWorkspace: outcomes.withoutWorkspace.length }),
    ...(outcomes.workspacesNotClosed.length === 0 ? {} : { workspacesNotClosed: outcomes.workspacesNotClosed.length }),
    warnings: plan?.warn.length ?? 0,
    ...(outcomes.grantedSeconds === undefined ? {} : { grantedSeconds: outcomes.grantedSeconds }),
    ...(outcomes.earliestExpiry === undefined
      ? {}
      : { earliestExpiry: new Date(outcomes.earliestExpiry * 1_000).toISOString() }),
    ...(renewalMargin === undefined
      ? {}
      : { slackSeconds: Math.round(renewalMargin.marginSeconds), gapSeconds: Math.round(renewalMargin.gapSeconds) }),
    seconds: Math.round(report.seconds * 1_000) / 1_000,
    stepSeconds: report.stepSeconds,
    requests: report.requests,
  };
}

/**
 * Tells everyone on the cluster who may look later. Its own failures are warnings: they never change the run's result.
 * @returns the record that was written; undefined where none was
 */
export async function publishReport(
  context: OnceContext,
  report: RunReport,
  lock: Pick<RunLock, 'acquireTime' | 'assertHeld'> | undefined,
): Promise<LastRun | undefined> {
  const { job, terminationMessagePath } = context;
  const {
    target: { client },
    registry,
    log,
  } = context.sync;
  if (terminationMessagePath !== undefined) writeTerminationMessage(context.sync, report, terminationMessagePath);
  const signal = AbortSignal.timeout(5_000);
  const attempt = async (what: string, work: () => Promise<void>) => {
    try {
      await work();
    } catch (error) {
      log.warn(`${what} could not be written: ${toFailure(error).message}`);
    }
  };
  let written: LastRun | undefined;
  // Under the lock still: once it is another run's, that run's summary is the newer one.
  if (report.outcomes.delivered && lock !== undefined) {
    const fenced = client.withFence(lock.assertHeld);
    await attempt('the summary', async () => {
      written = await writeLastRun(
        fenced,
        registry,
        (previous) => toLastRun(context.sync, report, { lock, previous }),
        signal,
      );
    });
  }
  // Whatever became of the lock: an Event says what happened, and changes nobody's access.
  if (job !== undefined && report.outcome !== 'done')
    await attempt('the Event', () => publishEvent(context, report, job, signal));
  return written;
}

const longestTerminationMessage = 4_000;

function writeTerminationMessage({ redactor, log }: SyncContext, report: RunReport, file: string): void {
  const data = reportData(report);
  let text = redactor.redact(JSON.stringify(data));
  for (let length = 2_000; Buffer.byteLength(text) > longestTerminationMessage && length > 50; length /= 2) {
    text = redactor.redact(
      JSON.stringify({ ...data, message: data.message?.slice(0, length), hint: data.hint?.slice(0, length) }),
    );
  }
  try {
    writeFileSync(file, text);
  } catch (error) {
    log.debug(`no termination message: ${toFailure(error).message}`);
  }
}

async function publishEvent(
  { sync: { target, registry, clock, random }, host }: OnceContext,
  report: RunReport,
  job: JobReference,
  signal: AbortSignal,
): Promise<void> {
  const { members, delivered, undelivered, removed, notRemoved } = reportData(report);
  const reasons: Record<RunOutcome, string> = {
    done: 'SyncDone',
    partial: 'SyncPartial',
    failed: 'SyncFailed',
    refused: 'SyncRefused',
    locked: 'SyncLocked',
    stopped: 'SyncStopped',
  };
  await writeEvent(
    target.client,
    {
      namespace: registry.namespace,
      regarding: { apiVersion: 'batch/v1', kind: 'Job', ...job },
      type: 'Warning',
      reason: reasons[report.outcome],
      action: 'Sync',
      // Counts, never names.
      note: `exit code ${report.exitCode}${report.step === undefined ? '' : ` in step ${report.step}`}; ${members} members, ${delivered} delivered, ${undelivered} without a fresh token, ${removed} removed, ${notRemoved} not removed. The pod's log says why and what to do.`,
      controller: 'credentials-updater',
      instance: host,
      nowMs: target.client.serverTime ?? clock.now(),
      suffix: Math.floor(random() * 2 ** 48).toString(16),
    },
    signal,
  );
}

function toLastRun(
  { clock, target: { client }, delivery }: SyncContext,
  report: RunReport,
  { lock, previous }: { lock: Pick<RunLock, 'acquireTime'>; previous: LastRun | undefined },
): LastRun {
  const { outcomes } = report;
  const data = reportData(report);
  // Where nothing is sent for all at once, members without a fresh token still have the one before.
  const before = delivery.replaces === 'each' && outcomes.failedMembers.length > 0 ? previous : undefined;
  const olderExpiry = before === undefined ? undefined : firstExpiry(before);
  return {
    acknowledgedAt: new Date(client.serverTime ?? clock.now()).toISOString(),
    lockAcquireTime: lock.acquireTime,
    earliestExpiry: data.delivered === 0 && olderExpiry !== undefined ? olderExpiry : data.earliestExpiry,
    olderExpiry,
    grantedSeconds: outcomes.grantedSeconds ?? before?.grantedSeconds,
    slackSeconds: data.slackSeconds,
    runSeconds: data.seconds,
    members: data.members,
    created: data.created,
    removed: data.removed,
    notRemoved: data.notRemoved,
    delivered: data.delivered,
    undelivered: data.undelivered,
    undeliveredUuids: outcomes.failedMembers.map(({ member }) => member.id),
  };
}
