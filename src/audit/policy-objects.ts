/** The kinds of admission policies: Kubernetes' own and Kyverno's. */
import * as z from 'zod';
import { type Kind, metadataSchema } from './objects.ts';

const strings = z
  .array(z.string())
  .nullish()
  .transform((list) => list ?? []);
const variables = z
  .array(z.object({ name: z.string(), expression: z.string().nullish() }))
  .nullish()
  .transform((list) => list ?? []);
export type PolicyVariable = z.infer<typeof variables>[number];
const failurePolicy = z.string().default('Fail');

const matchConstraintsSchema = z
  .object({
    resourceRules: z
      .array(z.object({ operations: strings, resources: strings, resourceNames: strings }))
      .nullish()
      .transform((rules) => rules ?? []),
  })
  .nullish();

const admissionPolicySchema = z.object({
  metadata: metadataSchema,
  spec: z.object({ failurePolicy, variables, matchConstraints: matchConstraintsSchema }),
  status: z
    .object({
      typeChecking: z.object({ expressionWarnings: z.array(z.object({ warning: z.string() })).nullish() }).nullish(),
    })
    .nullish(),
});
export type AdmissionPolicy = z.infer<typeof admissionPolicySchema>;

const admissionBindingSchema = z.object({
  metadata: metadataSchema,
  spec: z.object({
    policyName: z.string(),
    validationActions: strings,
    /** Present where the binding narrows what its policy says. */
    matchResources: z.unknown().optional(),
  }),
});
export type AdmissionBinding = z.infer<typeof admissionBindingSchema>;

const admission = <T>(resource: string, item: z.ZodType<T>): Kind<T> => ({
  path: `/apis/admissionregistration.k8s.io/v1/${resource}`,
  what: resource,
  item,
});
export const validatingPolicyKind = admission('validatingadmissionpolicies', admissionPolicySchema);
export const validatingBindingKind = admission('validatingadmissionpolicybindings', admissionBindingSchema);
export const mutatingPolicyKind = admission('mutatingadmissionpolicies', admissionPolicySchema);
export const mutatingBindingKind = admission('mutatingadmissionpolicybindings', admissionBindingSchema);

const clusterPolicySchema = z.object({
  metadata: metadataSchema,
  spec: z.looseObject({
    admission: z.boolean().nullish(),
    failurePolicy: z.string().nullish(),
    validationFailureAction: z.string().nullish(),
    webhookConfiguration: z.object({ failurePolicy: z.string().nullish() }).nullish(),
    rules: z
      .array(
        z.looseObject({
          name: z.string(),
          validate: z
            .looseObject({ failureAction: z.string().nullish(), cel: z.looseObject({ variables }).nullish() })
            .nullish(),
        }),
      )
      .nullish()
      .transform((rules) => rules ?? []),
  }),
  status: z
    .object({
      conditions: z.array(z.object({ type: z.string(), status: z.string(), message: z.string().nullish() })).nullish(),
    })
    .nullish(),
});
export type ClusterPolicy = z.infer<typeof clusterPolicySchema>;

export const clusterPolicyKind: Kind<ClusterPolicy> = {
  path: '/apis/kyverno.io/v1/clusterpolicies',
  what: 'ClusterPolicies',
  item: clusterPolicySchema,
};

const celPolicySchema = z.object({
  metadata: metadataSchema,
  spec: z.looseObject({ failurePolicy: z.string().nullish(), variables, validationActions: strings }),
  status: z
    .object({
      conditionStatus: z.object({ ready: z.boolean().nullish(), message: z.string().nullish() }).nullish(),
    })
    .nullish(),
});
export type CelPolicy = z.infer<typeof celPolicySchema>;

const celKind = (resource: string): Kind<CelPolicy> => ({
  path: `/apis/policies.kyverno.io/v1/${resource}`,
  what: resource,
  item: celPolicySchema,
});
export const celValidatingKind = celKind('validatingpolicies');
export const celMutatingKind = celKind('mutatingpolicies');
export const celGeneratingKind = celKind('generatingpolicies');

const policyExceptionSchema = z.object({
  metadata: metadataSchema,
  spec: z.looseObject({
    exceptions: z.array(z.object({ policyName: z.string() })).nullish(),
    policyRefs: z.array(z.object({ name: z.string() })).nullish(),
  }),
});
export type PolicyException = z.infer<typeof policyExceptionSchema>;

const exceptionKind = (group: string, version: string): Kind<PolicyException> & { readonly group: string } => ({
  group,
  path: `/apis/${group}/${version}/policyexceptions`,
  what: 'PolicyExceptions',
  item: policyExceptionSchema,
});
export const policyExceptionKinds = [exceptionKind('kyverno.io', 'v2'), exceptionKind('policies.kyverno.io', 'v1')];
