/** Policies take some seconds to come into force, each on its own. This asks until all of them have. */
import { z } from 'zod';
import type { ControlPlane } from '../../dev/control-plane/index.ts';
import { type Call, create, itemPath, patch, read } from './attempt.ts';
import {
  clusterRole,
  deployment,
  hostPath,
  ingress,
  type KubernetesObject,
  namespace,
  pod,
  podSpec,
  roleBinding,
  service,
  serviceAccount,
} from './objects.ts';
import { everything, mint, operatorSession, until } from './people.ts';
import { openSession, perform, type Session } from './session.ts';
import type { Variant } from './variants.ts';

const CANARY = 'canary';
const QUOTA = 'ResourceQuota/namespace-quota';

/** A member's namespace with a ServiceAccount that only policies hold back. Before any policy. */
export async function setUpCanary(controlPlane: ControlPlane): Promise<void> {
  const operator = operatorSession(controlPlane);
  const robot = { kind: 'ServiceAccount', name: 'robot', namespace: CANARY } as const;
  await perform(operator, create(namespace(CANARY, { labels: { 'poolc.org/owner': 'nobody' } })));
  await perform(operator, create(serviceAccount(robot.name), CANARY));
  await perform(operator, create(roleBinding('robot', everything, robot), CANARY));
}

export async function inForce(
  controlPlane: ControlPlane,
  variant: Variant,
  stage: 'enforcing' | 'auditing',
): Promise<void> {
  const operator = operatorSession(controlPlane);
  const robot = openSession(controlPlane, await mint(operator, 'robot', CANARY));
  const alice = openSession(controlPlane, await mint(operator, 'alice', 'poolc-users'));
  for (const [policy, call] of Object.entries(canaries(variant))) {
    await until(`${policy} to be ${stage}`, async () => {
      const { status, warnings } = await robot(call, { dryRun: true });
      return stage === 'enforcing' ? status >= 400 : status < 300 && warnings.length > 0;
    });
  }
  await until('new namespaces to be labelled', async () => {
    const labels = await labelsOfNew(alice);
    return 'poolc.org/owner' in labels && 'pod-security.kubernetes.io/enforce' in labels === (stage === 'enforcing');
  });
  if (stage === 'enforcing') await namespacesAreFilled(operator, variant);
}

/** For each policy one attempt that nothing else refuses. */
function canaries({ needsKyverno }: Variant): Readonly<Record<string, Call>> {
  const exception: KubernetesObject = {
    apiVersion: 'kyverno.io/v2',
    kind: 'PolicyException',
    metadata: { name: 'canary' },
    spec: { match: {}, exceptions: [] },
  };
  const everybody = { kind: 'Group', name: 'system:authenticated' } as const;
  return {
    'members-namespaces': patch(`Namespace/${CANARY}`, { metadata: { labels: { 'kubernetes.io/canary': '' } } }),
    'members-owner-label': patch(`Namespace/${CANARY}`, { metadata: { labels: { 'poolc.org/owner': 'robot' } } }),
    'members-object-size': create(
      { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'canary' }, data: { text: 'x'.repeat(100_000) } },
      CANARY,
    ),
    'members-pod-annotations': create(
      {
        ...pod(),
        metadata: { name: 'canary', annotations: { 'external-dns.alpha.kubernetes.io/hostname': 'canary' } },
      },
      CANARY,
    ),
    'members-workloads': create(deployment(podSpec(hostPath)), CANARY),
    'members-services': create(service({ type: 'NodePort' }), CANARY),
    'members-ingresses': create(ingress(undefined), CANARY),
    'members-ingress-hosts': create(ingress('www.poolc.example'), CANARY),
    'members-access': create(roleBinding('canary', clusterRole('view'), everybody), CANARY),
    'members-namespace-contents': create(
      { apiVersion: 'v1', kind: 'ResourceQuota', metadata: { name: 'canary' }, spec: { hard: { pods: '1' } } },
      CANARY,
    ),
    ...(needsKyverno ? { 'members-kyverno': create(exception, CANARY) } : {}),
  };
}

async function labelsOfNew(alice: Session): Promise<Record<string, string>> {
  const { body } = await alice(create(namespace('alice--canary')), { dryRun: true });
  const schema = z.object({ metadata: z.object({ labels: z.record(z.string(), z.string()) }) });
  return schema.safeParse(body).data?.metadata.labels ?? {};
}

/** Kyverno fills the namespaces that are there, too, when its policy arrives. */
async function namespacesAreFilled(operator: Session, { needsKyverno }: Variant): Promise<void> {
  if (!needsKyverno) return;
  await until('the canary to be given a quota', async () => {
    const { status } = await operator(read(itemPath(QUOTA, CANARY)));
    return status === 200;
  });
}
