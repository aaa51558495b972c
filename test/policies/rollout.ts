/** The policies' way into a cluster that members use already: audit, adopt, enforce. docs/policies.md tells it. */
import { existsSync } from 'node:fs';
import { beforeAll, describe, expect, it } from 'vitest';
import type { ControlPlane } from '../../dev/control-plane/index.ts';
import { type Call, create, patch } from './attempt.ts';
import { inForce } from './in-force.ts';
import {
  clusterRole,
  deployment,
  hostPath,
  ingress,
  type KubernetesObject,
  member,
  namespace,
  pod,
  podSpec,
  privileged,
  role,
  roleBinding,
  service,
  serviceAccount,
} from './objects.ts';
import { mint, operatorSession, until } from './people.ts';
import { runPolicies, runProgram } from './program.ts';
import { openSession, perform, type Session } from './session.ts';
import { apply, type Variant } from './variants.ts';

const BOTH = 'alice--both';
/** RBAC's names hold anything but `/` and `%`: an end of sed's command and a command of its own, and a terminal's title. */
const hostileNames = ['x|;e touch PWNED\n#', "$(touch PWNED)`touch PWNED`'\u001b]0;taken\u0007", '--all\u009b2J'];
/** What the policies' settings trust, but a member is admin in. */
const TRUSTED = 'cert-manager';
/** Was free once. */
const SOUNDS_TRUSTED = 'grafana-old';

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
      const printed = await runPolicies(controlPlane, 'adopt');
      expect(linesAbout('old-', printed)).toEqual([
        'old-data: belongs to bob',
        "old-odd: left alone: no member is admin there: it is not a member's, or its owner has left",
        "old-open: left alone: no member is admin there: it is not a member's, or its owner has left",
        "old-open: every member is admin there; such a binding can't be made anew",
        'old-shared: 2 members are admin there: choose its owner, the others keep their rights',
        '    kubectl label namespace/old-shared poolc.org/owner=alice',
        '    kubectl label namespace/old-shared poolc.org/owner=bob',
        'old-web: belongs to alice',
      ]);
      expect(printed).toMatch(
        /^kube-taken: left alone: its name is one of the cluster's own.* and alice is admin there/m,
      );
      expect(linesAbout('poolc-', printed)).toEqual([]);
      expect(printed).toMatch(/^Nothing was changed\. To label 3 namespaces: add --yes\.$/m);
      expect(await ownersNow(controlPlane)).not.toMatch(/^old-.* (alice|bob)$/m);
      expect(linesAbout(SOUNDS_TRUSTED, printed)).toEqual([`${SOUNDS_TRUSTED}: belongs to bob`]);
    });

    it('gives nobody a namespace that the policies trust by its name, and says who is admin there', async () => {
      expect(linesAbout(TRUSTED, await runPolicies(controlPlane, 'adopt'))).toEqual([
        expect.stringMatching(
          new RegExp(`^${TRUSTED}: left alone: its name is one of the cluster's own, and alice, bob is admin there`),
        ),
      ]);
    });

    it('adopts them when it may', async () => {
      expect(await runPolicies(controlPlane, 'adopt', '--yes')).toMatch(/^3 namespaces labelled with their owners\.$/m);
      const owners = await ownersNow(controlPlane);
      expect(owners).toMatch(/^old-web .* alice$/m);
      expect(owners).toMatch(/^old-data .* bob$/m);
      expect(owners).not.toMatch(/^kube-taken .* alice$/m);
      expect(await runPolicies(controlPlane, 'adopt', '--yes')).toMatch(/^There is nothing to adopt\.$/m);
    });

    it('says what would be refused, object by object', async () => {
      const printed = await runPolicies(controlPlane, 'would-refuse');
      expect(linesAbout('old-web', printed)).toEqual([
        expect.stringMatching(/^old-web Deployment\/strong \(alice\): .*Privileged containers are not allowed/),
        expect.stringMatching(/^old-web Pod\/strong \(alice\): .*Privileged containers are not allowed/),
        expect.stringMatching(/^old-web Service\/open \(alice\): .*Services of type NodePort are not allowed/),
        expect.stringMatching(/^old-web Ingress\/everything \(alice\): .*Every rule of an Ingress names its host/),
        expect.stringMatching(/^old-web RoleBinding\/everybody \(alice\): .*Only people and ServiceAccounts by name/),
        expect.stringMatching(/^old-web \(alice\): existing pods .* violate the new PodSecurity enforce level/),
        expect.stringMatching(/^old-web \(alice\): strong .*privileged/),
      ]);
    });

    it('says it of names that were chosen to hurt, runs nothing, and prints nothing that a terminal obeys', async () => {
      const printed = await runPolicies(controlPlane, 'would-refuse');
      const refused = linesAbout('old-data RoleBinding/', printed);
      expect(refused.map((line) => line.replace(/ \(bob\): .*/, ''))).toEqual([
        "old-data RoleBinding/$(touch PWNED)`touch PWNED`'\\u{1b}]0;taken\\u{7}",
        'old-data RoleBinding/--all\\u{9b}2J',
        'old-data RoleBinding/creator',
        'old-data RoleBinding/x|;e touch PWNED\\u{a}#',
      ]);
      expect(new Set(refused.map((line) => line.includes('The ClusterRole cluster-admin can’t be bound')))).toEqual(
        new Set([true]),
      );
      const { stdout } = await runProgram(controlPlane, ['policies', 'would-refuse', '--output', 'json']);
      expect(JSON.parse(stdout)).toMatchObject({
        refused: expect.arrayContaining(
          hostileNames.map((name) => expect.objectContaining({ object: `RoleBinding/${name}` })),
        ),
        untried: [],
      });
      for (const text of [printed, stdout]) expect(text.replaceAll('\n', '')).not.toMatch(/\p{Cc}/u);
      expect(existsSync('PWNED')).toBe(false);
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

    it('keeps an adopted namespace its owner’s whatever it is called, so that no pod in it gets at the node', async () => {
      await perform(operator, create(serviceAccount('robot'), SOUNDS_TRUSTED));
      const robot = { kind: 'ServiceAccount', name: 'robot', namespace: SOUNDS_TRUSTED } as const;
      await perform(
        operator,
        create(
          role('namespace-itself', [
            { apiGroups: [''], resources: ['namespaces', 'pods'], verbs: ['patch', 'create'] },
          ]),
          SOUNDS_TRUSTED,
        ),
      );
      await perform(
        operator,
        create(roleBinding('robot', { kind: 'Role', name: 'namespace-itself' }, robot), SOUNDS_TRUSTED),
      );
      const asRobot = openSession(controlPlane, await mint(operator, 'robot', SOUNDS_TRUSTED));
      const stripped = await asRobot(
        patch(`Namespace/${SOUNDS_TRUSTED}`, { metadata: { labels: { 'poolc.org/owner': null } } }),
      );
      expect(stripped.message).toMatch(/Only an administrator, no ServiceAccount/);
      const started = await asRobot(create(pod(podSpec(hostPath, privileged), 'escape'), SOUNDS_TRUSTED));
      expect(started.message).toMatch(/Privileged containers are not allowed/);
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
      ...hostileNames.map((name) => roleBinding(name, clusterRole('cluster-admin'), user('bob'))),
      deployment(undefined, 'weak'),
      service({}, 'closed'),
      ingress('old-data.internal.poolc', { name: 'data' }),
    ],
    'old-shared': [roleBinding('creators', admin, member('alice'), user('bob'))],
    'old-odd': [roleBinding('creator', admin, user('alice; touch /stolen'), user('$(touch /stolen)\nalice'))],
    'old-open': [roleBinding('creators', admin, members)],
    'kube-taken': [roleBinding('creator', admin, member('alice'))],
    [SOUNDS_TRUSTED]: [roleBinding('creator', admin, user('bob'))],
    [TRUSTED]: [roleBinding('creators', admin, member('alice'), user('bob'))],
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

async function ownersNow({ kubectl }: ControlPlane): Promise<string> {
  const { stdout } = await kubectl(['get', 'namespaces', '-L', 'poolc.org/owner', '--no-headers']);
  return stdout;
}

function linesAbout(what: string, printed: string): string[] {
  return printed.split('\n').filter((line) => line.includes(what));
}
