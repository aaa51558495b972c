/** policies and kyverno, with the real Kyverno: whether it enforces, answers, and what happens when it doesn't. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { stringify } from 'yaml';
import { type Kyverno, startKyverno } from '../../dev/kyverno/index.ts';
import { describeExemptions } from './cases/exemptions.ts';
import { commandsOf, type Desk, openDesk, problems, runFixes, said } from './desk.ts';

/** Go builds Kyverno where it has never been built. */
const buildTimeoutMs = 1_200_000;
/** Kyverno takes some seconds to see a change, and to say that it is ready. */
const patience = { timeout: 90_000, interval: 1_000 };

let desk: Desk;
let kyverno: Kyverno;
beforeAll(async () => {
  desk = await openDesk({ controllerManager: true });
  kyverno = await startKyverno(desk.cluster, { onProgress: console.error });
  await desk.deploy('kyverno');
}, buildTimeoutMs);
afterAll(() => desk.close());

const untilGreen = async (): Promise<void> => {
  await expect.poll(async () => problems(await desk.preflight()), patience).toEqual({});
};
const untilSaid = async (check: string, text: RegExp): Promise<void> => {
  await expect.poll(async () => said(await desk.preflight(), check).text, patience).toMatch(text);
};
const patch = (policy: string, change: object) =>
  desk.kubectl('patch', 'clusterpolicy', policy, '--type=merge', '-p', JSON.stringify({ spec: change }));
const apply = async (object: object) => {
  const file = join(desk.directory, 'object.yaml');
  await writeFile(file, stringify(object));
  await desk.kubectl('apply', '-f', file);
};

it('says that it answers, and what would wait for it', async () => {
  await untilGreen();
  const report = await desk.preflight();
  expect(said(report, 'policies').text).toMatch(/^ok: \d+ policies enforce \(Kyverno's ClusterPolicies\)$/);
  expect(said(report, 'kyverno').text).toMatch(
    /^ok: Kyverno answers; while it doesn't, changes to .* are refused \(failurePolicy Fail, but for .*kube-system/,
  );
});

it('versions judges the image of its admission controller', async () => {
  const setImage = async (image: string) =>
    desk.kubectl('-n', 'kyverno', 'set', 'image', 'deployment/kyverno-admission-controller', `kyverno=${image}`);
  const deployed = await desk.kubectl(
    '-n',
    'kyverno',
    'get',
    'deployment/kyverno-admission-controller',
    '-o',
    'jsonpath={.spec.template.spec.containers[0].image}',
  );
  const saidOf = async (image: string) => {
    await setImage(image);
    return said(await desk.preflight(), 'versions');
  };
  onTestFinished(async () => void (await setImage(deployed)));
  expect(said(await desk.preflight(), 'versions').text).toMatch(
    /; Kyverno v1\.\d+\.\d+ is supported \(1\.15 to 1\.19\)$/,
  );
  expect(await saidOf(`mirror.example:5000/kyverno/kyverno:v1.14.4@sha256:${'0'.repeat(64)}`)).toEqual({
    status: 'warning',
    text: 'warning: Kyverno v1.14.4 is older than what this program is tested with (1.15 to 1.19): upgrade Kyverno to 1.15 or later',
  });
  expect((await saidOf('kyverno/kyverno:v1.20.0')).text).toContain(
    'Kyverno v1.20.0 is newer than what this program is tested with (1.15 to 1.19): after an upgrade, run preflight --probe',
  );
  expect((await saidOf('mirror.example:5000/kyverno/kyverno')).text).toMatch(
    /^unknown: which version of Kyverno runs, since its image is 'mirror\.example:5000\/kyverno\/kyverno': compare/,
  );
});

it('policies warns of an exception that is made from them', async () => {
  await apply({
    apiVersion: 'kyverno.io/v2',
    kind: 'PolicyException',
    metadata: { name: 'for-a-friend', namespace: 'poolc-system' },
    spec: {
      exceptions: [{ policyName: 'members-workloads', ruleNames: ['*'] }],
      match: { any: [{ resources: { kinds: ['Pod'], namespaces: ['friend-lab'] } }] },
    },
  });
  const report = await desk.preflight();
  expect(problems(report)).toEqual({ policies: 'warning' });
  expect(said(report, 'policies').text).toBe(
    'warning: the PolicyException for-a-friend in poolc-system makes exceptions from members-workloads',
  );
  await runFixes(desk, report);
  await untilGreen();
});

it('policies fails where one only audits, is switched off, or is passed over while Kyverno is down', async () => {
  await patch('members-services', { admission: false });
  await patch('members-access', { webhookConfiguration: { failurePolicy: 'Ignore' } });
  const audit = { op: 'replace', path: '/spec/rules/0/validate/failureAction', value: 'Audit' };
  await desk.kubectl('patch', 'clusterpolicy', 'members-workloads', '--type=json', '-p', JSON.stringify([audit]));
  await desk.kubectl('delete', 'clusterpolicy', 'members-ingresses');
  const report = await desk.preflight();
  const { status, text } = said(report, 'policies');
  expect(status).toBe('failed');
  expect(text).toContain('failed: missing: members-ingresses');
  expect(text).toContain('failed: members-services is switched off for admission');
  expect(text).toContain("failed: members-access is passed over while Kyverno doesn't answer (failurePolicy Ignore)");
  expect(text).toContain('failed: members-workloads only audits (failureAction Audit)');
  await untilSaid('kyverno', /^warning: while Kyverno doesn't answer, .* pass unchecked \(failurePolicy Ignore of /);
  for (const command of commandsOf(report, 'policies')) await desk.shell(command);
  await untilGreen();
});

describe("PKS's setting", () => {
  describeExemptions(() => desk);
});

it('kyverno fails while it does not answer', async () => {
  await kyverno.admissionController.stop({ abruptly: true });
  const report = await desk.preflight();
  expect(said(report, 'kyverno')).toEqual({
    status: 'failed',
    text: expect.stringMatching(/Kyverno does not answer: .*failed calling webhook/),
  });
  expect(commandsOf(report, 'kyverno')).toEqual([
    'kubectl -n kyverno rollout restart deployment/kyverno-admission-controller',
    'kubectl -n kyverno describe deployment/kyverno-admission-controller',
  ]);
  await kyverno.admissionController.start();
  await untilGreen();
});

it('kyverno is unknown to anyone who can neither see its Lease nor try a namespace', async () => {
  const webhooks = ['validatingwebhookconfigurations', 'mutatingwebhookconfigurations'];
  await desk.kubectl('create', 'clusterrole', 'reader', '--verb=list', `--resource=${webhooks.join(',')}`);
  await desk.kubectl('create', 'clusterrolebinding', 'reader', '--clusterrole=reader', '--user=reader');
  onTestFinished(async () => {
    await desk.kubectl('delete', 'clusterrole/reader', 'clusterrolebinding/reader');
  });
  const env = { KUBECONFIG: await desk.cluster.kubeconfigFor({ user: 'reader' }) };
  expect(said(await desk.preflight([], { env }), 'kyverno')).toEqual({
    status: 'unknown',
    text: expect.stringMatching(
      /unknown: whether Kyverno answers: no permission to read the Lease kyverno-health in kyverno/,
    ),
  });
});

it("policies tells the club's own from ours, and kyverno that nothing is registered", async () => {
  await kyverno.admissionController.stop({ abruptly: true });
  await desk.shell(
    'kubectl delete validatingwebhookconfigurations,mutatingwebhookconfigurations -l webhook.kyverno.io/managed-by=kyverno',
  );
  await desk.kubectl('delete', 'clusterpolicies', '--all');
  const none = await desk.preflight();
  expect(said(none, 'policies').text).toBe('failed: there are no policies for the members: RBAC alone holds them back');
  expect(commandsOf(none, 'policies')).toEqual(['kubectl apply -k deploy/policies/kyverno']);
  expect(said(none, 'kyverno').text).toBe(
    'failed: Kyverno is installed but has registered no webhooks: its admission controller does not run',
  );

  await apply({
    apiVersion: 'kyverno.io/v1',
    kind: 'ClusterPolicy',
    metadata: { name: 'restrict-members' },
    spec: {
      rules: [
        {
          name: 'pods',
          match: {
            any: [
              {
                resources: { kinds: ['Pod'] },
                subjects: [{ kind: 'Group', name: 'system:serviceaccounts:poolc-users' }],
              },
            ],
          },
          validate: { failureAction: 'Enforce', message: 'members start no pods', deny: {} },
        },
      ],
    },
  });
  expect(said(await desk.preflight(), 'policies').text).toMatch(
    /^warning: policies of the club's own name the members \(restrict-members\); --probe shows whether they are enough/,
  );
});
