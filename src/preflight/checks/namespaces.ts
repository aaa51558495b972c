/** The two namespaces, and whether the members' one is kept from being deleted by accident. */

import { type Finding, failed, ok, warning } from '../../audit/finding.ts';
import type { AdmissionBinding, AdmissionPolicy } from '../../audit/policy-objects.ts';
import { namespacesOf } from '../../config/settings.ts';
import { allInOrder } from '../../lib/all-in-order.ts';
import { namespaceMessages as messages } from '../../lib/messages/preflight-deployment.ts';
import type { PreflightContext } from '../context.ts';

export async function namespaces(context: PreflightContext): Promise<Finding[]> {
  const { settings, gathered, commands } = context;
  const { podNamespace, targetNamespace } = namespacesOf(settings);
  const findings: Finding[] = [];
  const system = await gathered.namespace(podNamespace);
  if (system === undefined) {
    findings.push(
      failed(messages.noSystem({ namespace: podNamespace }), commands.kubectl`create namespace ${podNamespace}`),
    );
  } else if (system.metadata.deletionTimestamp !== undefined) {
    findings.push(failed(messages.systemGoing({ namespace: podNamespace })));
  }
  const users = await gathered.namespace(targetNamespace);
  if (users === undefined) {
    findings.push(
      failed(
        messages.noUsers({ namespace: targetNamespace }),
        settings.file === undefined ? commands.applyUpdater : commands.kubectl`create namespace ${targetNamespace}`,
      ),
    );
  } else if (users.metadata.deletionTimestamp !== undefined) {
    findings.push(failed(messages.usersGoing({ namespace: targetNamespace })));
  } else if (!(await isGuarded(context))) {
    findings.push(
      settings.file === undefined
        ? warning(messages.unguarded({ namespace: targetNamespace }), commands.applyUpdater)
        : warning(messages.unguardedElsewhere({ namespace: targetNamespace })),
    );
  }
  return findings.length > 0 ? findings : [ok(messages.bothExist({ system: podNamespace, users: targetNamespace }))];
}

async function isGuarded({ settings, gathered }: PreflightContext): Promise<boolean> {
  const [policies, bindings] = await allInOrder([gathered.admissionPolicies(), gathered.admissionBindings()]);
  return policies.some(
    (policy) =>
      refusesDeletion(policy, settings.accounts.namespace) && bindings.some((binding) => enforces(binding, policy)),
  );
}

function refusesDeletion({ spec }: AdmissionPolicy, namespace: string): boolean {
  return (
    spec.matchConstraints?.resourceRules.some(
      ({ operations, resources, resourceNames }) =>
        operations.includes('DELETE') && resources.includes('namespaces') && resourceNames.includes(namespace),
    ) === true
  );
}

function enforces({ spec }: AdmissionBinding, { metadata }: AdmissionPolicy): boolean {
  return spec.policyName === metadata.name && spec.validationActions.includes('Deny');
}
