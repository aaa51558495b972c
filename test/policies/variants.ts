/** The three forms in which the policies are shipped, and how each is put into force. */
import { join } from 'node:path';
import type { ControlPlane } from '../../dev/control-plane/index.ts';
import { policiesDirectory } from '../../dev/kyverno/index.ts';
import type { VariantName } from './attempt.ts';
import { runPolicies } from './program.ts';

export interface Variant {
  readonly name: VariantName;
  /** Whether Kyverno enforces them, rather than the API server itself. */
  readonly needsKyverno: boolean;
  /** What an operator applies with `kubectl apply -k`. */
  readonly enforcing: string;
  readonly auditing: string;
  /** What the audit stage leaves out, so that going back to it means deleting these. */
  readonly leftOutOfAudit: readonly string[];
  /** Whether all namespaces but Kubernetes' and Kyverno's own wait for Kyverno while it is down. */
  readonly heldUpByOutage: boolean;
  /** Gives new namespaces what comes with them, where no controller does. */
  readonly provide: (controlPlane: ControlPlane) => Promise<void>;
}

const folder = (name: string): string => join(policiesDirectory, name);

export const builtin: Variant = {
  name: 'builtin',
  needsKyverno: false,
  enforcing: folder('builtin'),
  auditing: folder('audit/builtin'),
  leftOutOfAudit: [
    'mutatingadmissionpolicies/members-pod-security',
    'mutatingadmissionpolicybindings/members-pod-security',
  ],
  heldUpByOutage: false,
  provide: async (controlPlane) => {
    await runPolicies(controlPlane, 'provide');
  },
};

export const kyverno: Variant = {
  name: 'kyverno',
  needsKyverno: true,
  enforcing: folder('kyverno'),
  auditing: folder('audit/kyverno'),
  leftOutOfAudit: ['clusterpolicies/members-pod-security', 'clusterpolicies/members-new-namespaces'],
  heldUpByOutage: true,
  provide: async () => {},
};

export const kyvernoCel: Variant = {
  name: 'kyverno-cel',
  needsKyverno: true,
  enforcing: folder('kyverno-cel'),
  auditing: folder('audit/kyverno-cel'),
  leftOutOfAudit: [
    'mutatingpolicies.policies.kyverno.io/members-pod-security',
    'generatingpolicies.policies.kyverno.io/members-new-namespaces',
  ],
  heldUpByOutage: false,
  provide: async () => {},
};

export async function apply({ kubectl }: ControlPlane, directory: string): Promise<void> {
  const { exitCode, stderr } = await kubectl(['apply', '-k', directory]);
  if (exitCode !== 0) throw new Error(`kubectl apply -k ${directory}: ${stderr}`);
}

/** Back to the stage before enforcement. */
export async function auditOnly(controlPlane: ControlPlane, { auditing, leftOutOfAudit }: Variant): Promise<void> {
  await apply(controlPlane, auditing);
  await controlPlane.kubectl(['delete', ...leftOutOfAudit]);
}
