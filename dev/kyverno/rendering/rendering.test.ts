import { describe, expect, it } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { readRenderedPolicies, renderKyvernoPolicies } from './index.ts';
import { validatingPolicySchema } from './sources.ts';
import { clusterPolicyValidation } from './validation.ts';

/** All `message` and `messageExpression` values in a manifest. */
function messagesIn(value: unknown): string[] {
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]: [string, unknown]) =>
    key.startsWith('message') && typeof inner === 'string' ? [inner] : messagesIn(inner),
  );
}

const policy = {
  kind: 'ValidatingAdmissionPolicy',
  metadata: { name: 'members-things' },
  spec: {
    failurePolicy: 'Fail',
    matchConstraints: {
      resourceRules: [{ apiGroups: [''], apiVersions: ['v1'], operations: ['CREATE'], resources: ['services'] }],
    },
    validations: [{ reason: 'Forbidden', expression: 'true', message: 'No.' }],
  },
};

describe("Kyverno's forms of the policies", () => {
  it('are in the repository as the rules render now', async () => {
    expect(await readRenderedPolicies(), 'run `npm run policies`').toEqual(await renderKyvernoPolicies());
  });

  it('give their reasons without the apostrophe that Kyverno would double', async () => {
    const reasons = (await renderKyvernoPolicies()).flatMap(({ content }) =>
      parseAllDocuments(content).flatMap((document) => messagesIn(document.toJS())),
    );
    expect(reasons.length).toBeGreaterThan(20);
    expect(reasons.filter((reason) => /\w'\w|s' /.test(reason))).toEqual([]);
  });

  it('name kinds where the rules name resources', () => {
    expect(clusterPolicyValidation(validatingPolicySchema.parse(policy), '')).toMatchObject({
      spec: { rules: [{ match: { any: [{ resources: { kinds: ['Service'], operations: ['CREATE'] } }] } }] },
    });
  });

  it('are not rendered from a rule with a part that they would lose', () => {
    const withParameters = { ...policy, spec: { ...policy.spec, paramKind: { apiVersion: 'v1', kind: 'ConfigMap' } } };
    expect(validatingPolicySchema.safeParse(withParameters).success).toBe(false);
  });

  it('are not rendered for a resource whose kind is unknown', () => {
    const rule = { apiGroups: [''], apiVersions: ['v1'], operations: ['CREATE'], resources: ['gadgets'] };
    const unknown = { ...policy, spec: { ...policy.spec, matchConstraints: { resourceRules: [rule] } } };
    expect(() => clusterPolicyValidation(validatingPolicySchema.parse(unknown), '')).toThrow('/v1/gadgets');
  });
});
