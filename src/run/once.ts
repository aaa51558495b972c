/** A whole run: the lock around the flow, a report whatever happens, and operators who are notified of it. */
import { formatDuration } from '../lib/duration.ts';
import { Failure, toFailure } from '../lib/failure.ts';
import { Outcomes } from '../sync/outcomes.ts';
import { Steps } from '../sync/steps.ts';
import { type SyncState, sync } from '../sync/sync.ts';
import type { OnceContext } from './context.ts';
import { notifyOfRun } from './notify-of-run.ts';
import { makeReport, publishReport, type RunReport } from './report.ts';
import { acquireLock, type RunLock } from './run-lock.ts';

/** Never throws: a failure is part of the report. */
export async function runOnce(context: OnceContext): Promise<RunReport> {
  const { deadlineSeconds } = context;
  const { target, registry, clock, random, log } = context.sync;
  const deadline = new AbortController();
  const timer = setTimeout(() => deadline.abort(runTookTooLong(deadlineSeconds)), deadlineSeconds * 1_000);
  const signal = AbortSignal.any([context.signal, deadline.signal]);
  const startedAt = clock.monotonic();
  const outcomes = new Outcomes();
  const lockSteps = new Steps(clock, signal);
  let steps = lockSteps;
  let state: SyncState | undefined;
  let lock: RunLock | undefined;
  let error: unknown;
  try {
    const locked = { ...context, target, registry, clock, random, log };
    lock = await lockSteps.run('lock', (stepSignal) => acquireLock(locked, stepSignal));
    const runSignal = AbortSignal.any([signal, lock.lost]);
    steps = new Steps(clock, runSignal, lockSteps);
    state = { lock, steps, outcomes };
    const client = target.client.withFence(lock.assertHeld);
    await sync({ ...context.sync, target: { ...target, client } }, state, runSignal);
  } catch (thrown) {
    error = toFailure(thrown);
  }
  clearTimeout(timer);
  context.onIssuingEnded();
  const seconds = (clock.monotonic() - startedAt) / 1_000;
  const report = makeReport(context, { error, steps, plan: state?.plan, outcomes, seconds });
  const lastRun = await publishReport(context, report, lock);
  await lock?.release();
  // Last, so that no receiver that hangs keeps the lock from the next run, or the report from the cluster.
  await notifyOfRun(context, report, lastRun);
  return report;
}

function runTookTooLong(seconds: number): Failure {
  return new Failure('deadline', `the run took longer than ${formatDuration(seconds)} (RUN_DEADLINE) and was stopped`, {
    hint: 'the log above says what it was waiting for; the next run finishes the work',
  });
}
