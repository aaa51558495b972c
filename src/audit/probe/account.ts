/**
 * The throw-away account of a probe. It is in the members' group like any other account of their namespace; it is marked
 * by its name, which no member can get, and by a label; and without our label and a UUID no sync looks at it.
 */

import type { Account } from '../../core/model.ts';
import { probeNamePrefix } from '../../core/names.ts';
import { mintToken, reviewToken } from '../../issuers/token-request.ts';
import { type ClusterClient, parseAnswer } from '../../kube/client.ts';
import { listPages } from '../../kube/pages.ts';
import type { Clock } from '../../lib/clock.ts';
import { Failure } from '../../lib/failure.ts';
import { deleteAccount } from '../../registry/accounts.ts';
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
  const probes = await listProbes(client, namespace, signal);
  for (const probe of probes) await deleteAccount(client, namespace, probe, signal);
  return probes.map(({ name }) => name);
}

type ProbeAccount = Pick<Account, 'name' | 'uid'>;

/** Those that bear the probes' label. A leftover of that name without it is somebody else's. */
async function listProbes(client: ClusterClient, namespace: string, signal: AbortSignal): Promise<ProbeAccount[]> {
  const left = await listPages({
    client,
    path: collection(namespace),
    query: { labelSelector: `${probeLabel}=true` },
    item: namespacedObjectSchema,
    what: 'ServiceAccounts of probes',
    signal,
  });
  return left
    .map(({ metadata: { name, uid } }) => ({ name, uid }))
    .filter(({ name }) => name.startsWith(probeNamePrefix));
}

/** Makes the account. Where it can't know whether there is one, it removes it before it throws. */
async function createProbe(
  client: ClusterClient,
  namespace: string,
  name: string,
  signal: AbortSignal,
): Promise<ProbeAccount> {
  const findOwn = async (within: AbortSignal): Promise<ProbeAccount | undefined> =>
    (await listProbes(client, namespace, within)).find((probe) => probe.name === name);
  try {
    const body = {
      apiVersion: 'v1',
      kind: 'ServiceAccount',
      metadata: { name, namespace, labels: { [probeLabel]: 'true' } },
      automountServiceAccountToken: false,
    };
    const response = await client.call({ method: 'POST', path: collection(namespace), body, signal, expected: [409] });
    if (response.status !== 409) return { name, uid: parseAnswer(namespacedObjectSchema, response, name).metadata.uid };
    // An earlier attempt of this call, whose answer was lost, may have made it.
    const own = await findOwn(signal);
    if (own !== undefined) return own;
    throw new Failure('cluster', `the ServiceAccount ${name} was created by someone else meanwhile`, {
      status: 409,
      reason: 'AlreadyExists',
      hint: 'run preflight again: the probe gets another name',
    });
  } catch (error) {
    const removal = AbortSignal.timeout(removalMs);
    // What stays in spite of that, the next probe sweeps away.
    const left = await findOwn(removal).catch(() => undefined);
    if (left !== undefined) await deleteAccount(client, namespace, left, removal).catch(() => undefined);
    throw error;
  }
}

function collection(namespace: string): string {
  return `/api/v1/namespaces/${encodeURIComponent(namespace)}/serviceaccounts`;
}

async function untilRecognised({ client, clock, signal }: ProbeContext, token: string): Promise<void> {
  const startedAt = clock.monotonic();
  while ((await reviewToken(client, token, signal)) === undefined) {
    if (clock.monotonic() - startedAt > recognitionMs)
      throw new Failure('cluster', "the API server doesn't take the probe's fresh token (401)");
    await clock.sleep(250, signal);
  }
}
