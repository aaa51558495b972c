/** The rights that `rbac` prints: a ServiceAccount that has them and no others runs every sync of that MemberSync. */
import { expect, test } from 'vitest';
import { z } from 'zod';
import { accountsOf } from './accounts.ts';
import type { TestCluster } from './cluster.ts';
import { expectExit } from './command.ts';
import { useLab } from './lab.ts';
import { useRunner } from './lab-runner.ts';

const inSecrets = (_: string, { systemNamespace }: TestCluster) => ({ secrets: { namespace: systemNamespace } });
const nowhere = () => ({ none: {} });
const workspaceWith = (quota: object) => (cluster: TestCluster) => ({
  // One with rules of its own: nothing aggregates them here, and anyone may bind a role without rules.
  workspace: { namespace: `{account}--${cluster.usersNamespace}`, clusterRole: 'system:aggregate-to-edit', quota },
});

test.each([
  ['Secrets', inSecrets, undefined],
  ['no delivery', nowhere, undefined],
  ['Secrets, and workspaces with a quota', inSecrets, workspaceWith({ pods: 20 })],
  ['no delivery, and workspaces without a quota', nowhere, workspaceWith({})],
])(
  'are enough for a first run, a join, a leave and a return: %s',
  { tags: 'older-versions' },
  async (_, delivery, more) => {
    const lab = await useLab(delivery, more);
    const { kubeconfig: runner } = await useRunner(lab);
    const sync = async (members: string, ...flags: string[]) => {
      await lab.writeMembers(`id,login\n1,kim\n${members}`);
      const result = await lab.commandWith(runner, { args: ['sync', ...flags] });
      expectExit(result, 0);
      expect(`${result.stdout}${result.stderr}`).not.toMatch(/forbidden|cannot /);
      return [...(await accountsOf(lab.cluster)).keys()].toSorted();
    };
    expect(await sync('', '--first-run')).toEqual(['kim']);
    expect(await sync('2,lee\n')).toEqual(['kim', 'lee']);
    expect(await sync('')).toEqual(['kim']);
    expect(await sync('2,lee\n')).toEqual(['kim', 'lee']);
  },
);

test('are not those for workspaces where the MemberSync has none, and a sync that lacks them delivers tokens all the same', async () => {
  const lab = await useLab(inSecrets);
  const { kubeconfig: runner } = await useRunner(lab);
  const printed = (await lab.command('rbac')).stdout;
  expect(printed).not.toMatch(/ClusterRole|rolebindings|resourcequotas/);
  await lab.setSpec(workspaceWith({})(lab.cluster));
  await lab.writeMembers('id,login\n1,kim\n');
  const result = await lab.commandWith(runner, { args: ['sync', '--first-run'] });
  expectExit(result, 3);
  expect(`${result.stdout}${result.stderr}`).toMatch(
    /workspaces could not be looked after.*tokens are issued all the same/s,
  );
  const { body } = await lab.cluster.request('GET', `/api/v1/namespaces/${lab.cluster.systemNamespace}/secrets`);
  expect(JSON.stringify(body)).toContain('"credentials-kim"');
});

const clusterRoleSchema = z.looseObject({
  rules: z.array(z.looseObject({ resources: z.array(z.string()), verbs: z.array(z.string()) })),
});

test('a RoleBinding of a leaver that can not be removed is no success', async () => {
  const lab = await useLab(nowhere, workspaceWith({}));
  const { kubeconfig: runner } = await useRunner(lab);
  await lab.writeMembers('id,login\n1,kim\n2,lee\n');
  expectExit(await lab.commandWith(runner, { args: ['sync', '--first-run'] }), 0);
  const name = `credentials-updater:${lab.cluster.systemNamespace}:lab`;
  const path = `/apis/rbac.authorization.k8s.io/v1/clusterroles/${name}`;
  const { body } = await lab.cluster.request('GET', path);
  const role = clusterRoleSchema.parse(body);
  const rules = role.rules.map((rule) =>
    rule.resources.includes('rolebindings') ? { ...rule, verbs: rule.verbs.filter((verb) => verb !== 'delete') } : rule,
  );
  expect((await lab.cluster.request('PUT', path, { ...role, rules })).status).toBe(200);

  await lab.writeMembers('id,login\n1,kim\n');
  const result = await lab.commandWith(runner, { args: ['sync'] });

  expectExit(result, 3);
  expect(`${result.stdout}${result.stderr}`).toMatch(/lee--\S+\/credentials-updater of a leaver could not be removed/);
  expect([...(await accountsOf(lab.cluster)).keys()]).toEqual(['kim']);
});
