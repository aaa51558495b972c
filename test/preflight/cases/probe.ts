/** --probe: doors that it finds open or closed, and what a killed one leaves. */
import { expect, it, onTestFinished } from 'vitest';
import { z } from 'zod';
import type { Answer } from '../../../dev/fault-proxy/index.ts';
import { removeNamespace } from '../../namespace-removal.ts';
import {
  commandsOf,
  type Desk,
  expectFoundAndMended,
  openWire,
  problems,
  type Report,
  runFixes,
  said,
} from '../desk.ts';

/** What is open where no policy is in force, in the order in which it is tried. */
const aboutNamespaces: readonly string[] = [
  'create a namespace called kube-…',
  'create a namespace called poolc-…',
  'create a namespace called default-…',
  'create a namespace called openshift-…',
  'create a namespace called grafana-…',
  ...['kyverno', 'argocd', 'cert-manager', 'ingress-nginx', 'monitoring'].map(
    (name) => `take the name ${name}, which the policies trust, for a namespace`,
  ),
  ...['external-secrets', 'velero', 'vault', 'cattle-system', 'tailscale'].map(
    (name) => `take the name ${name}, which a club's own installation may need, for a namespace`,
  ),
  "create a namespace under another member's name (…--lab)",
  'create a namespace that another account may be called (one hyphen)',
  'create a namespace of any name',
  'create a namespace called xn--…, which browsers show as another text',
  "create a namespace in another's name",
  'switch Pod Security off',
  'allow large objects in a namespace',
];
const insideNamespace: readonly string[] = [
  'start privileged pods',
  "mount the node's disk in a pod",
  "use the node's network in a pod",
  "take the node's ports in a pod",
  'start privileged Deployments',
  'open ports on every node (NodePort)',
  "catch other people's traffic (externalIPs)",
  "make names in the club's DNS (external-dns)",
  "catch everybody's hosts (an Ingress without one)",
  "catch other members' hosts (a wildcard)",
  'take a host that another namespace serves (club.internal.poolc)',
  "take a host of anybody's (….example.org)",
  "take a host under the club's domain (….internal.poolc)",
  "put code into everybody's ingress controller (a snippet)",
  "stop everybody's Ingresses with one of 200 rules",
  'bind cluster-admin',
  'let everybody in',
  "fill the cluster's database (a ConfigMap of 500 KB)",
];

/** What these may do, and must not. */
function openTo(report: Report, who: string): string[] {
  return said(report, 'probe')
    .text.split('\n')
    .flatMap((line) => {
      const [subject, deeds] = line.split(' may, and must not: ');
      return subject === `failed: ${who}` ? (deeds ?? '').split('; ') : [];
    });
}

export function describeProbe(deskOf: () => Desk): void {
  it('fails where members are kept from what they need', async () => {
    await deskOf().kubectl('delete', 'clusterrolebinding', 'poolc-member');
    await expectFoundAndMended(
      deskOf(),
      {
        finds: { probe: 'failed', 'member-role': 'failed' },
        says: /a fresh member can't list namespaces: namespaces is forbidden/,
      },
      ['--probe'],
    );
  });

  it("fails where no policy stands in a member's way, in their own namespaces too; and leaves nothing behind", async () => {
    const { kubectl, preflight, shell, api } = deskOf();
    await shell(`POOLC_API_ENDPOINT=${api.url} POOLC_API_KEY_FILE=./API_KEY credentials-updater sync`);
    await giveNamespace(deskOf(), 'alice-lab');
    await kubectl('create', 'namespace', 'club');
    onTestFinished(() => removeNamespace(deskOf().cluster, 'club'));
    await kubectl('-n', 'club', 'create', 'ingress', 'site', '--rule=club.internal.poolc/*=site:80');
    const before = await everything(deskOf());
    expect(problems(await preflight(['--probe']))).toEqual({});
    expect(await everything(deskOf())).toEqual(before);

    const policies = ['namespaces', 'workloads', 'services', 'access', 'ingress-hosts', 'ingresses', 'object-size'];
    await kubectl('delete', 'validatingadmissionpolicybinding', ...policies.map((name) => `members-${name}`));
    // What is gone is in force for a moment more.
    await expect.poll(() => startPrivileged(deskOf(), 'alice-lab'), { timeout: 60_000, interval: 500 }).toBe(201);
    let report = await preflight(['--probe']);
    const seen = async () => said((report = await preflight(['--probe'])), 'probe').text;
    await expect.poll(seen, { timeout: 100_000 }).toMatch(/a ConfigMap of 500 KB/);
    expect(problems(report)).toEqual({ policies: 'failed', probe: 'failed' });
    // Each attempt that only policies refuse: one that is no longer tried is missing here.
    expect(openTo(report, 'a fresh member')).toEqual(aboutNamespaces);
    expect(openTo(report, 'the member alice')).toEqual(aboutNamespaces);
    expect(openTo(report, "anyone who has a role in a member's namespace (alice-lab)")).toEqual(insideNamespace);
    await runFixes(deskOf(), report);
    expect(problems(await preflight(['--probe']))).toEqual({});
  });

  it('fails where no quota bounds what a member stores and uses, and its commands bring that back', async () => {
    const { kubectl, preflight } = deskOf();
    await giveNamespace(deskOf(), 'alice-lab');
    await kubectl('-n', 'alice-lab', 'delete', 'resourcequota', '--all');
    const report = await preflight(['--probe']);
    expect(problems(report)).toEqual({ probe: 'failed' });
    expect(said(report, 'probe').text).toMatch(
      /take every node \(a pod that asks for 100,000 processors\); take every disk .*No quota there forbids it\nfailed: the owner of alice-lab may store any number of these, which no quota counts there: configmaps, secrets/,
    );
    await runFixes(deskOf(), report);
    await countQuotas(deskOf(), 'alice-lab');
    expect(problems(await preflight(['--probe']))).toEqual({});
  });

  it('fails where one member has what a fresh one has not, and names the member', async () => {
    const { kubectl, preflight, shell, api } = deskOf();
    await shell(`POOLC_API_ENDPOINT=${api.url} POOLC_API_KEY_FILE=./API_KEY credentials-updater sync`);
    await giveNamespace(deskOf(), 'alice-lab');
    const flags = ['--role=edit', '--serviceaccount=poolc-users:alice'];
    await kubectl('-n', 'kube-system', 'create', 'role', 'edit', '--verb=list', '--resource=secrets');
    await kubectl('-n', 'kube-system', 'create', 'rolebinding', 'forgotten', ...flags);
    onTestFinished(
      async () => void (await kubectl('-n', 'kube-system', 'delete', 'role/edit', 'rolebinding/forgotten')),
    );
    const report = await preflight(['--probe']);
    expect(said(report, 'probe').text).toMatch(
      /^failed: the member alice may, and must not: list the Secrets of kube-system\./,
    );
  });

  it('says each attempt in a line, and how it ended', async () => {
    await deskOf().kubectl('delete', 'clusterrolebinding', 'poolc-member');
    onTestFinished(async () => void (await deskOf().shell('kubectl apply -k deploy/policies/base')));
    const { stdout } = await deskOf().command(['preflight', '--probe', '--output', 'text']);
    const lines = stdout.split('\n').map((line) => line.trim());
    expect(lines).toContain('as a fresh member:');
    expect(lines).toContain('✗ REFUSED: list namespaces');
    expect(lines).toContain('✓ refused: read the API key');
    expect(
      lines.filter((line) => /^[✓✗?] (refused|allowed|REFUSED|ALLOWED|untried): /.test(line)).length,
    ).toBeGreaterThan(50);
  });

  it('leaves an account behind when it is killed; preflight says so, and the next probe sweeps it away', async () => {
    const { cluster, command } = deskOf();
    await using wire = await openWire(deskOf());
    const attempt = wire.proxy.addFault(
      { path: /^\/api\/v1\/nodes/ },
      { kind: 'hold', until: new Promise(() => undefined), answered: false },
    );
    const killed = await command(['preflight', '--probe'], {
      env: wire.env,
      onStart: (running) => void attempt.hit.then(() => running.kill('SIGKILL')),
    });
    expect(killed.exitCode).toBeNull();

    const report = await deskOf().preflight();
    expect(problems(report)).toEqual({ accounts: 'warning' });
    expect(said(report, 'accounts').text).toMatch(
      /a probe that was killed has left credentials-updater-probe-[0-9a-f]{8}/,
    );
    expect(commandsOf(report)).toEqual([expect.stringMatching(/ preflight --probe --kubeconfig \S+ --context pks$/)]);
    const swept = await deskOf().shell(`${commandsOf(report)[0] ?? ''} --output text`);
    expect(swept).toMatch(/removed what a probe that was killed had left: credentials-updater-probe-[0-9a-f]{8}/);
    const { body } = await cluster.request('GET', '/api/v1/namespaces/poolc-users/serviceaccounts');
    expect(JSON.stringify(body)).not.toContain('credentials-updater-probe');
  });

  const creation = { method: 'POST', path: /\/namespaces\/poolc-users\/serviceaccounts$/ };
  const probes = async ({ kubectl }: Desk) =>
    (await kubectl('-n', 'poolc-users', 'get', 'serviceaccounts', '-o', 'name'))
      .split('\n')
      .filter((name) => name.includes('credentials-updater-probe-'));

  it('goes on with its account where the answer to its creation was lost, and removes it', async () => {
    await using wire = await openWire(deskOf());
    const lost = wire.proxy.addFault({ ...creation, nth: 1 }, { kind: 'commit-then-drop' });
    const report = await deskOf().preflight(['--probe'], { env: wire.env });
    expect(lost.hits).toBe(1);
    expect(problems(report)).toEqual({});
    expect(await probes(deskOf())).toEqual([]);
  });

  it('removes its account where no answer to its creation says so', async () => {
    await using wire = await openWire(deskOf());
    const unwanted = { kind: 'rewrite', change: (answer: Answer) => ({ ...answer, body: Buffer.from('{}') }) } as const;
    const spoilt = wire.proxy.addFault(creation, unwanted);
    const report = await deskOf().preflight(['--probe'], { env: wire.env });
    expect(spoilt.hits).toBeGreaterThan(0);
    expect(said(report, 'probe').status).not.toBe('ok');
    expect(await probes(deskOf())).toEqual([]);
  });

  it('removes its account where it is stopped before it learns that there is one', async () => {
    await using wire = await openWire(deskOf());
    const never = { kind: 'hold', until: new Promise(() => undefined), answered: true } as const;
    const held = wire.proxy.addFault(creation, never);
    const hasOne = async () => {
      await held.hit;
      await expect.poll(() => probes(deskOf()), { timeout: 60_000 }).toHaveLength(1);
    };
    const made = hasOne();
    const stopped = await deskOf().command(['preflight', '--probe'], {
      env: wire.env,
      onStart: (running) => void made.then(() => running.kill('SIGINT')),
    });
    await made;
    expect(stopped.exitCode).toBe(130);
    expect(await probes(deskOf())).toEqual([]);
  });

  it("takes no account for its own that isn't a probe's, and leaves that one alone", async () => {
    const { kubectl, preflight } = deskOf();
    await using wire = await openWire(deskOf());
    const go = Promise.withResolvers<void>();
    const first = wire.proxy.addFault(creation, { kind: 'hold', until: go.promise, answered: false });
    const running = preflight(['--probe'], { env: wire.env });
    const { metadata } = namedSchema.parse(JSON.parse((await first.hit).body.toString()));
    await kubectl('-n', 'poolc-users', 'create', 'serviceaccount', metadata.name);
    onTestFinished(async () => void (await kubectl('-n', 'poolc-users', 'delete', 'serviceaccount', metadata.name)));
    go.resolve();
    expect(said(await running, 'probe').text).toContain(`${metadata.name} was created by someone else meanwhile`);
    expect(await probes(deskOf())).toEqual([`serviceaccount/${metadata.name}`]);
  });

  it('takes the reader as the choice of the club, and no more than it', async () => {
    const { shell, preflight, kubectl } = deskOf();
    onTestFinished(async () => void (await shell('kubectl delete -k deploy/policies/reader')));
    await shell('kubectl apply -k deploy/policies/reader');
    const report = await preflight(['--probe']);
    expect(problems(report)).toEqual({});
    expect(said(report, 'member-role').text).toMatch(/and read what poolc-member-reader says, no more$/);
    const more = [
      { op: 'add', path: '/rules/-', value: { apiGroups: [''], resources: ['configmaps'], verbs: ['list'] } },
    ];
    await kubectl('patch', 'clusterrole/poolc-member-reader', '--type=json', '-p', JSON.stringify(more));
    const after = await preflight(['--probe']);
    expect(problems(after)).toEqual({ 'member-role': 'warning', probe: 'failed' });
    expect(said(after, 'member-role').text).toMatch(/every member may list configmaps cluster-wide/);
    expect(said(after, 'probe').text).toMatch(/a fresh member may, and must not: list everybody's ConfigMaps/);
  });
}

/** Alice's, with what each comes with. */
async function giveNamespace({ cluster, kubectl }: Desk, namespace: string): Promise<void> {
  await kubectl('create', 'namespace', namespace);
  onTestFinished(() => removeNamespace(cluster, namespace));
  await kubectl('label', 'namespace', namespace, 'poolc.org/owner=alice');
  // There is no controller here that would make it, or fill the role `admin`.
  await kubectl('-n', namespace, 'create', 'serviceaccount', 'default');
  await kubectl('-n', namespace, 'create', 'role', 'owner', '--verb=create', '--resource=configmaps');
  await kubectl(
    '-n',
    namespace,
    'create',
    'rolebinding',
    'owner',
    '--role=owner',
    '--serviceaccount=poolc-users:alice',
  );
  for (const file of ['limits', 'quota', 'store'])
    await kubectl('apply', '-n', namespace, '-f', `deploy/policies/namespace-contents/${file}.yaml`);
  await countQuotas({ cluster, kubectl }, namespace);
}

const namedSchema = z.object({ metadata: z.object({ name: z.string() }) });

const quotasSchema = z.object({
  items: z.array(
    z.object({ metadata: z.object({ name: z.string() }), spec: z.object({ hard: z.record(z.string(), z.string()) }) }),
  ),
});

/** As the controller of quotas does: nothing is used yet. */
async function countQuotas({ cluster, kubectl }: Pick<Desk, 'cluster' | 'kubectl'>, namespace: string): Promise<void> {
  const { items } = quotasSchema.parse(
    JSON.parse(await kubectl('-n', namespace, 'get', 'resourcequotas', '-o', 'json')),
  );
  for (const { metadata, spec } of items) {
    const used = Object.fromEntries(Object.keys(spec.hard).map((resource) => [resource, '0']));
    const { status } = await cluster.request(
      'PATCH',
      `/api/v1/namespaces/${namespace}/resourcequotas/${metadata.name}/status`,
      { status: { hard: spec.hard, used } },
    );
    expect(status).toBe(200);
  }
}

/** The names and versions of all that an attempt could have made or changed. */
async function everything({ kubectl }: Desk): Promise<string> {
  const kinds = [
    'namespaces,serviceaccounts,secrets,configmaps,pods,services,ingresses,persistentvolumeclaims,persistentvolumes',
    'deployments,roles,rolebindings,clusterroles,clusterrolebindings,certificatesigningrequests',
    'validatingadmissionpolicies,validatingadmissionpolicybindings,resourcequotas,nodes,cronjobs',
  ].join(',');
  const columns = 'KIND:.kind,NAMESPACE:.metadata.namespace,NAME:.metadata.name,VERSION:.metadata.resourceVersion';
  return kubectl('get', kinds, '--all-namespaces', '-o', `custom-columns=${columns}`);
}

/** The status of a dry-run. */
async function startPrivileged({ cluster }: Desk, namespace: string): Promise<number> {
  const { status } = await cluster.request('POST', `/api/v1/namespaces/${namespace}/pods?dryRun=All`, {
    metadata: { name: 'canary' },
    spec: { containers: [{ name: 'main', image: 'example.org/none', securityContext: { privileged: true } }] },
  });
  return status;
}
