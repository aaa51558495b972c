import { describe, expect, it } from 'vitest';
import {
  computeRenewalMargin,
  longestInterval,
  nextRun,
  renewalMarginText,
  scheduleProblem,
} from './renewal-margin.ts';

const from = Date.UTC(2026, 0, 1);
const [hour, day] = [3_600, 86_400];

describe('the longest time between two runs', () => {
  it.each([
    ['every week', '0 15 * * 0', 'Etc/UTC', 7 * day],
    ['every day', '@daily', 'Etc/UTC', day],
    ['every six hours', '0 */6 * * *', 'Etc/UTC', 6 * hour],
    ['on weekdays, over the weekend', '0 0 * * 1-5', 'Asia/Seoul', 3 * day],
    ['every day where clocks go back in autumn', '0 12 * * *', 'Europe/Berlin', 25 * hour],
    ['every month', '0 0 1 * *', 'Etc/UTC', 31 * day],
    // The hour that clocks skip in spring has no run, so that two nights lie between.
    ['every night in an hour that clocks skip', '30 2 * * *', 'Europe/Berlin', 47 * hour],
    ['on leap days', '0 0 29 2 *', 'Etc/UTC', 4 * 365.25 * day],
  ])('%s', (_, expression, timeZone, seconds) => {
    expect(longestInterval({ expression, timeZone }, from)).toBe(seconds);
  });

  it('is found though the next run is many years away: 2100 has no leap day', () => {
    const leapDays = { expression: '0 0 29 2 *', timeZone: 'Etc/UTC' };
    expect(longestInterval(leapDays, Date.UTC(2096, 2, 1))).toBe(4 * 365.25 * day);
  });
});

describe('the renewal margin', () => {
  const weekly = { expression: '0 15 * * 0', timeZone: 'Etc/UTC' };
  const week = 7 * day;

  it('is what is left of a token when its successor is delivered', () => {
    const daily = { expression: '0 15 * * *', timeZone: 'Etc/UTC' };
    expect(computeRenewalMargin(daily, week, 60, from)).toMatchObject({ marginSeconds: 6 * day - 60, gapSeconds: 0 });
  });

  it('of a weekly run under a clamp of a week is less than none, by as long as the run takes', () => {
    const margin = computeRenewalMargin(weekly, week, 60, from);
    expect(margin).toMatchObject({ marginSeconds: -60, gapSeconds: 60 });
    expect(renewalMarginText(margin, weekly).en).toMatch(
      /^no renewal margin: .*locked out for up to 1m .*shorter SCHEDULE.*max-token-expiration/,
    );
  });

  it('is none, not a little, when a run takes no time at all', () => {
    expect(renewalMarginText(computeRenewalMargin(weekly, week, 0, from), weekly).en).toMatch(/^no renewal margin/);
    expect(renewalMarginText(computeRenewalMargin(weekly, week + 1, 0, from), weekly).en).toMatch(
      /^renewal margin 1 s/,
    );
  });
});

describe('a schedule', () => {
  it.each([
    ['0 15 * *', 'Etc/UTC', /five fields/],
    ['0 0 15 * * 0', 'Etc/UTC', /five fields/],
    ['61 * * * *', 'Etc/UTC', /not a cron expression/],
    ['0 0 30 2 *', 'Etc/UTC', /never comes/],
    ['@daily', 'Korea', /not a time zone/],
  ])('%s in %s cannot be used, and the problem says why', (expression, timeZone, problem) => {
    expect(scheduleProblem({ expression, timeZone })?.en).toMatch(problem);
  });

  it.each(['0 15 * * 0', ' 0  15 * * 0 ', '@daily', ' @weekly '])('%j can be used', (expression) => {
    expect(scheduleProblem({ expression, timeZone: 'Asia/Seoul' })).toBeUndefined();
  });

  it.each([
    ['x @daily', 'a CronJob schedule has five fields (minute hour day month weekday), this one is "x @daily"'],
    ['@daily 0', 'a CronJob schedule has five fields (minute hour day month weekday), this one is "@daily 0"'],
    ['0 0 30 2 *', '"0 0 30 2 *" never comes'],
  ])('%j is refused with what is wrong', (expression, problem) => {
    expect(scheduleProblem({ expression, timeZone: 'Etc/UTC' })?.en).toBe(problem);
  });

  it('in a time zone that is none is refused with its name', () => {
    expect(scheduleProblem({ expression: '@daily', timeZone: 'Korea' })?.en).toBe(
      '"Korea" is not a time zone of the IANA database',
    );
  });

  it('that never comes has no next run', () => {
    expect(nextRun({ expression: '0 0 30 2 *', timeZone: 'Etc/UTC' }, from)).toBeUndefined();
  });

  it('in Seoul on Monday at midnight is in UTC on Sunday at 15:00', () => {
    const seoul = nextRun({ expression: '0 0 * * 1', timeZone: 'Asia/Seoul' }, from);
    expect(seoul).toBe(nextRun({ expression: '0 15 * * 0', timeZone: 'Etc/UTC' }, from));
    expect(seoul).toBe(Date.UTC(2026, 0, 4, 15));
  });
});
