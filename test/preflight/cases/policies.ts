/** policies, as Kubernetes' own; Kyverno's are in kyverno.test.ts. */
import { it } from 'vitest';
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
