/** Operators are told of a finished run: what they may know of it, and whether they know it already. */

import { directoryAddress, type Settings } from '../config/settings.ts';
import { longestInterval, slackText } from '../core/renewal-margin.ts';
import { type Failure, toFailure } from '../lib/failure.ts';
import { hideAddresses } from '../notify/channels.ts';
import { messageFor } from '../notify/message.ts';
import { type TellContext, tell } from '../notify/notify.ts';
import type { RunFacts } from '../notify/run-facts.ts';
import { readTold, writeTold } from '../registry/last-run.ts';
import type { RunContext } from '../sync/context.ts';
import { type RunReport, reportData } from './report.ts';

/** For the record of what was told, read before and written after. */
const recordBudgetMs = 2_000;

/** Never throws, and takes seconds at most: the run's result stands already. */
export async function tellOfRun(context: RunContext, report: RunReport): Promise<void> {
  const { settings, poolc, clock, random, log, redactor, signal } = context;
  const { channels } = settings;
  for (const problem of channels.problems) log.warn(problem);
  if (Object.keys(channels.addresses).length === 0) return;
  const facts = factsOf(context, report);
  const message = messageFor(facts);
  const { userAgent, proxyEnv } = poolc;
  const telling: TellContext = { channels, clock, random, log, redactor, userAgent, proxyEnv, signal };

  const isNews =
    message === undefined || channels.addresses.NOTIFY_URL === undefined || (await isNewsOf(context, facts));
  const told = await tell(telling, facts, isNews ? message : undefined);
  if (told) await record(context, facts);
}

/** A run that never began: its settings or files are wrong. */
export async function tellOfFailedStart(
  context: TellContext,
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
    slack: undefined,
    intervalSeconds: undefined,
    tokensExpireAt: undefined,
    seconds: 0,
    endedAt: context.clock.now(),
  };
  await tell(context, facts, messageFor(facts));
}

function factsOf({ settings, client, job, clock }: RunContext, report: RunReport): RunFacts {
  const { outcome, exitCode, failure, step, plan, outcomes, slack, seconds } = report;
  const { created, removed, notRemoved, delivered, undelivered } = reportData(report);
  const endedAt = client.serverTime ?? clock.now();
  return {
    outcome,
    exitCode,
    failure: failure?.kind,
    step,
    place: placeOf(settings, client.access.server, job?.name),
    counts: {
      members: plan?.members,
      toRemove: plan?.remove.length ?? 0,
      created,
      removed,
      notRemoved,
      delivered,
      undelivered,
    },
    slack:
      slack === undefined || settings.schedule === undefined || outcomes.grantedSeconds === undefined
        ? undefined
        : { seconds: slack.slackSeconds, text: slackText(slack, settings.schedule) },
    intervalSeconds: settings.schedule === undefined ? undefined : longestInterval(settings.schedule, endedAt),
    tokensExpireAt: outcomes.delivered ? outcomes.earliestExpiry : undefined,
    seconds,
    endedAt,
  };
}

function placeOf(settings: Settings, server: URL, job: string | undefined): RunFacts['place'] {
  return {
    namespace: settings.metadata.namespace,
    membersNamespace: settings.accounts.namespace,
    cluster: (settings.cluster.server ?? server).host,
    directory: directoryAddress(settings)?.host,
    job,
  };
}

/** A Job tries again for hours: each way in which it fails is told once. A run by hand is told of each time. */
async function isNewsOf(context: RunContext, facts: RunFacts): Promise<boolean> {
  const { client, settings, job } = context;
  if (job === undefined) return true;
  const signal = AbortSignal.any([context.signal, AbortSignal.timeout(recordBudgetMs)]);
  try {
    return (await readTold(client, settings.metadata.namespace, signal)) !== whatIsTold(job, facts);
  } catch {
    // Rather twice than not at all.
    return true;
  }
}

async function record({ client, settings, job, log, signal }: RunContext, facts: RunFacts): Promise<void> {
  if (job === undefined) return;
  const soon = AbortSignal.any([signal, AbortSignal.timeout(recordBudgetMs)]);
  try {
    await writeTold(client, settings.metadata.namespace, whatIsTold(job, facts), soon);
  } catch (error) {
    log.debug(`that operators were told could not be recorded: ${toFailure(error).message}`);
  }
}

function whatIsTold({ uid }: NonNullable<RunContext['job']>, { exitCode, step, failure }: RunFacts): string {
  return [
    `Job ${uid}`,
    `exit code ${exitCode}`,
    ...(step === undefined ? [] : [step]),
    ...(failure === undefined ? [] : [failure]),
  ].join(', ');
}
