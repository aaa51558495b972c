/** This program's own way to the API server that a kubeconfig names. */
import { onTestFinished } from 'vitest';
import { type ClusterClient, openClient } from '../../src/kube/client.ts';
import { loadClusterAccess } from '../../src/kube/kubeconfig.ts';
import { systemClock } from '../../src/lib/clock.ts';
import { jsonLog } from '../../src/lib/log.ts';
import { Redactor } from '../../src/lib/redact.ts';

/** A file as --kubeconfig names it, or files as KUBECONFIG lists them. */
export type Where = { readonly file: string } | { readonly kubeconfig: string };

/** Closed at the end of the test. @throws Failure (usage) for a kubeconfig that can't be used */
export async function openOurs(where: Where, redactor: Redactor = new Redactor()): Promise<ClusterClient> {
  const { PATH, HOME } = process.env;
  const { file, kubeconfig } = { file: undefined, kubeconfig: undefined, ...where };
  const surroundings = { kubeconfig, home: HOME, apiServer: undefined, variables: { PATH, HOME } };
  const client = openClient({
    access: await loadClusterAccess(surroundings, { explicitFile: file, signal: AbortSignal.timeout(60_000) }),
    connections: 2,
    userAgent: 'test',
    proxyEnv: {},
    clock: systemClock,
    random: Math.random,
    log: jsonLog({ level: 'error', redactor, write: () => undefined }),
    redactor,
  });
  onTestFinished(() => client.close());
  return client;
}
