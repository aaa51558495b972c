/** Settings of one process, which no MemberSync says. The variable of `fooBar` is FOO_BAR. */
import * as z from 'zod';
import type { LogLevel } from '../lib/log.ts';
import { field } from './fields.ts';
import { secretReference, variableNotation } from './secret-reference.ts';
import { anyText, count, duration, oneOf } from './values.ts';

const logLevels = ['debug', 'info', 'warn', 'error'] as const satisfies readonly LogLevel[];

export const processSchema = z.strictObject({
  mintConcurrency: field(count(1, 256).prefault(8), {
    group: 'Cluster',
    description: 'connections to the API server while minting; for accounts twice as many',
  }),
  /** Seconds. */
  runDeadline: field(duration(10, 7 * 86_400).prefault('15m'), {
    group: 'Tokens and time',
    description: 'a run that takes longer is stopped',
  }),
  /** Seconds. */
  lockDuration: field(duration(2, 3_600).prefault('90s'), {
    group: 'Tokens and time',
    description: 'how long the run lock outlives a run that was killed',
  }),
  /** Seconds. */
  lockWait: field(duration(0, 86_400).prefault('180s'), {
    group: 'Tokens and time',
    description: 'how long to wait for another run',
  }),
  allowRemovals: field(count(0).optional(), { group: 'Guard', description: 'for one run: permit up to N removals' }),
  allowAdditions: field(count(0).optional(), { group: 'Guard', description: 'for one run: permit up to N additions' }),
  pushgatewayUrl: field(secretReference().optional(), {
    group: 'Notifications',
    description: 'address of a Prometheus Pushgateway, for the metrics of each run',
    notation: variableNotation,
  }),
  logLevel: field(oneOf(logLevels, 'LEVEL').prefault('info'), {
    group: 'Log',
    description: 'the least important lines to show',
  }),
  terminationMessagePath: field(anyText('FILE').optional(), {
    group: 'Log',
    description: 'where a run leaves its summary for `kubectl describe pod` (in a pod: /dev/termination-log)',
  }),
});
