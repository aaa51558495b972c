import { inspect } from 'node:util';
import { describe, expect, test } from 'vitest';
import { Redactor } from '../lib/redact.ts';
import { hideAddresses, readChannels } from './channels.ts';
import { messageFor, messageText } from './message.ts';
import { exposition, pushUrl } from './metrics.ts';
import type { RunFacts } from './run-facts.ts';
import { webhookBody, webhookForm } from './webhook.ts';

const weekly = { seconds: -60, text: 'no renewal margin: tokens live 7d' };

function facts(changes: Partial<RunFacts> = {}): RunFacts {
  return {
    outcome: 'done',
    exitCode: 0,
    failure: undefined,
    step: undefined,
    place: {
      namespace: 'poolc-system',
      membersNamespace: 'poolc-users',
      cluster: 'pks.example.org:6443',
      directory: 'api.example.org',
      job: 'credentials-updater-29000000',
    },
    counts: { members: 40, toRemove: 2, created: 3, removed: 2, notRemoved: 0, delivered: 40, undelivered: 0 },
    renewalMargin: { seconds: 518_400, text: 'renewal margin 6d' },
    intervalSeconds: 86_400,
    tokensExpireAt: 1_764_600_000,
    seconds: 2.5,
    endedAt: 1_764_000_000_000,
    ...changes,
  };
}

describe('the message', () => {
  test.each<[string, Partial<RunFacts>, RegExp | undefined]>([
    ['all went well', {}, undefined],
    ['there is no renewal margin', { renewalMargin: weekly }, /^done \(exit code 0\), but there is no renewal margin/],
    [
      'the guard refused',
      { outcome: 'refused', exitCode: 4, failure: 'refused', step: 'plan' },
      /^refused \(exit code 4\)/,
    ],
    [
      'it failed',
      { outcome: 'failed', exitCode: 1, failure: 'cluster', step: 'mint' },
      /^failed .*step mint.*Kubernetes/,
    ],
    [
      'some have no workspace',
      { outcome: 'partial', exitCode: 3, counts: { ...facts({}).counts, withoutWorkspace: 2 } },
      /0 members have no fresh token, 2 have no complete workspace$/,
    ],
    ['some have no token', { outcome: 'partial', exitCode: 3 }, /^partly done \(exit code 3\)/],
    ['the lock was lost', { outcome: 'locked', exitCode: 5, failure: 'lock', step: 'mint' }, /lock was lost/],
    ['it only waited', { outcome: 'locked', exitCode: 5, failure: 'lock', step: 'lock' }, undefined],
    ['somebody stopped it', { outcome: 'stopped', exitCode: 143, failure: 'aborted', step: 'mint' }, undefined],
  ])('when %s', (_, changes, title) => {
    const said = messageFor(facts(changes))?.title ?? 'nothing';
    expect(said).toMatch(title ?? /^nothing$/);
  });

  test('says where, how many, and what to do', () => {
    const message = messageFor(facts({ outcome: 'refused', exitCode: 4, failure: 'refused', step: 'plan' }));
    expect(message && messageText(message)).toBe(
      [
        'credentials-updater: refused (exit code 4): what it was to do is implausible or not what was agreed to; nothing was changed, nothing was sent',
        'cluster pks.example.org:6443 · PoolC API api.example.org · namespace poolc-system, members in poolc-users · Job credentials-updater-29000000',
        '40 members, 3 created, 2 would have been removed, 40 delivered, 0 without a fresh token',
        'what to do: look at the directory first; `kubectl -n poolc-system logs job/credentials-updater-29000000` holds the reason and the command that allows exactly this, once',
      ].join('\n'),
    );
  });

  test('says of a failed run whose delivery was made that leavers still have access', () => {
    const counts = { ...facts().counts, notRemoved: 2 };
    const message = messageFor(facts({ outcome: 'failed', exitCode: 1, failure: 'cluster', step: 'deliver', counts }));
    expect(message?.title).toMatch(/everyone's token was delivered, but 2 leavers .* still have access/);
  });
});

describe('the form of a message', () => {
  test.each([
    ['https://hooks.slack.com/services/T0/B0/x', 'slack'],
    ['https://hooks.slack-gov.com/services/T0/B0/x', 'slack'],
    ['https://discord.com/api/webhooks/1/x', 'discord'],
    ['https://canary.discord.com/api/webhooks/1/x?thread_id=2', 'discord'],
    ['https://discordapp.com/api/webhooks/1/x', 'discord'],
    ['https://discord.com/api/webhooks/1/x/slack', 'slack'],
    ['https://chat.example.org/hooks/x', 'json'],
    ['https://discord.com.example.org/api/webhooks/1/x', 'json'],
  ])('for %s is that of %s', (address, form) => {
    expect(webhookForm(new URL(address))).toBe(form);
  });

  const message = { title: 'refused <by> the guard & so on', lines: ['where', 'what to do'] };
  const text = 'credentials-updater: refused <by> the guard & so on\nwhere\nwhat to do';

  test('of Slack escapes the three characters that it takes for markup', () => {
    expect(webhookBody('slack', message, facts())).toEqual({
      text: 'credentials-updater: refused &lt;by&gt; the guard &amp; so on\nwhere\nwhat to do',
    });
  });

  test('of Discord mentions nobody, and is no longer than Discord takes', () => {
    expect(webhookBody('discord', message, facts())).toEqual({ content: text, allowed_mentions: { parse: [] } });
    const long = webhookBody('discord', { ...message, lines: ['x'.repeat(3_000)] }, facts());
    expect(long).toMatchObject({ content: expect.stringMatching(/^.{1,2000}$/s) });
  });

  test('of anything else holds the text and the facts', () => {
    expect(webhookBody('json', message, facts({ exitCode: 4, outcome: 'refused' }))).toMatchObject({
      text,
      run: { outcome: 'refused', exitCode: 4, namespace: 'poolc-system', members: 40 },
    });
  });
});

describe('an address', () => {
  const read = (values: Readonly<Record<string, string>>) =>
    readChannels((name) => {
      const text = values[name];
      return text === undefined ? undefined : { from: name, text };
    });

  test.each([
    ['NOTIFY_URL', 'https://hooks.slack.com/services/T0/B0/x', true],
    ['NOTIFY_URL', 'http://127.0.0.1:8080/x', true],
    ['NOTIFY_URL', 'http://chat.example.org/x', false],
    ['HEARTBEAT_URL', 'http://hc.example.org/ping/x', false],
    ['PUSHGATEWAY_URL', 'http://pushgateway.monitoring.svc:9091', true],
    ['PUSHGATEWAY_URL', 'http://user:password@pushgateway.monitoring.svc:9091', false],
    ['PUSHGATEWAY_URL', 'https://user:password@pushgateway.example.org', true],
    ['HEARTBEAT_URL', 'hc-ping.com/x', false],
    // A URL, and yet no request can be made of it.
    ['HEARTBEAT_URL', 'https://bot:100%sure@hc.example.org/ping', false],
    ['HEARTBEAT_URL', 'https://bot:100%25sure@hc.example.org/ping', true],
  ])('%s=%s can be used: %s', (name, value, usable) => {
    const { addresses, problems } = read({ [name]: value });
    expect(Object.keys(addresses)).toEqual(usable ? [name] : []);
    expect(problems).toHaveLength(usable ? 0 : 1);
    expect(problems.join()).not.toContain(value);
  });

  test('is taken out of whatever is printed, whole and in its parts, and prints as nothing', () => {
    const channels = read({
      NOTIFY_URL: 'https://hooks.slack.com/services/T00DCAFE00/B00DCAFE00/xYz0123456789abcdefghij',
      PUSHGATEWAY_URL: 'https://push:pass%2Fword@push.example.org',
    });
    const redactor = new Redactor();
    hideAddresses(channels, redactor);
    for (const secret of ['T00DCAFE00', 'B00DCAFE00', 'xYz0123456789abcdefghij', 'pass%2Fword', 'pass/word'])
      expect(redactor.redact(`before ${secret} after`)).toBe('before [redacted] after');
    expect(redactor.redact('services of https://hooks.slack.com')).toBe('services of https://hooks.slack.com');
    expect(inspect(channels) + JSON.stringify(channels)).not.toMatch(/slack|push\.example/);
  });
});

describe('the metrics of a run', () => {
  const valueOf = (text: string, name: string) => new RegExp(`^credentials_updater_${name} (.*)$`, 'm').exec(text)?.[1];

  test('that succeeded hold the time of the success', () => {
    const text = exposition(facts());
    expect(valueOf(text, 'last_success_timestamp_seconds')).toBe('1764000000');
    expect(valueOf(text, 'slack_seconds')).toBe('518400');
    expect(valueOf(text, 'members')).toBe('40');
    expect(text).toContain('credentials_updater_last_run_outcome{outcome="done"} 1\n');
    expect(text).toContain('credentials_updater_last_run_outcome{outcome="failed"} 0\n');
  });

  test('that failed before it had read anything leave alone what earlier runs said', () => {
    const counts = {
      members: undefined,
      toRemove: 0,
      created: 0,
      removed: 0,
      notRemoved: 0,
      delivered: 0,
      undelivered: 0,
    };
    const text = exposition(
      facts({
        outcome: 'failed',
        exitCode: 1,
        failure: 'directory',
        counts,
        renewalMargin: undefined,
        tokensExpireAt: undefined,
      }),
    );
    for (const name of [
      'last_success_timestamp_seconds',
      'members',
      'members_undelivered',
      'slack_seconds',
      'tokens_expire_timestamp_seconds',
    ])
      expect(valueOf(text, name)).toBeUndefined();
    expect(valueOf(text, 'last_run_exit_code')).toBe('1');
  });

  test('go to a group for each namespace of members, below whatever path the Pushgateway has', () => {
    expect(pushUrl(new URL('https://example.org/push/'), facts()).href).toBe(
      'https://example.org/push/metrics/job/credentials-updater/members_namespace/poolc-users',
    );
  });
});
