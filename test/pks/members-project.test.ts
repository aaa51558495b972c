/** preflight on PKS's AppProjects: it names what lets members reach the cluster's own, and its lines close that. */
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { argoCdDefinitions } from '../../dev/argocd/definitions.ts';
import { type Desk, deskTimeoutMs, openDesk, said } from '../preflight/desk.ts';
import { platformProjects } from './projects.ts';

let desk: Desk;
beforeAll(async () => {
  desk = await openDesk();
  for (const name of ['argocd', 'cert-manager', 'gitea', 'poolc-system', 'alice-lab'])
    await desk.kubectl('create', 'namespace', name);
  await desk.kubectl('label', 'namespace', 'alice-lab', 'poolc.org/owner=alice');
  await desk.kubectl('apply', '--server-side', ...(await argoCdDefinitions()).flatMap((file) => ['-f', file]));
  // A definition is served a moment after it was accepted.
  const input = JSON.stringify({ apiVersion: 'v1', kind: 'List', items: platformProjects });
  await vi.waitFor(
    async () => {
      const { exitCode, stderr } = await desk.cluster.kubectl(['apply', '-f', '-'], { input });
      if (exitCode !== 0) throw new Error(stderr);
    },
    { timeout: 120_000, interval: 500 },
  );
}, deskTimeoutMs);
afterAll(() => desk.close());

const look = async (...flags: readonly string[]) => {
  const report = await desk.preflight(flags);
  return { report, ...said(report, 'argocd-projects') };
};
const runFixes = async ({ report }: Awaited<ReturnType<typeof look>>): Promise<void> => {
  for (const { check, findings } of report.checks)
    if (check === 'argocd-projects')
      for (const { fixes } of findings) for (const { command } of fixes) await desk.shell(command);
};

it("names the namespaces that the members' project leaves open, and closes them by its own line", async () => {
  const open = await look();
  expect(open.status).toBe('failed');
  expect(open.text).toMatch(
    /^failed: through the AppProject shared-proj, members deploy into cert-manager, default, gitea with Argo CD's rights/,
  );
  await runFixes(open);
  expect(await look()).toMatchObject({
    status: 'ok',
    text: "ok: through shared-proj, members reach no namespace of the cluster's own and no cluster-wide kind",
  });
});

it('names cluster-wide kinds that it lets members deploy, and closes them', async () => {
  const patch = { spec: { clusterResourceWhitelist: [{ group: '', kind: 'Namespace' }] } };
  await desk.kubectl('-n', 'argocd', 'patch', 'appproject/shared-proj', '--type=merge', '-p', JSON.stringify(patch));
  const open = await look();
  expect(open.text).toMatch(
    /^failed: through the AppProject shared-proj, members deploy cluster-wide kinds .*: Namespace/,
  );
  await runFixes(open);
  expect((await look()).status).toBe('ok');
});

it("takes an operators' project for a members' one unless it is named, and one without repositories for closed", async () => {
  expect((await look('--operator-projects', 'poolc-system-proj')).text).toMatch(/through the AppProject admin-proj/);
  const none = JSON.stringify({ spec: { sourceRepos: [] } });
  await desk.kubectl('-n', 'argocd', 'patch', 'appproject/admin-proj', '--type=merge', '-p', none);
  expect((await look('--operator-projects', 'poolc-system-proj')).status).toBe('ok');
});

it('versions judges the image of argocd-server, and says nothing of an Argo CD that is not there', async () => {
  expect(said(await desk.preflight(), 'versions').text).not.toContain('Argo CD');
  await desk.kubectl(
    '-n',
    'argocd',
    'create',
    'deployment',
    'argocd-server',
    '--image=argoproj/argocd:v3.0.9',
    '--replicas=0',
  );
  const container = [{ op: 'replace', path: '/spec/template/spec/containers/0/name', value: 'argocd-server' }];
  const patch = ['patch', 'deployment/argocd-server', '--type=json', '-p', JSON.stringify(container)];
  await desk.kubectl('-n', 'argocd', ...patch);
  expect(said(await desk.preflight(), 'versions').text).toBe(
    'warning: Argo CD v3.0.9 is older than what this program is tested with (3.1 to 3.5): upgrade Argo CD to 3.1 or later',
  );
});
