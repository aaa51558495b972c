/** A club whose controllers are under fire: tokens are renewed all the time, and used all the time. */
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { onTestFinished } from 'vitest';
import { createCertificateAuthority, writeSecret } from '../../dev/control-plane/certificates.ts';
import { renderKubeconfig } from '../../dev/control-plane/cluster-access.ts';
import { type FaultProxy, type SeenRequest, startFaultProxy } from '../../dev/fault-proxy/index.ts';
import { tokenReviewer } from '../accounts.ts';
import type { TestCluster } from '../cluster.ts';
import { type Lab, useLab } from '../controller/lab.ts';

/** Those who never leave. */
export const faithful = ['kim', 'lee', 'park', 'choi', 'jung'];

export const fast = { LEADER_LEASE: '4s' };

export async function clubUnderFire(members: readonly string[] = faithful, existing?: TestCluster): Promise<Lab> {
  const lab = await useLab(existing);
  await lab.setMembers(members);
  // Tokens are renewed within the first minute of their ten: renewals go on all the time.
  await lab.createSync({
    token: { lifetime: '10m', renewBefore: '9m' },
    guard: { maxRemovals: 100_000, maxAdditions: 100_000 },
  });
  return lab;
}

/**
 * Uses the last delivered token of everyone who never leaves, all the time.
 * @param outages whether the API server may be away: what it doesn't answer is no rejection then
 */
export function probe(lab: Lab, { outages = false }: { outages?: boolean } = {}) {
  const whoIs = tokenReviewer(lab.cluster);
  const rejections: string[] = [];
  let probes = 0;
  const over = new AbortController();
  onTestFinished(() => over.abort());
  const last = new Map<string, string>();
  const round = async () => {
    for (const [account, token] of await lab.tokens()) if (faithful.includes(account)) last.set(account, token);
    for (const [account, token] of last) {
      const answer = await whoIs(token);
      probes++;
      if (answer !== `system:serviceaccount:${lab.cluster.usersNamespace}:${account}`)
        rejections.push(`${account}: ${answer ?? '401'}`);
    }
  };
  const run = async () => {
    while (!over.signal.aborted) {
      await (outages ? round().catch(() => undefined) : round());
      await sleep(50);
    }
  };
  // What is still under way when a test fails has nobody to tell.
  const ended = run().catch((error: unknown) => {
    if (!over.signal.aborted) throw error;
  });
  return {
    stop: async () => {
      over.abort();
      await ended;
      return { probes, rejections };
    },
  };
}

/** A way to the API server that can be cut. */
export interface Cable {
  readonly kubeconfig: string;
  readonly proxy: FaultProxy;
  /** Nothing gets through any more, in either direction. @returns a function that connects it again */
  readonly cut: () => () => void;
}

/** For one controller; call it in a test. */
export async function openCable({ cluster, controllerToken }: Lab): Promise<Cable> {
  const authority = await createCertificateAuthority('the cable of a controller');
  const proxy = await startFaultProxy({
    upstream: { url: cluster.server, certificateAuthority: cluster.certificateAuthority },
    tls: await authority.issue({ commonName: 'fault-proxy', hosts: ['127.0.0.1'] }),
  });
  onTestFinished(() => proxy.close());
  const file = join(cluster.directory, `cable-${randomBytes(6).toString('hex')}.kubeconfig`);
  return {
    proxy,
    kubeconfig: writeSecret(file, await renderKubeconfig(proxy.url, authority, { token: controllerToken })),
    cut: () => {
      const rule = proxy.addFault({}, { kind: 'reset' });
      for (const stream of proxy.streams) if (stream.isOpen) stream.silence();
      return () => {
        rule.remove();
        for (const stream of proxy.streams) if (stream.isOpen) stream.reset();
      };
    },
  };
}

/** Whether it makes, changes or removes an account, a token or a delivered Secret. */
export function isMembersChange({ method, path }: SeenRequest): boolean {
  return method !== 'GET' && /\/(serviceaccounts|secrets)(\/|$)/.test(path.split('?')[0] ?? '');
}
