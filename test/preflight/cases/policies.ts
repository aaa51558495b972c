/** policies, as Kubernetes' own; Kyverno's are in kyverno.test.ts. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { it } from 'vitest';
import { parseAllDocuments, stringify } from 'yaml';
import { z } from 'zod';
import { type Desk, expectFoundAndMended } from '../desk.ts';

export function describePolicies(deskOf: () => Desk): void {
  const change = (object: string, spec: object) =>
    deskOf().kubectl('patch', object, '--type=merge', '-p', JSON.stringify({ spec }));
  const remove = (object: string) => deskOf().kubectl('delete', object);

  it.each<[string, () => Promise<unknown>, RegExp]>([
    [
      'a policy only audits',
      () => change('validatingadmissionpolicybinding/members-access', { validationActions: ['Audit', 'Warn'] }),
      /members-access only audits \(Audit, Warn\)/,
    ],
    [
      "a policy lets through what it can't judge",
      () => change('validatingadmissionpolicy/members-workloads', { failurePolicy: 'Ignore' }),
      /members-workloads lets through what it can't judge \(failurePolicy Ignore\)/,
    ],
    [
      'a policy holds in a part of the cluster only',
      () =>
        change('validatingadmissionpolicybinding/members-services', {
          matchResources: { namespaceSelector: { matchLabels: { term: 'spring' } } },
        }),
      /members-services is bound to a part of the cluster only \(matchResources\)/,
    ],
    [
      "nothing makes a member's namespace theirs",
      () => remove('mutatingadmissionpolicybinding/members-namespace-owner'),
      /members-namespace-owner has no binding, so that it does nothing/,
    ],
    [
      'a policy is of the time when names were trusted by a pattern',
      () => applyWithPattern(deskOf()),
      /members-namespaces is of an earlier version, which trusts every namespace whose name begins like/,
    ],
    [
      'nothing gives new namespaces their Pod Security',
      () => remove('mutatingadmissionpolicy/members-pod-security'),
      /missing: members-pod-security/,
    ],
  ])('fails where %s', async (_, disturb, says) => {
    await disturb();
    await expectFoundAndMended(deskOf(), { finds: { policies: 'failed' }, says });
  });

  it('fails where there are none at all', async () => {
    await deskOf().shell('kubectl delete -k deploy/policies/builtin');
    await expectFoundAndMended(deskOf(), {
      finds: { policies: 'failed', 'member-role': 'failed' },
      says: /there are no policies for the members: RBAC alone holds them back/,
    });
  });
}

const policySchema = z.looseObject({
  kind: z.literal('ValidatingAdmissionPolicy'),
  metadata: z.looseObject({ name: z.literal('members-namespaces') }),
  spec: z.looseObject({ variables: z.array(z.looseObject({ name: z.string() })) }),
});

/** The policy with the setting that earlier versions had, as an operator has applied it. */
async function applyWithPattern({ shell, kubectl, directory }: Desk): Promise<void> {
  const manifests = parseAllDocuments(await shell('kubectl kustomize deploy/policies/builtin'));
  const [policy] = manifests.flatMap((manifest) => policySchema.safeParse(manifest.toJS()).data ?? []);
  policy?.spec.variables.unshift({ name: 'systemNamespaces', expression: "'^(kube|grafana)(-.*)?$'" });
  const file = join(directory, 'earlier.yaml');
  await writeFile(file, stringify(policy));
  await kubectl('apply', '-f', file);
}
