/**
 * The throw-away account of a probe. It is in the members' group like any other account of their namespace; it is marked
 * by its name, which no member can get, and by a label; and without our label and a UUID no sync looks at it.
 */

import { probeNamePrefix } from '../../core/names.ts';
import { mintToken, reviewToken } from '../../issuers/token-request.ts';
import { type ClusterClient, parseAnswer } from '../../kube/client.ts';
import { listPages } from '../../kube/pages.ts';
import type { Clock } from '../../lib/clock.ts';
import { Failure } from '../../lib/failure.ts';
import { accountPath, deleteAccount } from '../../registry/accounts.ts';
import { namespacedObjectSchema } from '../objects.ts';

const probeLabel = 'credentials-updater/probe';
/** The shortest that the API server grants. */
const tokenSeconds = 600;
/** A fresh account's token may be refused for a moment. */
const recognitionMs = 15_000;
/** For cleaning up after a Ctrl-C, which must not wait for long. */
const removalMs = 5_000;

export interface Probe {
  readonly name: string;
  readonly token: string;
}

interface ProbeContext {
  readonly client: ClusterClient;
  readonly namespace: string;
  readonly clock: Clock;
  readonly random: () => number;
  readonly signal: AbortSignal;
  /** Told of the token before it is used. */
  readonly onToken: (token: string) => void;
}

/** Runs `use` with a fresh member's token. The account goes in any case; if this process is killed, with the next probe. */
export async function withProbe<T>(context: ProbeContext, use: (probe: Probe) => Promise<T>): Promise<T> {
  const { client, namespace, random, signal, onToken } = context;
  const suffix = Math.floor(random() * 2 ** 32)
    .toString(16)
    .padStart(8, '0');
  const account = await createProbe(client, namespace, `${probeNamePrefix}${suffix}`, signal);
  try {
    const request = { namespace, lifetimeSeconds: tokenSeconds, audiences: [] };
    const { token } = await mintToken(client, account, request, signal);
    onToken(token);
    await untilRecognised(context, token);
    return await use({ name: account.name, token });
  } finally {
    await deleteAccount(client, namespace, account, AbortSignal.timeout(removalMs));
  }
}

/** Removes what earlier probes have left. @returns their names */
export async function sweepProbes(client: ClusterClient, namespace: string, signal: AbortSignal): Promise<string[]> {
  const left = await listPages({
    client,
    path: `/api/v1/namespaces/${encodeURIComponent(namespace)}/serviceaccounts`,
    query: { labelSelector: `${probeLabel}=true` },
    item: namespacedObjectSchema,
    what: 'ServiceAccounts of probes',
    signal,
  });
  const probes = left.map(({ metadata }) => metadata).filter(({ name }) => name.startsWith(probeNamePrefix));
  for (const { name, uid } of probes) await deleteAccount(client, namespace, { name, uid }, signal);
  return probes.map(({ name }) => name);
}

async function createProbe(
  client: ClusterClient,
  namespace: string,
  name: string,
  signal: AbortSignal,
): Promise<{ name: string; uid: string }> {
  const path = accountPath(namespace, '').replace(/\/$/, '');
  const response = await client.call({
    method: 'POST',
    path,
    body: {
      apiVersion: 'v1',
      kind: 'ServiceAccount',
      metadata: { name, namespace, labels: { [probeLabel]: 'true' } },
      automountServiceAccountToken: false,
    },
    signal,
  });
  const { uid } = parseAnswer(namespacedObjectSchema, response, name).metadata;
  return { name, uid };
}

async function untilRecognised({ client, clock, signal }: ProbeContext, token: string): Promise<void> {
  const startedAt = clock.monotonic();
  while ((await reviewToken(client, token, signal)) === undefined) {
    if (clock.monotonic() - startedAt > recognitionMs)
      throw new Failure('cluster', "the API server doesn't take the probe's fresh token (401)");
    await clock.sleep(250, signal);
  }
}
