/** The rights that `rbac` prints, held to the API server's audit log: each is used, and nothing else is asked for (P6). */
import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { z } from 'zod';
import type { TestCluster } from './cluster.ts';
import { expectExit } from './command.ts';
import { useLab } from './lab.ts';
import { useRunner } from './lab-runner.ts';
import { compareRights, everyonesRoles, readAuditLog, roleSchema } from './rbac-audit.ts';

/** So many that each of the eight records of names gets some, at first and later. */
const members = Array.from({ length: 60 }, (_, index) => `member${index}`);
const joiners = Array.from({ length: 58 }, (_, index) => `joiner${index}`);

const inSecrets = (_: string, { systemNamespace }: TestCluster) => ({ secrets: { namespace: systemNamespace } });
const nowhere = () => ({ none: {} });
/** RBAC asks for it when a RoleBinding is made; no request is one for it. See "without the right to bind". */
const bind = { resources: ['clusterroles'], verbs: ['bind'] };
const clusterRole = 'system:aggregate-to-edit';
const workspaceWith =
  (quota: object) =>
  ({ usersNamespace }: TestCluster) => ({
    // One with rules of its own: nothing aggregates them here, and anyone may bind a role without rules.
    workspace: { namespace: `{account}--${usersNamespace}`, clusterRole, quota },
  });

/** A Job of a CronJob, which leaves an Event when it is refused. */
const inAJob = { JOB_NAME: 'lab-29000000', JOB_UID: 'c9a1f3b2-6d1e-4c55-8a57-0e5d1b6f9a10' };

test.each([
  ['Secrets', inSecrets, undefined],
  ['no delivery', nowhere, undefined],
  ['Secrets, and workspaces with a quota', inSecrets, { pods: 20 }],
  ['no delivery, and workspaces that had a quota before', nowhere, {}],
])('used = granted, over a first sync, joiners, a leaver, drift and a refusal: %s', async (_, delivery, quota) => {
  const lab = await useLab(delivery, quota === undefined ? undefined : workspaceWith(quota));
  const { cluster } = lab;
  const runner = await useRunner(lab);
  const sync = async (
    logins: readonly string[],
    { flags = [], exitCode = 0 }: { flags?: string[]; exitCode?: number } = {},
  ) => {
    await lab.writeMembers(['id,login', ...logins.map((login) => `${login},${login}`), ''].join('\n'));
    expectExit(await lab.commandWith(runner.kubeconfig, { args: ['sync', ...flags], env: inAJob }), exitCode);
  };
  await sync(members, { flags: ['--first-run'] });
  if (quota !== undefined) await drift(cluster, 'member1');
  // Without the leaver, and with all the joiners.
  await sync([...members.slice(1), ...joiners], { flags: ['--allow-additions', '58'] });
  await sync([], { exitCode: 4 });

  const printed = parseAllDocuments(runner.rights)
    .map((document) => roleSchema.safeParse(document.toJS()).data)
    .filter((role) => role !== undefined);
  const [withoutBind, bindRules] = splitBind(printed);
  expect(bindRules).toMatchObject(quota === undefined ? [] : [{ ...bind, resourceNames: [clusterRole] }]);
  const events = readAuditLog(await readFile(cluster.auditLog, 'utf8'), runner.username);
  const everyone = await everyonesRoles(cluster);
  expect(compareRights({ events, granted: withoutBind, everyone })).toEqual({ grantedNotUsed: [], usedNotGranted: [] });

  // The comparison itself: a right more, and a right less, are seen.
  const more = roleSchema.parse({
    metadata: { name: 'more', namespace: cluster.usersNamespace },
    rules: [{ apiGroups: [''], resources: ['pods'], verbs: ['get'] }],
  });
  expect(compareRights({ events, granted: [...withoutBind, more], everyone }).grantedNotUsed).toEqual([
    `${cluster.usersNamespace}: get pods`,
  ]);
  expect(compareRights({ events, granted: withoutBind.slice(1), everyone }).usedNotGranted).not.toEqual([]);
});

type Roles = readonly z.infer<typeof roleSchema>[];

/** Without the right to bind, and that right. Documents without rules (bindings) are left out. */
function splitBind(roles: Roles): [Roles, unknown[]] {
  const isBind = ({ verbs }: { readonly verbs: readonly string[] }) => verbs.includes('bind');
  return [
    roles
      .filter(({ rules }) => rules.length > 0)
      .map((role) => ({ ...role, rules: role.rules.filter((rule) => !isBind(rule)) })),
    roles.flatMap(({ rules }) => rules.filter(isBind)),
  ];
}

/** Somebody takes the member out of the RoleBinding, and raises the quota; or gives one where there is to be none. */
async function drift({ request, usersNamespace }: TestCluster, account: string): Promise<void> {
  const namespace = `${account}--${usersNamespace}`;
  const binding = `/apis/rbac.authorization.k8s.io/v1/namespaces/${namespace}/rolebindings/credentials-updater`;
  expect((await request('PATCH', binding, { subjects: [] })).status).toBe(200);
  const quotas = `/api/v1/namespaces/${namespace}/resourcequotas`;
  const changed = await request('PATCH', `${quotas}/credentials-updater`, { spec: { hard: { pods: '500' } } });
  if (changed.status === 200) return;
  const labels = { 'app.kubernetes.io/managed-by': 'credentials-updater' };
  const { body } = await request('GET', `/api/v1/namespaces/${namespace}`);
  const { annotations } = z
    .object({ metadata: z.looseObject({ annotations: z.record(z.string(), z.string()) }) })
    .parse(body).metadata;
  const metadata = { name: 'credentials-updater', labels, annotations };
  expect((await request('POST', quotas, { metadata, spec: { hard: { pods: '500' } } })).status).toBe(201);
}

test('without the right to bind, a member has a namespace and no rights in it, and the sync says so', async () => {
  const lab = await useLab(nowhere, workspaceWith({}));
  const runner = await useRunner(lab);
  const name = `credentials-updater:${lab.cluster.systemNamespace}:lab`;
  const path = `/apis/rbac.authorization.k8s.io/v1/clusterroles/${name}`;
  const role = z.looseObject({ rules: roleSchema.shape.rules }).parse((await lab.cluster.request('GET', path)).body);
  const rules = role.rules.filter(({ verbs }) => !verbs.includes('bind'));
  expect(rules).toHaveLength(role.rules.length - 1);
  expect((await lab.cluster.request('PUT', path, { ...role, rules })).status).toBe(200);
  await lab.writeMembers('id,login\n1,kim\n');
  const result = await lab.commandWith(runner.kubeconfig, { args: ['sync', '--first-run'] });
  expectExit(result, 3);
  expect(`${result.stdout}${result.stderr}`).toMatch(/kim has no complete workspace/);
});
