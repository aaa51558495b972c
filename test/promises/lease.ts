/** The run lock's Lease, as a test finds and leaves it. */
import { z } from 'zod';
import type { Club } from '../club.ts';

const leaseSchema = z.object({
  spec: z.looseObject({
    holderIdentity: z.string().optional(),
    leaseDurationSeconds: z.number(),
    renewTime: z.string(),
  }),
});
export type LeaseSpec = z.infer<typeof leaseSchema>['spec'];

const collectionOf = ({ cluster }: Club) => `/apis/coordination.k8s.io/v1/namespaces/${cluster.systemNamespace}/leases`;
const pathOf = (club: Club) => `${collectionOf(club)}/credentials-updater`;

/** @throws when there is none */
export async function readLease(club: Club): Promise<LeaseSpec> {
  return leaseSchema.parse((await club.cluster.request('GET', pathOf(club))).body).spec;
}

export async function lockHolder(club: Club): Promise<string | undefined> {
  return (await readLease(club)).holderIdentity;
}

/** Takes the lock as another run would, which is then not heard of again unless the test renews it. */
export async function holdLock(
  club: Club,
  { holder, since, durationSeconds = 90 }: { holder: string; since: string; durationSeconds?: number },
): Promise<void> {
  const spec = {
    holderIdentity: holder,
    leaseDurationSeconds: durationSeconds,
    acquireTime: since,
    renewTime: since,
  };
  const { status, body } = await club.cluster.request('POST', collectionOf(club), {
    metadata: { name: 'credentials-updater' },
    spec,
  });
  if (status !== 201) throw new Error(`The Lease was not created: ${status} ${JSON.stringify(body)}`);
}

/** Changes the Lease's spec, no matter who holds it. */
export async function changeLease(club: Club, spec: Record<string, unknown>): Promise<void> {
  const { status, body } = await club.cluster.request('PATCH', pathOf(club), { spec });
  if (status !== 200) throw new Error(`The Lease was not changed: ${status} ${JSON.stringify(body)}`);
}

/** Writes on the Lease without touching what it says, as `kubectl label` would. */
export async function labelLease(club: Club): Promise<void> {
  await club.cluster.request('PATCH', pathOf(club), { metadata: { labels: { team: 'pks' } } });
}

export async function removeLease(club: Club): Promise<void> {
  await club.cluster.request('DELETE', pathOf(club));
}
