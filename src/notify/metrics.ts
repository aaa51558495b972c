/** What a run leaves in the Pushgateway: a few gauges in Prometheus' text format, without a member's name in a label. */
import type { RunFacts, RunOutcome } from './run-facts.ts';

const prefix = 'credentials_updater';

/** Every metric there is, with what it means; deploy/monitoring is checked against this. */
const metricHelp = {
  last_run_timestamp_seconds: 'When the last run ended.',
  last_success_timestamp_seconds: 'When a run last ended with exit code 0.',
  last_run_exit_code: 'Exit code of the last run.',
  last_run_outcome: 'How the last run ended: 1 for that outcome, 0 for the others.',
  last_run_duration_seconds: 'How long the last run took, the wait for the run lock included.',
  guard_refused: 'Whether the last run was refused (1), so that nothing was changed.',
  members: 'Members in the directory, when it was last read.',
  accounts_created: 'ServiceAccounts that the last run created.',
  accounts_removed: 'ServiceAccounts that the last run removed.',
  accounts_not_removed:
    'ServiceAccounts of leavers that could not be removed, in the last run that came as far as that.',
  members_undelivered: 'Members without a fresh token, in the last run that came as far as tokens.',
  tokens_delivered: 'Tokens in the last acknowledged delivery.',
  tokens_expire_timestamp_seconds: 'When the first of the delivered tokens expires.',
  slack_seconds: 'Time that tokens have to spare until the next delivery; negative when members are locked out.',
  schedule_interval_seconds: 'The longest time between two runs, by the schedule.',
} as const;

type MetricName = keyof typeof metricHelp;

/** With their prefix, as Prometheus knows them. */
export const metricNames: readonly string[] = Object.keys(metricHelp).map((name) => `${prefix}_${name}`);

const outcomes: readonly RunOutcome[] = ['done', 'partial', 'failed', 'refused', 'locked', 'stopped'];

/**
 * The body of a push. What this run has nothing to say about is left out, so that a push with POST, which replaces
 * metric by metric, leaves what an earlier run said: the last success above all.
 */
export function exposition(facts: RunFacts): string {
  const { exitCode, outcome, counts, renewalMargin, intervalSeconds, tokensExpireAt } = facts;
  const cameAsFarAsTokens = counts.delivered > 0 || counts.undelivered > 0;
  const cameAsFarAsRemovals = cameAsFarAsTokens || counts.removed > 0 || counts.notRemoved > 0;
  return [
    metric('last_run_timestamp_seconds', facts.endedAt / 1_000),
    metric('last_success_timestamp_seconds', exitCode === 0 ? facts.endedAt / 1_000 : undefined),
    metric('last_run_exit_code', exitCode),
    metric('last_run_outcome', Object.fromEntries(outcomes.map((each) => [each, each === outcome ? 1 : 0]))),
    metric('last_run_duration_seconds', facts.seconds),
    metric('guard_refused', outcome === 'refused' ? 1 : 0),
    metric('members', counts.members),
    metric('accounts_created', counts.created),
    metric('accounts_removed', counts.removed),
    metric('accounts_not_removed', cameAsFarAsRemovals ? counts.notRemoved : undefined),
    metric('members_undelivered', cameAsFarAsTokens ? counts.undelivered : undefined),
    metric('tokens_delivered', counts.delivered > 0 ? counts.delivered : undefined),
    metric('tokens_expire_timestamp_seconds', tokensExpireAt),
    metric('slack_seconds', renewalMargin?.seconds),
    metric('schedule_interval_seconds', intervalSeconds),
  ].join('');
}

/** @param value undefined for none; by outcome for a metric with that label */
function metric(name: MetricName, value: number | undefined | Readonly<Record<string, number>>): string {
  if (value === undefined) return '';
  const full = `${prefix}_${name}`;
  const samples =
    typeof value === 'number'
      ? [`${full} ${value}`]
      : Object.entries(value).map(([outcome, each]) => `${full}{outcome="${outcome}"} ${each}`);
  return [`# HELP ${full} ${metricHelp[name]}`, `# TYPE ${full} gauge`, ...samples, ''].join('\n');
}

/** Where a push goes: one group for each members' namespace, so that two environments share a Pushgateway. */
export function pushUrl(pushgateway: URL, { place: { membersNamespace } }: RunFacts): URL {
  const url = new URL(pushgateway);
  const base = url.pathname.replace(/\/+$/, '');
  url.pathname = `${base}/metrics/job/credentials-updater/members_namespace/${encodeURIComponent(membersNamespace)}`;
  return url;
}
