import { expect, it } from 'vitest';
import { removeNamespace } from '../../namespace-removal.ts';
import { type Desk, expectFoundAndMended, said } from '../desk.ts';

export function describeNamespaces(deskOf: () => Desk): void {
  it("fails without the members', and with it their access", async () => {
    const { kubectl, cluster } = deskOf();
    await kubectl('annotate', 'namespace', 'poolc-users', 'credentials-updater/allow-deletion=yes');
    await removeNamespace(cluster, 'poolc-users');
    await expectFoundAndMended(deskOf(), {
      finds: { namespaces: 'failed', 'updater-rights': 'failed', accounts: 'unknown', names: 'unknown' },
      says: /the namespace poolc-users, for the members' accounts, does not exist/,
    });
  });

  it('fails while one is being deleted, and says what follows from that', async () => {
    const { kubectl, cluster, preflight } = deskOf();
    await kubectl('create', 'namespace', 'leaving');
    await kubectl('delete', 'namespace', 'leaving', '--wait=false');
    expect(said(await preflight(['--target-namespace', 'leaving']), 'namespaces')).toEqual({
      status: 'failed',
      text: expect.stringContaining('the namespace leaving is being deleted: every member loses access'),
    });
    expect(said(await preflight(['--pod-namespace', 'leaving']), 'namespaces')).toEqual({
      status: 'failed',
      text: expect.stringContaining('the namespace leaving is being deleted, and the updater with it'),
    });
    await removeNamespace(cluster, 'leaving');
  });

  const binding = 'validatingadmissionpolicybinding/credentials-updater-keep-members';
  it.each([
    ['nothing is left of the policy around it', ['delete', binding]],
    ['that policy only warns', ['patch', binding, '--type=merge', '-p', '{"spec":{"validationActions":["Warn"]}}']],
  ])("warns that the members' one can be deleted by accident where %s", async (_, args) => {
    await deskOf().kubectl(...args);
    await expectFoundAndMended(deskOf(), {
      finds: { namespaces: 'warning' },
      says: /nothing keeps the namespace poolc-users from being deleted by accident/,
    });
  });
}
