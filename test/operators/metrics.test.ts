/** The metrics of a run, as a Pushgateway gets them; and that the rules and the dashboard ask for these and no others. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';
import { promtool } from '../../dev/promtool/index.ts';
import { metricNames } from '../../src/notify/metrics.ts';
import { expectWorkingTokens } from '../accounts.ts';
import { type Club, useClub } from '../club.ts';
import { expectExit, logLines } from '../command.ts';
import { findLeaks } from '../leaks.ts';
import { letAnotherHoldTheLock } from '../obstacles.ts';
import { type Receiver, startReceiver } from './receivers.ts';

const monitoring = join(import.meta.dirname, '../../deploy/monitoring');
const metricName = /\bcredentials_updater_[a-z_]+/g;

/** Where it isn't in the cache, it is built first. */
beforeAll(async () => void (await promtool(['--version'])), 1_800_000);

/** What a Pushgateway holds of one group after these pushes: POST replaces metric by metric, PUT all of them. */
function heldBy({ received }: Receiver): Map<string, readonly string[]> {
  const held = new Map<string, readonly string[]>();
  for (const { method, body } of received) {
    if (method === 'PUT') held.clear();
    const samples = body.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
    for (const [name = '', lines] of Map.groupBy(samples, (line) => line.split(/[ {]/, 1)[0] ?? ''))
      held.set(name, lines);
  }
  return held;
}

async function usePushingClub(): Promise<Club & { readonly pushgateway: Receiver }> {
  const club = await useClub();
  await club.api.addMember({ loginId: 'minjun' });
  await club.api.addMember({ loginId: '풀씨회원' });
  const pushgateway = await startReceiver();
  const env = { ...club.env, PUSHGATEWAY_URL: pushgateway.origin, SCHEDULE: '0 15 * * *' };
  return {
    ...club,
    pushgateway,
    env,
    run: (args, options = {}) => club.run(args, { ...options, env: { ...env, ...options.env } }),
  };
}

describe('the push at the end of a run', () => {
  test('holds what happened, without a name or a secret, in a form that Prometheus reads', async () => {
    const club = await usePushingClub();

    expectExit(await club.run(['sync']), 0);

    const [push, ...others] = club.pushgateway.received;
    if (push === undefined) throw new Error('Nothing was pushed');
    expect(others).toEqual([]);
    expect(push).toMatchObject({
      method: 'POST',
      path: `/metrics/job/credentials-updater/members_namespace/${club.cluster.usersNamespace}`,
    });
    expect(findLeaks(push.body, [...club.secrets, ...club.api.storedTokens().values()])).toEqual([]);
    expect(push.body).not.toMatch(/minjun|풀씨/);
    expect(push.body).toMatch(/^credentials_updater_members 2$/m);
    expect(push.body).toMatch(/^credentials_updater_accounts_created 2$/m);
    expect(push.body).toMatch(/^credentials_updater_slack_seconds 51\d{4}(\.\d+)?$/m);
    expect(push.body).toMatch(/^credentials_updater_last_run_exit_code 0$/m);
    expect(await promtool(['check', 'metrics'], push.body)).toEqual({ exitCode: 0, printed: '' });
  });

  test('after a failure leaves the last success and the last delivery as they were', async () => {
    const club = await usePushingClub();
    expectExit(await club.run(['sync']), 0);
    const before = heldBy(club.pushgateway);

    expectExit(await club.run(['sync'], { env: { POOLC_API_ENDPOINT: `${club.api.url}/elsewhere` } }), 1);

    const after = heldBy(club.pushgateway);
    expect(club.pushgateway.received).toHaveLength(2);
    for (const kept of [
      'last_success_timestamp_seconds',
      'tokens_expire_timestamp_seconds',
      'slack_seconds',
      'members',
    ]) {
      const name = `credentials_updater_${kept}`;
      expect(after.get(name)).toEqual(before.get(name));
      expect(before.get(name)).toHaveLength(1);
    }
    expect(after.get('credentials_updater_last_run_exit_code')).toEqual(['credentials_updater_last_run_exit_code 1']);
    expect(after.get('credentials_updater_last_run_outcome')).toContain(
      'credentials_updater_last_run_outcome{outcome="failed"} 1',
    );
  });

  test('of a refused run says so', async () => {
    const club = await usePushingClub();
    expectExit(await club.run(['sync'], { env: { MIN_MEMBERS: '10' } }), 4);
    expect(heldBy(club.pushgateway).get('credentials_updater_guard_refused')).toEqual([
      'credentials_updater_guard_refused 1',
    ]);
  });

  test('does not happen for a plan, or for a run that only waited for another', async () => {
    const club = await usePushingClub();
    expectExit(await club.run(['plan']), 0);
    await letAnotherHoldTheLock(club);
    expectExit(await club.run(['sync'], { env: { LOCK_WAIT: '1s' } }), 5);
    expect(club.pushgateway.received).toEqual([]);
  });

  test('that fails is a warning, and the run is what it was', async () => {
    const club = await usePushingClub();
    const refusing = await startReceiver({ status: 400 });

    const result = await club.run(['sync'], { env: { PUSHGATEWAY_URL: refusing.origin } });

    expectExit(result, 0);
    await expectWorkingTokens(club);
    expect(logLines(result).filter(({ level }) => level === 'warn')).toMatchObject([
      {
        msg: expect.stringMatching(
          /^the metrics of this run were not pushed \(PUSHGATEWAY_URL\): .* answered with 400/,
        ),
      },
    ]);
  });
});

describe('what is shipped for Prometheus and Grafana', () => {
  test('asks for what is pushed, and for nothing else', async () => {
    const club = await usePushingClub();
    expectExit(await club.run(['sync']), 0);
    const pushed = new Set(heldBy(club.pushgateway).keys());
    expect([...pushed].toSorted()).toEqual([...metricNames].toSorted());
    for (const file of ['rules.yaml', 'rules.test.yaml', 'dashboard.json']) {
      const asked = (await readFile(join(monitoring, file), 'utf8')).match(metricName) ?? [];
      expect(asked.filter((name) => !pushed.has(name))).toEqual([]);
      expect(asked.length).toBeGreaterThan(5);
    }
  });

  test('the rules are ones to Prometheus, and fire when they should and not otherwise', async () => {
    const rules = await promtool(['check', 'rules', '--lint-fatal', join(monitoring, 'rules.yaml')]);
    expect(rules.printed).toMatch(/SUCCESS: 11 rules found/);
    expect(rules.exitCode).toBe(0);
    const tests = await promtool(['test', 'rules', join(monitoring, 'rules.test.yaml')]);
    expect(tests).toMatchObject({ exitCode: 0, printed: expect.stringContaining('SUCCESS') });
  });

  test('every alert has a test that it fires', async () => {
    const alerts = alertsOf(await readFile(join(monitoring, 'rules.yaml'), 'utf8'));
    const tested = testsSchema.parse(parse(await readFile(join(monitoring, 'rules.test.yaml'), 'utf8')));
    const fired = tested.tests.flatMap(({ alert_rule_test }) =>
      alert_rule_test.filter(({ exp_alerts }) => exp_alerts.length > 0).map(({ alertname }) => alertname),
    );
    expect(new Set(fired)).toEqual(new Set(alerts));
  });

  test('the queries of the dashboard are ones to Prometheus', async () => {
    const dashboard = dashboardSchema.parse(JSON.parse(await readFile(join(monitoring, 'dashboard.json'), 'utf8')));
    const queries = dashboard.panels.flatMap(({ targets }) => targets.map(({ expr }) => expr));
    expect(queries.length).toBeGreaterThan(8);
    for (const query of queries) {
      const { exitCode, printed } = await promtool(['promql', '--experimental', 'format', query]);
      expect({ query, exitCode, printed }).toMatchObject({ exitCode: 0 });
    }
  });
});

const rulesSchema = z.object({ groups: z.array(z.object({ rules: z.array(z.object({ alert: z.string() })) })) });
const testsSchema = z.object({
  tests: z.array(
    z.object({
      alert_rule_test: z.array(z.object({ alertname: z.string(), exp_alerts: z.array(z.unknown()).default([]) })),
    }),
  ),
});
const dashboardSchema = z.object({
  panels: z.array(z.object({ targets: z.array(z.object({ expr: z.string() })).default([]) })),
});

function alertsOf(rules: string): string[] {
  return rulesSchema.parse(parse(rules)).groups.flatMap((group) => group.rules.map(({ alert }) => alert));
}
