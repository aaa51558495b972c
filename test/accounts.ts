/** What a test sees of the members' side of the cluster: the ServiceAccounts, and who a token is. */
import { expect, onTestFinished } from 'vitest';
import { z } from 'zod';
import { reviewTokens, type TokenReviewer } from '../dev/token-review.ts';
import type { Club } from './club.ts';
import type { TestCluster } from './cluster.ts';

const listSchema = z.object({
  items: z.array(
    z.object({
      metadata: z.object({
        name: z.string(),
        uid: z.string(),
        resourceVersion: z.string(),
        labels: z.record(z.string(), z.string()).default({}),
        annotations: z.record(z.string(), z.string()).default({}),
      }),
      automountServiceAccountToken: z.boolean().optional(),
    }),
  ),
});

export interface SeenAccount {
  readonly name: string;
  readonly uid: string;
  readonly resourceVersion: string;
  /** The annotation of the members' accounts. */
  readonly uuid: string | undefined;
  readonly labels: Readonly<Record<string, string>>;
  readonly automountsToken: boolean;
}

/** Every ServiceAccount of the members' namespace, ours or not, by name. */
export async function accountsOf({ request: ask, usersNamespace }: TestCluster): Promise<Map<string, SeenAccount>> {
  const { body } = await ask('GET', `/api/v1/namespaces/${usersNamespace}/serviceaccounts`);
  return new Map(
    listSchema.parse(body).items.map(({ metadata, automountServiceAccountToken }) => [
      metadata.name,
      {
        name: metadata.name,
        uid: metadata.uid,
        resourceVersion: metadata.resourceVersion,
        uuid: metadata.annotations['credentials-updater/user-uuid'],
        labels: metadata.labels,
        automountsToken: automountServiceAccountToken !== false,
      },
    ]),
  );
}

/** Makes a ServiceAccount in the members' namespace, as somebody else or an earlier program would. */
export async function createAccount(
  { request: ask, usersNamespace }: TestCluster,
  metadata: { name: string; labels?: Record<string, string>; annotations?: Record<string, string> },
): Promise<void> {
  const { status, body } = await ask('POST', `/api/v1/namespaces/${usersNamespace}/serviceaccounts`, { metadata });
  if (status !== 201) throw new Error(`${metadata.name} was not created: ${status} ${JSON.stringify(body)}`);
}

/** Asks the API server who the bearer of a token is; undefined when it answers 401. */
export function tokenReviewer(cluster: TestCluster): TokenReviewer['whoIs'] {
  const reviewer = reviewTokens(cluster);
  onTestFinished(() => reviewer[Symbol.asyncDispose]());
  return reviewer.whoIs;
}

/** Each active member has an account, and the token that is stored for them is that account's and works. */
export async function expectWorkingTokens({ api, cluster }: Club): Promise<void> {
  const accounts = new Map(
    [...(await accountsOf(cluster)).values()].map(({ uuid, name }) => [uuid?.toLowerCase(), name]),
  );
  const whoIs = tokenReviewer(cluster);
  const stored = api.storedTokens();
  const members = api.members().filter(({ active }) => active);
  const holders = await Promise.all(
    members.map(async ({ uuid, loginId }) => [uuid, loginId, await whoIs(stored.get(uuid) ?? '')]),
  );
  expect(holders).toEqual(
    members.map(({ uuid, loginId }) => [
      uuid,
      loginId,
      `system:serviceaccount:${cluster.usersNamespace}:${accounts.get(uuid.toLowerCase())}`,
    ]),
  );
  expect([...stored.keys()].sort()).toEqual(members.map(({ uuid }) => uuid).sort());
}
