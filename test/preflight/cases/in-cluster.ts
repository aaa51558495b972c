/** deploy/preflight: the Job's rights, and the Job itself as the API server takes it. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';
import { removeNamespace } from '../../namespace-removal.ts';
import { type Desk, problems, said } from '../desk.ts';

const account = 'credentials-updater-preflight';
const tokenSchema = z.object({ status: z.object({ token: z.string() }) });
const jobSchema = z.object({ spec: z.object({ template: z.looseObject({ metadata: z.looseObject({}) }) }) });

export function describeInCluster(deskOf: () => Desk): void {
  /** Preflight as its Job runs it: with the token of its ServiceAccount, and the API key mounted. */
  const preflightAsJob = async () => {
    const { cluster, directory, preflight } = deskOf();
    const path = `/api/v1/namespaces/poolc-system/serviceaccounts/${account}/token`;
    const { token } = tokenSchema.parse((await cluster.request('POST', path, {})).body).status;
    const env = {
      KUBECONFIG: await cluster.kubeconfigFor({ token }),
      POOLC_API_KEY_FILE: join(directory, 'API_KEY'),
    };
    return preflight([], { env });
  };

  it('fails nothing for lack of a right, and changes nothing for anybody else', async () => {
    const { shell, preflight } = deskOf();
    onTestFinished(async () => void (await shell('kubectl delete -k deploy/preflight')));
    await shell('kubectl apply -k deploy/preflight');
    // Other tests here have run sync.
    await shell('kubectl -n poolc-system delete configmap credentials-updater-summary --ignore-not-found');
    expect(problems(await preflight())).toEqual({});

    const report = await preflightAsJob();
    expect(report.exitCode).toBe(0);
    expect(problems(report)).toEqual({ 'token-lifetime': 'unknown', schedule: 'unknown', 'legacy-tokens': 'unknown' });
    expect(said(report, 'legacy-tokens').text).toMatch(/^unknown: no permission: secrets is forbidden/);
    expect(said(report, 'secret').text).toMatch(/^ok: the API key is there/);

    // After a first run it knows what that was granted.
    await shell(`POOLC_API_ENDPOINT=${deskOf().api.url} POOLC_API_KEY_FILE=./API_KEY credentials-updater sync`);
    const after = await preflightAsJob();
    expect(problems(after)).toEqual({ 'legacy-tokens': 'unknown' });
    expect(said(after, 'token-lifetime').text).toBe('ok: tokens live 7d, which the last run was granted');
  });

  it('may only read, and no Secret', async () => {
    const { shell, kubectl } = deskOf();
    onTestFinished(async () => void (await shell('kubectl delete -k deploy/preflight')));
    await shell('kubectl apply -k deploy/preflight');
    const as = `--as=system:serviceaccount:poolc-system:${account}`;
    for (const namespace of ['poolc-system', 'poolc-users', 'kube-system']) {
      const granted = (await kubectl('auth', 'can-i', '--list', as, '-n', namespace, '--no-headers'))
        .split('\n')
        .filter((line) => line !== '' && !/^\s*\[|^self\w+reviews\./.test(line));
      expect(granted.join('\n')).not.toMatch(/secrets|pods|token|impersonate|\*/);
      for (const line of granted) expect(line).toMatch(/\[((get|list|watch) ?)+\]\s*$/);
    }
  });

  it('is taken by an API server that enforces the restricted Pod Security Standard', async () => {
    const { shell, kubectl, cluster, directory } = deskOf();
    onTestFinished(() => removeNamespace(cluster, 'strict'));
    await kubectl('create', 'namespace', 'strict');
    await kubectl('label', 'namespace', 'strict', 'pod-security.kubernetes.io/enforce=restricted');
    const rendered = await shell('kubectl kustomize deploy/preflight');
    const job = jobSchema.parse(parse(rendered.split('---\n').find((text) => text.includes('kind: Job')) ?? ''));
    const { metadata, ...template } = job.spec.template;
    const pod = { apiVersion: 'v1', kind: 'Pod', ...template, metadata: { ...metadata, name: 'preflight' } };
    const file = join(directory, 'pod.json');
    // Its ServiceAccount isn't there; Pod Security doesn't mind.
    await kubectl('-n', 'strict', 'create', 'serviceaccount', account);
    await writeFile(file, JSON.stringify(pod));
    expect(await kubectl('-n', 'strict', 'create', '--dry-run=server', '-f', file)).toContain('pod/preflight created');
  });
}
