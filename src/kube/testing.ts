/** A client for the tests of this room. */
import { onTestFinished } from 'vitest';
import { type Clock, systemClock } from '../lib/clock.ts';
import { jsonLog } from '../lib/log.ts';
import { Redactor } from '../lib/redact.ts';
import { type ClusterClient, openClient } from './client.ts';
import type { ClusterAccess } from './kubeconfig.ts';

/** Closed at the end of the test. */
export function clientFor(
  access: Pick<ClusterAccess, 'server' | 'tls' | 'credential'>,
  clock: Clock = systemClock,
): ClusterClient {
  const redactor = new Redactor();
  const client = openClient({
    access: {
      ...access,
      proxy: undefined,
      impersonation: [],
      certificateAuthority: undefined,
      source: 'a test',
      clusterName: undefined,
      contextName: 'test',
      userName: undefined,
      kubectl: ['kubectl'],
    },
    connections: 4,
    userAgent: 'test',
    proxyEnv: {},
    clock,
    random: Math.random,
    log: jsonLog({ level: 'error', redactor, write: () => undefined }),
    redactor,
  });
  onTestFinished(() => client.close());
  return client;
}
