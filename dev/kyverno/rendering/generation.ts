/** What comes with a member's namespace, as Kyverno makes it when the namespace gets its owner. */
import { z } from 'zod';
import type { Manifest } from './sources.ts';

const NAME = 'members-new-namespaces';
const DESCRIPTION =
  "A member's namespace comes with its owner's RoleBinding, a quota, limits and a default NetworkPolicy. Each is made " +
  'once: an operator may change the quota of one namespace, and deleting this policy deletes nothing.';
const OWNER = '$(OWNER)';
const owned = { matchExpressions: [{ key: 'poolc.org/owner', operator: 'Exists' }] };

const RESOURCES: Readonly<Record<string, string>> = {
  LimitRange: 'limitranges',
  NetworkPolicy: 'networkpolicies',
  ResourceQuota: 'resourcequotas',
  RoleBinding: 'rolebindings',
};

const objectSchema = z.looseObject({
  apiVersion: z.string(),
  kind: z.string(),
  metadata: z.strictObject({ name: z.string() }),
});

export function clusterPolicyGeneration(contents: readonly Manifest[]): Manifest {
  return {
    apiVersion: 'kyverno.io/v1',
    kind: 'ClusterPolicy',
    metadata: { name: NAME, annotations: { 'policies.kyverno.io/description': DESCRIPTION } },
    spec: {
      background: false,
      webhookConfiguration: { failurePolicy: 'Fail' },
      rules: contents
        .toSorted((a, b) => rankOf(a) - rankOf(b))
        .map((content) => {
          const { apiVersion, kind, metadata, ...data } = objectSchema.parse(content);
          return {
            name: metadata.name,
            // Without operations: with them Kyverno 1.19 would leave out the namespaces that are there already.
            match: { any: [{ resources: { kinds: ['Namespace'], selector: owned } }] },
            generate: {
              generateExisting: true,
              synchronize: false,
              orphanDownstreamOnPolicyDelete: true,
              apiVersion,
              kind,
              name: metadata.name,
              namespace: '{{ request.object.metadata.name }}',
              data: withOwner(data, () => '{{ request.object.metadata.labels."poolc.org/owner" }}'),
            },
          };
        }),
    },
  };
}

/**
 * Kyverno 1.15 makes the objects in the order of the rules, tries none again, and refuses its own first one where its
 * webhook has not seen the new namespace yet. So first comes what `policies provide` makes whenever it is missing, then the
 * owner's RoleBinding, whose absence tells it to make everything, and then the rest.
 */
function rankOf(content: Manifest): number {
  if (objectSchema.parse(content).kind === 'LimitRange') return 0;
  return JSON.stringify(content).includes(OWNER) ? 1 : 2;
}

export function celGeneration(contents: readonly Manifest[]): Manifest {
  return {
    apiVersion: 'policies.kyverno.io/v1',
    kind: 'GeneratingPolicy',
    metadata: { name: NAME, annotations: { 'policies.kyverno.io/description': DESCRIPTION } },
    spec: {
      evaluation: {
        generateExisting: { enabled: true },
        synchronize: { enabled: false },
        orphanDownstreamOnPolicyDelete: { enabled: true },
      },
      matchConstraints: {
        objectSelector: owned,
        resourceRules: [
          { apiGroups: [''], apiVersions: ['v1'], operations: ['CREATE', 'UPDATE'], resources: ['namespaces'] },
        ],
      },
      generate: contents.map((content) => ({ expression: celApply(content) })),
    },
  };
}

function withOwner(value: unknown, replace: () => string): unknown {
  return JSON.parse(JSON.stringify(value), (_, inner: unknown) => (inner === OWNER ? replace() : inner));
}

/** Only what isn't there: Kyverno would write over what an operator has changed since. */
function celApply(content: Manifest): string {
  const object = objectSchema.parse(content);
  const resource = RESOURCES[object.kind];
  if (resource === undefined) throw new Error(`The resource of ${object.kind} is unknown: add it to generation.ts`);
  // JSON is CEL, but for the owner's name.
  const literal = JSON.stringify(object, null, 2).replaceAll(
    JSON.stringify(OWNER),
    "object.metadata.labels['poolc.org/owner']",
  );
  return [
    `dyn(resource.Get('${object.apiVersion}', '${resource}', object.metadata.name, '${object.metadata.name}')) != null ||`,
    `generator.Apply(object.metadata.name, [${literal}])`,
  ].join('\n');
}
