/** What is read of Kubernetes' own admission policies. */
import { z } from 'zod';

export type Manifest = Readonly<Record<string, unknown>>;

const metadata = z.object({ name: z.string(), annotations: z.record(z.string(), z.string()).optional() });
const named = z.strictObject({ name: z.string(), expression: z.string() });
const resourceRule = z.strictObject({
  apiGroups: z.array(z.string()),
  apiVersions: z.array(z.string()),
  operations: z.array(z.string()),
  resources: z.array(z.string()),
  scope: z.string().optional(),
});
const matchConstraints = z.strictObject({
  namespaceSelector: z.record(z.string(), z.unknown()).optional(),
  resourceRules: z.array(resourceRule),
});

/** Strict, so that a field which Kyverno's forms would lose is an error rather than a hole. */
export const validatingPolicySchema = z.object({
  kind: z.literal('ValidatingAdmissionPolicy'),
  metadata,
  spec: z.strictObject({
    failurePolicy: z.literal('Fail'),
    matchConstraints,
    matchConditions: z.array(named).optional(),
    variables: z.array(named).optional(),
    validations: z.array(
      z.strictObject({
        reason: z.string(),
        expression: z.string(),
        message: z.string().optional(),
        messageExpression: z.string().optional(),
      }),
    ),
  }),
});
export type ValidatingPolicy = z.infer<typeof validatingPolicySchema>;

export const mutatingPolicySchema = z.object({
  kind: z.literal('MutatingAdmissionPolicy'),
  metadata,
  spec: z.strictObject({
    failurePolicy: z.literal('Fail'),
    reinvocationPolicy: z.literal('Never'),
    matchConstraints,
    matchConditions: z.array(named).optional(),
    variables: z.array(named).optional(),
    mutations: z.array(z.record(z.string(), z.unknown())),
  }),
});
export type MutatingPolicy = z.infer<typeof mutatingPolicySchema>;

/** Some rules stand in for what Kyverno does better. */
export function isBuiltInOnly(manifest: Manifest): boolean {
  const parsed = z.object({ metadata }).safeParse(manifest);
  return parsed.success && parsed.data.metadata.annotations?.['poolc.org/built-in-only'] === 'true';
}
