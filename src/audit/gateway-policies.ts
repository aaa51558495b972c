/** The two policies that hold a gateway to what it is for, and keep members' devices from everybody else. */
import type { Gathered } from './gather.ts';
import { validatingProblem } from './member-policies.ts';
import { type PolicyRule, resourceRule } from './rbac.ts';

/** Of deploy/gateway: ServiceAccount, ConfigMap and Deployment have one name. */
export const gatewayAccount = 'credentials-updater-gateway';
const gatewayPolicies = ['credentials-updater-gateway', 'credentials-updater-devices'] as const;

/** What deploy/gateway/rbac.yaml grants in the accounts' namespace, which these policies bound. A test holds the two to each other. */
export const gatewayRules = (targetNamespace: string): readonly PolicyRule[] => [
  resourceRule(['get'], '', ['namespaces'], [targetNamespace]),
  resourceRule(['list'], '', ['serviceaccounts']),
  resourceRule(['create'], '', ['serviceaccounts/token']),
  resourceRule(['get', 'list', 'create', 'patch', 'delete'], '', ['secrets']),
];

/** What is wrong with them, in words; empty where both refuse what they should. */
export async function gatewayPolicyProblems({
  admissionPolicies,
  admissionBindings,
}: Pick<Gathered, 'admissionPolicies' | 'admissionBindings'>): Promise<string[]> {
  const [policies, bindings] = await Promise.all([admissionPolicies(), admissionBindings()]);
  return gatewayPolicies.flatMap((name) => {
    const policy = policies.find(({ metadata }) => metadata.name === name);
    if (policy === undefined) return [`${name} is missing`];
    const problem = validatingProblem(policy, bindings);
    if (problem === undefined) return [];
    return [`${name} ${typeof problem === 'string' ? problem : problem.text}`];
  });
}

/** Whether they refuse what they should; false where that may not be read. */
export async function isGatewayHeld(
  gathered: Pick<Gathered, 'admissionPolicies' | 'admissionBindings'>,
): Promise<boolean> {
  const problems = await gatewayPolicyProblems(gathered).catch(() => ['unknown']);
  return problems.length === 0;
}
