/** What a member can put into the cluster's own database: objects of a bounded size. How many is tried in store.ts above. */
import { type Attempt, create, lacksTheRight, patch, refused } from '../attempt.ts';
import { deployment, ingress, type KubernetesObject, namespace, podSpec, role, secret } from '../objects.ts';

const KIB = 1024;
const tooLarge = (kind: string, limit: number) =>
  refused(
    new RegExp(
      `This ${kind} is too large for the cluster’s own database: \\d+ bytes, and ${limit} are.*너무 큽니다`,
      's',
    ),
  );
const noEvents = refused(/Events in a member’s namespace are the cluster’s.*클러스터만 만듭니다/s);

const configMap = (data: Readonly<Record<string, string>>, metadata: object = {}): KubernetesObject => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name: 'data', ...metadata },
  data,
});
const withEnvironment = (bytes: number): KubernetesObject =>
  deployment(podSpec({}, { env: [{ name: 'DATA', value: 'x'.repeat(bytes) }] }), 'large');
const lease: KubernetesObject = {
  apiVersion: 'coordination.k8s.io/v1',
  kind: 'Lease',
  metadata: { name: 'large', annotations: { data: 'x'.repeat(100 * KIB) } },
};
const event: KubernetesObject = {
  apiVersion: 'v1',
  kind: 'Event',
  metadata: { name: 'mine' },
  involvedObject: { kind: 'Pod', name: 'debugged', namespace: 'alice--lab' },
  reason: 'Because',
};

export const storeAttempts: readonly Attempt[] = [
  inLab('stores 60 KiB in a ConfigMap', configMap({ text: 'x'.repeat(60 * KIB) }), 'allowed'),
  inLab('stores 70 KiB in a ConfigMap', configMap({ text: 'x'.repeat(70 * KIB) }), tooLarge('ConfigMap', 65536)),
  inLab('stores 900 KiB in a ConfigMap', configMap({ text: 'x'.repeat(900 * KIB) }), tooLarge('ConfigMap', 65536)),
  inLab('counts on three bytes a letter', configMap({ text: '가'.repeat(30 * KIB) }), tooLarge('ConfigMap', 65536)),
  inLab(
    'stores in thousands of small keys',
    configMap(Object.fromEntries(Array.from({ length: 5000 }, (_, index) => [`key-${index}`, '0123456789']))),
    tooLarge('ConfigMap', 65536),
  ),
  inLab(
    'stores in binary',
    { ...configMap({}), binaryData: { file: Buffer.alloc(60 * KIB).toString('base64') } },
    tooLarge('ConfigMap', 65536),
  ),
  inLab(
    'stores in a Secret',
    { ...secret('large'), stringData: { key: 'x'.repeat(60 * KIB) } },
    tooLarge('Secret', 65536),
  ),
  inLab('stores 10 KiB in a Deployment', withEnvironment(10 * KIB), 'allowed'),
  inLab('stores 20 KiB in a Deployment', withEnvironment(20 * KIB), tooLarge('Deployment', 16384)),
  inLab('stores 1.4 MB in a Deployment', withEnvironment(1_400_000), tooLarge('Deployment', 16384)),
  inLab('stores in the annotations of a Lease', lease, tooLarge('Lease', 16384)),
  inLab(
    'stores in the labels and annotations of a name that is made up',
    { ...configMap({}), metadata: { generateName: 'data-', annotations: { data: 'x'.repeat(200 * KIB) } } },
    tooLarge('ConfigMap', 65536),
  ),
  inLab(
    'stores in the rules of a Role',
    role(
      'large',
      Array.from({ length: 500 }, () => ({
        apiGroups: [''],
        resources: ['configmaps'],
        verbs: ['get', 'list', 'watch'],
      })),
    ),
    tooLarge('Role', 16384),
  ),
  inLab('posts an event', event, noEvents),
  {
    as: 'alice',
    does: 'posts an event of the newer kind',
    call: create(
      {
        apiVersion: 'events.k8s.io/v1',
        kind: 'Event',
        metadata: { name: 'mine' },
        eventTime: '2026-01-01T00:00:00.000000Z',
        reportingController: 'mine.example/robot',
        reportingInstance: 'robot',
        action: 'Look',
        reason: 'Because',
        type: 'Normal',
        regarding: { kind: 'Pod', name: 'debugged', namespace: 'alice--lab' },
      },
      'alice--lab',
    ),
    expect: noEvents,
    // Its role admin has only the older kind.
    onOldest: lacksTheRight,
  },
  {
    as: 'alice',
    does: 'creates a namespace with 200 KiB of annotations',
    call: create(namespace('alice--more', { annotations: { data: 'x'.repeat(200 * KIB) } })),
    expect: tooLarge('Namespace', 16384),
  },
  {
    as: 'alice',
    does: 'lets her namespace grow by its annotations',
    call: patch('Namespace/alice--lab', { metadata: { annotations: { data: 'x'.repeat(200 * KIB) } } }),
    expect: tooLarge('Namespace', 16384),
  },
  {
    as: 'alice',
    does: 'lets a Deployment grow',
    call: patch('Deployment/web', { metadata: { annotations: { data: 'x'.repeat(20 * KIB) } } }, 'alice--lab'),
    expect: tooLarge('Deployment', 16384),
  },
  {
    as: "alice's robot",
    does: 'stores 900 KiB in a ConfigMap',
    call: create(configMap({ text: 'x'.repeat(900 * KIB) }), 'alice--lab'),
    expect: tooLarge('ConfigMap', 65536),
  },
  {
    as: 'Argo CD',
    does: 'stores 900 KiB for a member',
    call: create(configMap({ text: 'x'.repeat(900 * KIB) }), 'alice--lab'),
    expect: tooLarge('ConfigMap', 65536),
  },
  {
    as: 'bob',
    does: 'stores 900 KiB where he may',
    call: create(configMap({ text: 'x'.repeat(900 * KIB) }), 'bob--lab'),
    expect: 'allowed',
  },
  {
    as: 'alice',
    does: 'allows her namespace large objects',
    call: patch('Namespace/alice--lab', { metadata: { labels: { 'poolc.org/allow-large-objects': 'true' } } }),
    expect: refused(/Only an operator changes these labels of a namespace.*poolc.org\/allow-large-objects/),
  },
  {
    as: 'Argo CD',
    does: 'posts an event',
    call: create(event, 'alice--lab'),
    expect: 'allowed',
  },
  {
    as: 'an operator',
    does: 'stores 900 KiB for a member',
    call: create(configMap({ text: 'x'.repeat(900 * KIB) }), 'alice--lab'),
    expect: 'allowed',
  },
  {
    as: 'alice',
    does: 'serves by an Ingress with a long annotation',
    call: create(ingress('alice--lab.internal.poolc', { annotations: { note: 'x'.repeat(20 * KIB) } }), 'alice--lab'),
    expect: tooLarge('Ingress', 16384),
  },
];

function inLab(does: string, object: KubernetesObject, expect: Attempt['expect']): Attempt {
  return { as: 'alice', does, call: create(object, 'alice--lab'), expect };
}
