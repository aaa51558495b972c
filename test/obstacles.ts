/** What stands in a run's way on a real cluster. */
import { expect, onTestFinished } from 'vitest';
import type { Club } from './club.ts';
import { holdLock } from './promises/lease.ts';

/** Another run holds the lock, and does so for an hour. */
export async function letAnotherHoldTheLock(club: Club): Promise<void> {
  const since = new Date().toISOString().replace('Z', '000Z');
  await holdLock(club, { holder: 'somebody-else', since, durationSeconds: 3_600 });
}

/** A policy of the cluster that refuses one ServiceAccount in the members' namespace, once it is in effect. */
export async function refuseAccount({ cluster }: Club, name: string): Promise<void> {
  const policies = '/apis/admissionregistration.k8s.io/v1';
  const policy = `refuse-${cluster.usersNamespace}`;
  for (const [kind, spec] of [
    [
      'validatingadmissionpolicies',
      {
        failurePolicy: 'Fail',
        matchConstraints: {
          resourceRules: [
            { apiGroups: [''], apiVersions: ['v1'], operations: ['CREATE'], resources: ['serviceaccounts'] },
          ],
        },
        validations: [{ expression: `object.metadata.name != '${name}'`, message: 'not this one' }],
      },
    ],
    [
      'validatingadmissionpolicybindings',
      {
        policyName: policy,
        validationActions: ['Deny'],
        matchResources: {
          namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': cluster.usersNamespace } },
        },
      },
    ],
  ] as const) {
    onTestFinished(async () => void (await cluster.request('DELETE', `${policies}/${kind}/${policy}`)));
    expect((await cluster.request('POST', `${policies}/${kind}`, { metadata: { name: policy }, spec })).status).toBe(
      201,
    );
  }
  const attempt = () =>
    cluster.request('POST', `/api/v1/namespaces/${cluster.usersNamespace}/serviceaccounts?dryRun=All`, {
      metadata: { name },
    });
  await expect.poll(async () => (await attempt()).status, { timeout: 30_000 }).toBe(422);
}
