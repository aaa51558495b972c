import { describe, expect, test } from 'vitest';
import { Failure } from '../lib/failure.ts';
import { type Finding, marginFinding, reasonOf, sentence, withFindings } from './conditions.ts';

const now = Date.parse('2026-11-30T00:00:00Z');
const ready = (status: Finding['status'], reason = 'InSync'): Finding => ({
  type: 'Ready',
  status,
  reason,
  message: 'm',
});

describe('a condition', () => {
  test('keeps the time since when it is so, also with another reason', () => {
    const first = withFindings([], [ready('False', 'A')], { generation: 1, now });
    expect(first).toEqual([
      { ...ready('False', 'A'), observedGeneration: 1, lastTransitionTime: '2026-11-30T00:00:00Z' },
    ]);
    const second = withFindings(first, [ready('False', 'B')], { generation: 2, now: now + 60_000 });
    expect(second[0]).toMatchObject({ reason: 'B', observedGeneration: 2, lastTransitionTime: '2026-11-30T00:00:00Z' });
    const third = withFindings(second, [ready('True')], { generation: 2, now: now + 60_000 });
    expect(third[0]).toMatchObject({ status: 'True', lastTransitionTime: '2026-11-30T00:01:00Z' });
  });

  test('about which nothing was found stays', () => {
    const other = { ...ready('True'), type: 'Delivered' as const };
    const before = withFindings([], [other], { generation: 1, now });
    expect(withFindings(before, [ready('True')], { generation: 2, now }).map(({ type }) => type)).toEqual([
      'Delivered',
      'Ready',
    ]);
  });

  test('is no longer than the API server takes', () => {
    const [long] = withFindings([], [{ ...ready('False'), message: 'x'.repeat(40_000) }], { generation: 1, now });
    expect(long?.message.length).toBeLessThan(32_768);
  });
});

describe('a failure', () => {
  test.each([
    [new Failure('directory', ''), 'DirectoryUnreachable'],
    [new Failure('usage', ''), 'InvalidSpec'],
    [new Failure('cluster', '', { status: 403 }), 'Forbidden'],
    [new Failure('cluster', '', { reason: 'NamespaceMissing' }), 'NamespaceMissing'],
    [new Failure('cluster', '', { status: 500 }), 'ClusterUnreachable'],
    [new Failure('lock', ''), 'LockedByAnother'],
    [new Failure('internal', ''), 'UnexpectedError'],
  ])('%# has a reason for machines: %s', (failure, reason) => {
    expect(reasonOf(failure)).toBe(reason);
  });

  test('says what to do', () => {
    expect(sentence(new Failure('usage', 'it is wrong', { hint: 'make it right' }))).toBe(
      'it is wrong. What to do: make it right',
    );
  });
});

describe('the margin between a renewal and the end of a token', () => {
  const margin = (more: object) =>
    marginFinding({
      lifetimeSeconds: 7 * 86_400,
      grantedSeconds: 7 * 86_400,
      renewBeforeSeconds: undefined,
      longestWaitSeconds: 660,
      ...more,
    });

  test('is a third of its life, and enough', () => {
    expect(margin({})).toMatchObject({ status: 'True', reason: 'Sufficient' });
  });

  test('says that the API server grants less', () => {
    expect(margin({ lifetimeSeconds: 10 * 86_400 })).toMatchObject({ status: 'True', reason: 'LifetimeShortened' });
  });

  test('is not enough where a map may have to wait longer', () => {
    expect(margin({ grantedSeconds: 1_800 })).toMatchObject({
      status: 'False',
      message: expect.stringContaining('What to do: raise spec.token.renewBefore'),
    });
  });

  test('is not known before anything was delivered', () => {
    expect(margin({ grantedSeconds: undefined }).status).toBe('Unknown');
  });
});
