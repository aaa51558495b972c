/** What preflight expects against what this repository ships: two copies of a rule that must not part. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parseAllDocuments } from 'yaml';
import * as z from 'zod';
import { gatewayRules } from '../audit/gateway-policies.ts';
import { shippedPolicies } from '../audit/member-policies.ts';
import { memberRules, readerRoleName, readerRules } from '../audit/members.ts';
import { countedResources } from '../audit/probe/counted.ts';
import { shippedIngressDomains, shippedTrustedNamespaces } from '../audit/system-namespaces.ts';
import { reservedNamespacePattern } from '../core/namespace-names.ts';
import { defaultSyncName } from '../registry/place.ts';
import { requiredRoles } from './required-rights.ts';

const deploy = join(import.meta.dirname, '../../deploy');

const documentSchema = z.looseObject({
  kind: z.string(),
  metadata: z.object({ name: z.string(), namespace: z.string().optional() }),
  rules: z
    .array(
      z.object({
        apiGroups: z.array(z.string()),
        resources: z.array(z.string()),
        verbs: z.array(z.string()),
        resourceNames: z.array(z.string()).default([]),
      }),
    )
    .optional(),
});

function documentsOf(file: string): z.infer<typeof documentSchema>[] {
  return parseAllDocuments(readFileSync(file, 'utf8')).flatMap((document) => {
    const parsed = documentSchema.safeParse(document.toJS());
    return parsed.success ? [parsed.data] : [];
  });
}

/** Each single right, as `verb group/resource name`. */
function rightsOf(
  rules: readonly {
    apiGroups: readonly string[];
    resources: readonly string[];
    verbs: readonly string[];
    resourceNames: readonly string[];
  }[],
): Set<string> {
  const rights = new Set<string>();
  for (const { apiGroups, resources, verbs, resourceNames } of rules)
    for (const group of apiGroups)
      for (const resource of resources)
        for (const verb of verbs)
          for (const name of resourceNames.length === 0 ? ['*'] : resourceNames)
            rights.add(`${verb} ${group}/${resource} ${name}`);
  return rights;
}

describe('the rights that preflight asks for', () => {
  const shipped = documentsOf(join(deploy, 'base/rbac.yaml')).filter(({ kind }) => kind === 'Role');
  for (const { namespace, rules } of requiredRoles({
    metadata: { namespace: 'poolc-system', name: defaultSyncName },
    accounts: { namespace: 'poolc-users' },
    delivery: { kind: 'poolc' },
  })) {
    it(`are those of deploy/base in ${namespace}`, () => {
      const roles = shipped.filter((role) => role.metadata.namespace === namespace);
      expect(rightsOf(rules)).toEqual(rightsOf(roles.flatMap((role) => role.rules ?? [])));
    });
  }
});

it('the rights that the policies of a gateway bound are those of deploy/gateway', () => {
  const roles = documentsOf(join(deploy, 'gateway/rbac.yaml')).filter(({ kind }) => kind === 'Role');
  expect(roles.map(({ metadata }) => metadata.namespace)).toEqual(['poolc-users']);
  expect(rightsOf(gatewayRules('poolc-users'))).toEqual(rightsOf(roles.flatMap(({ rules }) => rules ?? [])));
});

it("the names that preflight takes for the cluster's own are those that the policies trust and keep from members", () => {
  const file = join(deploy, 'policies/settings/settings.yaml');
  const { data } = z
    .object({
      data: z.object({ trustedNamespaces: z.string(), reservedNamespaces: z.string(), ingressDomains: z.string() }),
    })
    .parse(parseAllDocuments(readFileSync(file, 'utf8'))[0]?.toJS());
  expect(shippedTrustedNamespaces).toEqual(JSON.parse(data.trustedNamespaces));
  expect(`'${reservedNamespacePattern.source}'`).toBe(data.reservedNamespaces);
  expect(shippedIngressDomains).toEqual(JSON.parse(data.ingressDomains));
});

it("the kinds that preflight wants counted in members' namespaces are those of the shipped quota", () => {
  const [quota] = parseAllDocuments(readFileSync(join(deploy, 'policies/namespace-contents/store.yaml'), 'utf8'));
  const { hard } = z.object({ spec: z.object({ hard: z.record(z.string(), z.string()) }) }).parse(quota?.toJS()).spec;
  const kubernetesOwn = Object.keys(hard).filter((name) => !name.endsWith('cert-manager.io'));
  expect(kubernetesOwn).toEqual(countedResources.map((resource) => `count/${resource}`));
});

it('the namespaces that the policies trust keep their part of the API server', () => {
  const flowSchema = z.object({
    kind: z.literal('FlowSchema'),
    metadata: z.object({ name: z.literal('poolc-cluster') }),
    spec: z.object({
      rules: z.array(z.object({ subjects: z.array(z.object({ group: z.object({ name: z.string() }) })) })),
    }),
  });
  const groups = parseAllDocuments(readFileSync(join(deploy, 'policies/base/flow.yaml'), 'utf8'))
    .flatMap((document) => flowSchema.safeParse(document.toJS()).data ?? [])
    .flatMap(({ spec }) => spec.rules.flatMap(({ subjects }) => subjects.map(({ group }) => group.name)));
  expect(groups).toEqual(shippedTrustedNamespaces.map((name) => `system:serviceaccounts:${name}`));
});

describe('the policies that preflight looks for', () => {
  const kinds = {
    kyverno: ['ClusterPolicy'],
    'kyverno-cel': ['ValidatingPolicy', 'MutatingPolicy', 'GeneratingPolicy'],
    builtin: ['ValidatingAdmissionPolicy', 'MutatingAdmissionPolicy'],
  } as const;
  for (const variant of ['kyverno', 'kyverno-cel', 'builtin'] as const) {
    it(`are those of deploy/policies/${variant}`, () => {
      const shipped = [variant, 'owner-label', 'always']
        .map((folder) => join(deploy, 'policies', folder))
        .flatMap((directory) =>
          readdirSync(directory, { recursive: true, encoding: 'utf8' }).map((file) => join(directory, file)),
        )
        .filter((file) => file.endsWith('.yaml'))
        .flatMap(documentsOf)
        .filter(({ kind }) => kinds[variant].some((known) => known === kind))
        .map(({ metadata }) => metadata.name);
      const { validating = [], ...others } = shippedPolicies[variant];
      const expected = [...Object.values(others).flat(), ...(variant === 'builtin' ? validating : [])];
      expect(new Set(shipped)).toEqual(new Set(expected));
    });
  }
});

describe('what members may read', () => {
  it.each([
    ['policies/base/member.yaml', 'poolc-member', memberRules],
    ['policies/reader/reader.yaml', readerRoleName, readerRules],
  ])('is what %s grants', (file, name, rules) => {
    const role = documentsOf(join(deploy, file)).find(({ kind }) => kind === 'ClusterRole');
    expect(role?.metadata.name).toBe(name);
    expect(rightsOf(role?.rules ?? [])).toEqual(rightsOf(rules));
  });

  it('is never a Secret, a ConfigMap, a token or a log', () => {
    expect([...rightsOf(readerRules)].join('\n')).not.toMatch(/secrets|configmaps|token|log|\*\/|create|\/\*/);
  });
});
