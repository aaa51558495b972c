/** The policies' way into a cluster that members use already: audit, adopt, enforce. docs/policies.md tells it. */
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import type { ControlPlane } from '../../dev/control-plane/index.ts';
import { policiesDirectory } from '../../dev/kyverno/index.ts';
import { type Call, create, patch } from './attempt.ts';
import { inForce } from './in-force.ts';
import {
  clusterRole,
  deployment,
  ingress,
  type KubernetesObject,
  member,
  namespace,
  pod,
  podSpec,
  privileged,
  roleBinding,
  service,
} from './objects.ts';
import { mint, operatorSession, until } from './people.ts';
import { openSession, perform, type Session } from './session.ts';
import { runShell } from './shell.ts';
import { apply, type Variant } from './variants.ts';

const BOTH = 'alice-both';

/** Ends with the policies enforcing. */
export function describeRollout(variant: Variant, controlPlaneOf: () => ControlPlane): void {
  describe('brought to a cluster in use', () => {
    let controlPlane: ControlPlane;
    let operator: Session;
    let alice: Session;

    beforeAll(async () => {
      controlPlane = controlPlaneOf();
      operator = operatorSession(controlPlane);
      alice = openSession(controlPlane, await mint(operator, 'alice', 'poolc-users'));
      await setUpOldNamespaces(operator);
      await apply(controlPlane, variant.auditing);
      await inForce(controlPlane, variant, 'auditing');
    });

    it('refuses nothing while it audits', async () => {
      const answers = [
        await alice(create(service({ type: 'NodePort' }, 'another'), 'old-web'), { dryRun: true }),
        await alice(create(namespace('kube-alice')), { dryRun: true }),
      ];
      expect(answers.map(({ status }) => status)).toEqual([201, 201]);
    });

    it('finds the owners from the RoleBindings, leaves to an operator what is not clear, and takes no bait', async () => {
      const printed = await runScript(controlPlane, 'adopt.sh');
      expect(linesAbout('old-', printed)).toEqual([
        'kubectl label namespace old-data poolc.org/owner=bob',
        "# old-odd: no member is admin there; not a member's, or its owner has left",
        "# old-open: no member is admin there; not a member's, or its owner has left",
        "# old-open: every member is admin there; such a binding can't be made anew",
        '# old-shared has 2 admins; one of them is to own it, the others keep their RoleBindings:',
        '# kubectl label namespace old-shared poolc.org/owner=alice',
        '# kubectl label namespace old-shared poolc.org/owner=bob',
        'kubectl label namespace old-web poolc.org/owner=alice',
      ]);
      expect(linesAbout('poolc-', printed)).toEqual([]);
    });

    it('adopts them when what was printed is run', async () => {
      await runShell(controlPlane, await runScript(controlPlane, 'adopt.sh'));
      const { stdout } = await controlPlane.kubectl(['get', 'namespaces', '-L', 'poolc.org/owner', '--no-headers']);
      expect(stdout).toMatch(/^old-web .* alice$/m);
      expect(stdout).toMatch(/^old-data .* bob$/m);
      expect(linesAbout('kubectl label', await runScript(controlPlane, 'adopt.sh'))).toHaveLength(2);
    });

    it('says what would be refused, object by object', async () => {
      const printed = await runScript(controlPlane, 'would-refuse.sh');
      expect(linesAbout('old-web', printed)).toEqual([
        expect.stringMatching(/^old-web Deployment\/strong: Warning: .*Privileged containers are not allowed/),
        expect.stringMatching(/^old-web Pod\/strong: Warning: .*Privileged containers are not allowed/),
        expect.stringMatching(/^old-web Service\/open: Warning: .*Services of type NodePort are not allowed/),
        expect.stringMatching(/^old-web Ingress\/everything: Warning: .*Every rule of an Ingress names its host/),
        expect.stringMatching(/^old-web RoleBinding\/everybody: Warning: .*Only people and ServiceAccounts by name/),
        expect.stringMatching(
          /^Warning: existing pods in namespace "old-web" violate the new PodSecurity enforce level/,
        ),
      ]);
      expect(linesAbout('old-data', printed)).toEqual([
        expect.stringMatching(
          /^old-data RoleBinding\/creator: Warning: .*The ClusterRole cluster-admin can’t be bound/,
        ),
      ]);
    });

    it('gives each adopted namespace what new ones come with, once it enforces', async () => {
      await apply(controlPlane, variant.enforcing);
      await inForce(controlPlane, variant, 'enforcing');
      await variant.provide(controlPlane);
      const expected = ['old-web', 'old-data'].flatMap((name) =>
        ['rolebinding/namespace-owner', 'quota/namespace-quota', 'limits/namespace-limits'].map((object) => [
          'get',
          object,
          '-n',
          name,
        ]),
      );
      const found = (): Promise<number[]> =>
        Promise.all(expected.map(async (get) => (await controlPlane.kubectl(get)).exitCode));
      await expect.poll(found, { timeout: 120_000 }).toEqual(expected.map(() => 0));
    });

    describe('lets what was there go on', () => {
      it.each<{ what: string; call: Call }>([
        {
          what: 'a privileged Deployment is scaled',
          call: patch('Deployment/strong', { spec: { replicas: 2 } }, 'old-web'),
        },
        {
          what: 'a NodePort gets a label',
          call: patch('Service/open', { metadata: { labels: { tier: 'web' } } }, 'old-web'),
        },
        {
          what: 'a NodePort gets another port',
          call: patch('Service/open', { spec: { ports: [{ port: 81 }] } }, 'old-web'),
        },
        {
          what: 'an Ingress without a host gets a label',
          call: patch('Ingress/everything', { metadata: { labels: { tier: 'web' } } }, 'old-web'),
        },
        {
          what: 'a RoleBinding to a group gets a label',
          call: patch('RoleBinding/everybody', { metadata: { labels: { tier: 'web' } } }, 'old-web'),
        },
      ])('$what', async ({ call }) => {
        const { status, message } = await alice(call, { dryRun: true });
        expect(message).toBe('');
        expect(status).toBe(200);
      });
    });

    it.runIf(variant.needsKyverno)("stands beside the club's own policies", async () => {
      await using _ = await clubsOwnPolicy(controlPlane);
      await perform(alice, create(namespace(BOTH)));
      const bindings = async (): Promise<string> => {
        const { stdout } = await controlPlane.kubectl(['get', 'rolebindings', '-n', BOTH, '--output', 'name']);
        return stdout;
      };
      await expect.poll(bindings, { timeout: 60_000 }).toMatch(/\/clubs-creator[^]*\/namespace-owner/);
    });

    it('lets nothing of the kind be made anew', async () => {
      const answers = [
        await alice(create(deployment(podSpec({}, privileged)), 'old-web'), { dryRun: true }),
        await alice(create(service({ type: 'NodePort' }), 'old-web'), { dryRun: true }),
        await alice(create(ingress(undefined), 'old-web'), { dryRun: true }),
      ];
      expect(answers.map(({ status }) => status >= 400)).toEqual([true, true, true]);
    });
  });
}

/** A stand-in for what a club has already: the creator of a namespace is made its admin. Taken away at the end. */
async function clubsOwnPolicy({ kubectl }: ControlPlane): Promise<AsyncDisposable> {
  const creator = '{{ serviceAccountName }}';
  const rights = {
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'ClusterRole',
    metadata: { name: 'clubs-kyverno', labels: { 'rbac.kyverno.io/aggregate-to-background-controller': 'true' } },
    rules: [
      {
        apiGroups: ['rbac.authorization.k8s.io'],
        resources: ['clusterroles'],
        resourceNames: ['admin'],
        verbs: ['bind'],
      },
    ],
  };
  const policy = {
    apiVersion: 'kyverno.io/v1',
    kind: 'ClusterPolicy',
    metadata: { name: 'clubs-creator' },
    spec: {
      background: false,
      rules: [
        {
          name: 'creator',
          match: { any: [{ resources: { kinds: ['Namespace'], operations: ['CREATE'] } }] },
          generate: {
            apiVersion: 'rbac.authorization.k8s.io/v1',
            kind: 'RoleBinding',
            name: 'clubs-creator',
            namespace: '{{ request.object.metadata.name }}',
            synchronize: false,
            data: {
              roleRef: { apiGroup: 'rbac.authorization.k8s.io', ...clusterRole('admin') },
              subjects: [member(creator)],
            },
          },
        },
      ],
    },
  };
  const input = JSON.stringify({ apiVersion: 'v1', kind: 'List', items: [rights, policy] });
  await until("the club's policy", async () => (await kubectl(['apply', '-f', '-'], { input })).exitCode === 0);
  await until("the club's policy to be ready", async () => {
    const { stdout } = await kubectl(['get', 'clusterpolicy', 'clubs-creator', '--no-headers']);
    return stdout.includes('Ready');
  });
  return {
    async [Symbol.asyncDispose]() {
      await kubectl(['delete', '-f', '-'], { input });
    },
  };
}

/** As the club's members have them today: admin by a RoleBinding, and no rules for what is in them. */
async function setUpOldNamespaces(operator: Session): Promise<void> {
  const user = (name: string) => ({ kind: 'User', name: `system:serviceaccount:poolc-users:${name}` }) as const;
  const members = { kind: 'Group', name: 'system:serviceaccounts:poolc-users' } as const;
  const admin = clusterRole('admin');
  const objects: Readonly<Record<string, readonly KubernetesObject[]>> = {
    'old-web': [
      roleBinding('creator', admin, member('alice')),
      roleBinding('everybody', clusterRole('view'), members),
      roleBinding('helper', clusterRole('edit'), member('bob')),
      deployment(podSpec({}, privileged), 'strong'),
      deployment(undefined, 'weak'),
      pod(podSpec({}, privileged), 'strong'),
      service({ type: 'NodePort' }, 'open'),
      service({}, 'closed'),
      ingress(undefined, { name: 'everything' }),
    ],
    'old-data': [
      roleBinding('creator', clusterRole('cluster-admin'), user('bob')),
      deployment(undefined, 'weak'),
      service({}, 'closed'),
      ingress('old-data.pks.example', { name: 'data' }),
    ],
    'old-shared': [roleBinding('creators', admin, member('alice'), user('bob'))],
    'old-odd': [roleBinding('creator', admin, user('alice; touch /stolen'), user('$(touch /stolen)\nalice'))],
    'old-open': [roleBinding('creators', admin, members)],
  };
  for (const [name, contents] of Object.entries(objects)) {
    await perform(operator, create(namespace(name)));
    await until(`the ServiceAccount of ${name}`, async () => {
      const { status } = await operator({ method: 'GET', path: `/api/v1/namespaces/${name}/serviceaccounts/default` });
      return status === 200;
    });
    for (const object of contents) await perform(operator, create(object, name));
  }
}

function runScript(controlPlane: ControlPlane, name: string): Promise<string> {
  return runShell(controlPlane, `"${join(policiesDirectory, 'rollout', name)}"`);
}

function linesAbout(what: string, printed: string): string[] {
  return printed.split('\n').filter((line) => line.includes(what));
}
