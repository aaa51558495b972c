/** Settings of one process, which no MemberSync says. The variable of `fooBar` is FOO_BAR. */
import * as z from 'zod';
import { valueMessages } from '../lib/messages/settings.ts';
import { field } from './fields.ts';
import { secretReference, variableNotation } from './secret-reference.ts';
import { healthPort, logLevel, metricsPort } from './serving-fields.ts';
import { anyText, count, duration, list } from './values.ts';

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
  watchNamespaces: field(list(valueMessages.namespaces()).prefault([]), {
    group: 'Controller',
    description: "namespaces whose MemberSyncs it looks after, comma-separated (the pod's own)",
  }),
  /** Seconds. */
  leaderLease: field(duration(2, 600).prefault('30s'), {
    group: 'Controller',
    description: 'how long the leader is waited for when it was killed; renewed three times as often',
  }),
  /** Seconds. */
  deliveryGather: field(duration(0, 3_600).prefault('1m'), {
    group: 'Controller',
    description: 'for how long joiners are gathered before a map of everyone is sent',
  }),
  /** Seconds. */
  deliveryEvery: field(duration(0, 86_400).prefault('10m'), {
    group: 'Controller',
    description: 'at most one map of everyone in this time',
  }),
  syncConcurrency: field(count(1, 64).prefault(4), {
    group: 'Controller',
    description: 'MemberSyncs that are worked on at once',
  }),
  healthPort: healthPort('Controller', { optional: true }),
  metricsPort: metricsPort('Controller', { optional: true }),
  pushgatewayUrl: field(secretReference().optional(), {
    group: 'Notifications',
    description: 'address of a Prometheus Pushgateway, for the metrics of each run',
    notation: variableNotation,
  }),
  logLevel: logLevel('Log'),
  terminationMessagePath: field(anyText('FILE').optional(), {
    group: 'Log',
    description: 'where a run leaves its summary for `kubectl describe pod` (in a pod: /dev/termination-log)',
  }),
});
