/** Whether the cluster is recent enough, and serves every API that a run, deploy/ and the policies use. */

import { type Finding, failed, ok, warning } from '../../audit/finding.ts';
import { allInOrder } from '../../lib/all-in-order.ts';
import type { PreflightContext } from '../context.ts';

/** ValidatingAdmissionPolicy, which deploy/base needs, is served since 1.30. */
const oldestMinor = 30;

interface Feature {
  readonly groupVersion: string;
  readonly resource: string;
  readonly purpose: string;
}

const features: readonly Feature[] = [
  { groupVersion: 'v1', resource: 'serviceaccounts/token', purpose: "members' tokens (TokenRequest)" },
  { groupVersion: 'authentication.k8s.io/v1', resource: 'selfsubjectreviews', purpose: 'trying tokens' },
  { groupVersion: 'coordination.k8s.io/v1', resource: 'leases', purpose: 'the run lock' },
  { groupVersion: 'batch/v1', resource: 'cronjobs', purpose: 'the schedule' },
  {
    groupVersion: 'admissionregistration.k8s.io/v1',
    resource: 'validatingadmissionpolicies',
    purpose: 'the guard around the namespace of the members',
  },
];

/** A run goes on without them. */
const helpfulFeatures: readonly Feature[] = [
  { groupVersion: 'events.k8s.io/v1', resource: 'events', purpose: 'the Events of a failed run' },
];

const builtinPolicyFeatures: readonly Feature[] = [
  {
    groupVersion: 'admissionregistration.k8s.io/v1',
    resource: 'mutatingadmissionpolicies',
    purpose: "the members' policies where there is no Kyverno (Kubernetes 1.36)",
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
    findings.push(failed(`Kubernetes ${gitVersion} is too old: 1.${oldestMinor} is needed. Upgrade the cluster`));
  for (const feature of await missing([...features, ...(hasKyverno ? [] : builtinPolicyFeatures)]))
    findings.push(failed(notServed(feature)));
  for (const feature of await missing(helpfulFeatures)) findings.push(warning(notServed(feature)));
  return findings.length > 0 ? findings : [ok(`${gitVersion} serves all that this needs`)];
}

function notServed({ groupVersion, resource, purpose }: Feature): string {
  return `${groupVersion} ${resource} is not served, which ${purpose} needs: see --runtime-config of kube-apiserver, or upgrade the cluster`;
}
