/** accounts, legacy-tokens and names. */
import { expect, it } from 'vitest';
import { type Desk, expectFoundAndMended, problems, said } from '../desk.ts';

const there = ['-n', 'poolc-users'];

export function describeAccounts(deskOf: () => Desk): void {
  it('accounts warns of one in the way of a member, and says which name they get instead', async () => {
    await deskOf().kubectl(...there, 'create', 'serviceaccount', 'bob');
    await expectFoundAndMended(deskOf(), {
      finds: { accounts: 'warning', names: 'warning' },
      says: /the ServiceAccount bob in poolc-users is not ours, .* in the way of the member of that name, who gets bob-[0-9a-f-]{36}/,
    });
  });

  it.each([
    ['builder', [], /the ServiceAccount builder in poolc-users is not ours, .* has the rights of a member/],
    [
      'half',
      ['app.kubernetes.io/managed-by=credentials-updater'],
      /the ServiceAccount half in poolc-users has our label but no valid UUID, so that no sync touches it/,
    ],
  ])('accounts warns of %s, which is no member at all', async (name, labels, says) => {
    await deskOf().kubectl(...there, 'create', 'serviceaccount', name);
    if (labels.length > 0) await deskOf().kubectl(...there, 'label', 'serviceaccount', name, ...labels);
    await expectFoundAndMended(deskOf(), { finds: { accounts: 'warning' }, says });
  });

  it('legacy-tokens fails where a Secret holds a token for ever', async () => {
    const { cluster } = deskOf();
    await cluster.request('POST', '/api/v1/namespaces/poolc-users/secrets', {
      metadata: { name: 'for-ever', annotations: { 'kubernetes.io/service-account.name': 'default' } },
      type: 'kubernetes.io/service-account-token',
    });
    await expectFoundAndMended(deskOf(), {
      finds: { 'legacy-tokens': 'failed' },
      says: /the Secret for-ever in poolc-users holds a token of default that never expires/,
    });
  });

  it('names warns of members whose names will not be their login ids, and why', async () => {
    const { api } = deskOf();
    const odd = [await api.addMember({ loginId: 'Kim+Lee' }), await api.addMember({ loginId: null })];
    const report = await deskOf().preflight();
    for (const { uuid } of odd) api.removeMember(uuid);
    expect(problems(report)).toEqual({ names: 'warning' });
    expect(said(report, 'names').text).toMatch(
      /2 of 5 newcomers get a name that isn't their login id\. .*Kim\+Lee → kim-lee-[0-9a-f]{8} \(the login id is no valid name/,
    );
  });
}
