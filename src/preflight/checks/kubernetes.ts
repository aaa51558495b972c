/** Whether the cluster is recent enough, and serves every API that a run, deploy/ and the policies use. */

import { type Finding, failed, ok, warning } from '../../audit/finding.ts';
import { allInOrder } from '../../lib/all-in-order.ts';
import type { Message } from '../../lib/message.ts';
import { kubernetesMessages as messages } from '../../lib/messages/preflight-cluster.ts';
import type { PreflightContext } from '../context.ts';

/** ValidatingAdmissionPolicy, which deploy/base needs, is served since 1.30. */
const oldestMinor = 30;

interface Feature {
  readonly groupVersion: string;
  readonly resource: string;
  readonly purpose: Message;
}

const features: readonly Feature[] = [
  { groupVersion: 'v1', resource: 'serviceaccounts/token', purpose: messages.forTokens() },
  { groupVersion: 'authentication.k8s.io/v1', resource: 'selfsubjectreviews', purpose: messages.forTrying() },
  { groupVersion: 'coordination.k8s.io/v1', resource: 'leases', purpose: messages.forLock() },
  { groupVersion: 'batch/v1', resource: 'cronjobs', purpose: messages.forSchedule() },
  {
    groupVersion: 'admissionregistration.k8s.io/v1',
    resource: 'validatingadmissionpolicies',
    purpose: messages.forNamespaceGuard(),
  },
];

/** A run goes on without them. */
const helpfulFeatures: readonly Feature[] = [
  { groupVersion: 'events.k8s.io/v1', resource: 'events', purpose: messages.forEvents() },
];

const builtinPolicyFeatures: readonly Feature[] = [
  {
    groupVersion: 'admissionregistration.k8s.io/v1',
    resource: 'mutatingadmissionpolicies',
    purpose: messages.forPolicies(),
  },
];

export async function kubernetes({ gathered }: PreflightContext): Promise<Finding[]> {
  const { major, minor, gitVersion } = await gathered.version();
  const hasKyverno = (await gathered.apiGroups()).has('kyverno.io');
  const missing = async (wanted: readonly Feature[]) => {
    const served = await allInOrder(wanted.map(({ groupVersion }) => gathered.apiResources(groupVersion)));
    return wanted.filter(({ resource }, index) => served[index]?.has(resource) !== true);
  };
  const findings: Finding[] = [];
  // Some distributions write 36+.
  if (Number(major) < 1 || (Number(major) === 1 && Number.parseInt(minor, 10) < oldestMinor))
    findings.push(failed(messages.tooOld({ version: gitVersion, minor: oldestMinor })));
  for (const feature of await missing([...features, ...(hasKyverno ? [] : builtinPolicyFeatures)]))
    findings.push(failed(notServed(feature)));
  for (const feature of await missing(helpfulFeatures)) findings.push(warning(notServed(feature)));
  return findings.length > 0 ? findings : [ok(messages.servesAll({ version: gitVersion }))];
}

function notServed({ groupVersion, resource, purpose }: Feature): Message {
  return messages.notServed({ what: `${groupVersion} ${resource}`, purpose });
}
