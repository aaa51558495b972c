/**
 * Schedule arithmetic (P7): whether a token lives until the next run has delivered its successor. Pure; cron expressions
 * are read by croner with the CronJob controller's rules (five fields, day of month OR day of week).
 */
import { Cron } from 'croner';
import { durationText } from '../lib/duration.ts';
import type { Message } from '../lib/message.ts';
import { marginMessages as messages } from '../lib/messages/plan.ts';
import { timeMessages } from '../lib/messages/preflight-deployment.ts';

export interface Schedule {
  /** Five cron fields, or @daily and the like. */
  readonly expression: string;
  /** IANA name, such as Etc/UTC or Asia/Seoul. */
  readonly timeZone: string;
}

export interface RenewalMargin {
  readonly intervalSeconds: number;
  readonly grantedSeconds: number;
  readonly runSeconds: number;
  /** granted - interval - run; zero or less means that members are locked out for that long, each time. */
  readonly marginSeconds: number;
  /** How long nobody's token works before the next delivery; 0 when there is a margin. */
  readonly gapSeconds: number;
}

/** Looked ahead: at least one interval, at most so many runs, which for a schedule of every 6 hours is 8 months. */
const horizonMs = 5 * 366 * 86_400_000;
const mostRuns = 1_000;

/** Why the expression or the time zone can't be used, in words; undefined when they can. */
export function scheduleProblem({ expression, timeZone }: Schedule): Message | undefined {
  if (!/^@[a-z]+$/.test(expression.trim()) && expression.trim().split(/\s+/).length !== 5) {
    return timeMessages.notFiveFields({ expression });
  }
  try {
    Intl.DateTimeFormat('en', { timeZone });
  } catch {
    return timeMessages.notTimeZone({ timeZone });
  }
  try {
    const next = cron({ expression, timeZone }).nextRun();
    return next === null ? timeMessages.neverComes({ expression }) : undefined;
  } catch (error) {
    return timeMessages.notCron({ expression, why: error instanceof Error ? error.message : String(error) });
  }
}

/** The longest time between two runs, in seconds, looking ahead from `fromMs` (5 years, or 1,000 runs). */
export function longestInterval(schedule: Schedule, fromMs: number): number {
  const runs = cron(schedule);
  let longest = 0;
  let previous = runAfter(runs, fromMs);
  for (
    let count = 0;
    previous !== undefined && count < mostRuns && (count === 0 || previous < fromMs + horizonMs);
    count++
  ) {
    const next = runAfter(runs, previous);
    if (next === undefined) break;
    longest = Math.max(longest, next - previous);
    previous = next;
  }
  return longest / 1_000;
}

/** The next run after `fromMs`, in milliseconds since the epoch; undefined when there is none. */
export function nextRun(schedule: Schedule, fromMs: number): number | undefined {
  return runAfter(cron(schedule), fromMs);
}

/**
 * Where clocks go forward, croner moves a run out of the hour that is left out; the CronJob controller leaves it out as
 * well (robfig/cron), so the moved one is passed over.
 */
function runAfter(runs: Cron, fromMs: number): number | undefined {
  let next = runs.nextRun(new Date(fromMs));
  while (next !== null && !runs.match(next)) next = runs.nextRun(next);
  return next?.getTime();
}

export function computeRenewalMargin(
  schedule: Schedule,
  grantedSeconds: number,
  runSeconds: number,
  fromMs: number,
): RenewalMargin {
  const intervalSeconds = longestInterval(schedule, fromMs);
  const marginSeconds = grantedSeconds - intervalSeconds - runSeconds;
  return { intervalSeconds, grantedSeconds, runSeconds, marginSeconds, gapSeconds: Math.max(0, -marginSeconds) };
}

/** One sentence for people: the renewal margin, or what to do when there is none. */
export function renewalMarginText(margin: RenewalMargin, { expression, timeZone }: Schedule): Message {
  const { intervalSeconds, grantedSeconds, runSeconds, marginSeconds, gapSeconds } = margin;
  const facts = messages.facts({
    granted: durationText(grantedSeconds),
    interval: durationText(intervalSeconds),
    run: durationText(runSeconds),
    schedule: expression,
    timeZone,
  });
  return marginSeconds > 0
    ? messages.some({ facts, margin: durationText(marginSeconds) })
    : messages.none({ facts, gap: durationText(gapSeconds) });
}

function cron({ expression, timeZone }: Schedule): Cron {
  return new Cron(expression.trim(), { timezone: timeZone, paused: true });
}
