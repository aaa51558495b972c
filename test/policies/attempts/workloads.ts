/** Workloads: the rules hold for the namespace, no matter where the workload comes from. */
import { type Attempt, create, itemPath, patch, podSecurity, refused } from '../attempt.ts';
import {
  cronJob,
  daemonSet,
  deployment,
  hostPath,
  job,
  type KubernetesObject,
  pod,
  podSpec,
  privileged,
  replicationController,
  statefulSet,
} from '../objects.ts';

const noPrivileged = refused(/Privileged containers are not allowed in members’ namespaces.*특권/s);
const noHostPath = refused(/hostPath volumes are not allowed in members’ namespaces.*hostPath 볼륨/s);
const noHostNamespaces = refused(/The node’s network, processes and IPC are not for members’ pods.*hostNetwork/s);
const noHostPort = refused(/Ports of the node are not for members’ pods.*노드의 포트/s);
const noPriority = (name: string) =>
  refused(new RegExp(`The priority class ${name} would push other people’s pods out.*허락되지 않은 우선순위`, 's'));
const noVolume = refused(/These volumes are of a kind that the node itself mounts.*: share\..*노드가 직접 마운트/s);
const noNames = refused(/These annotations of pods claim names of the network: external-dns.*external-dns 주석/s);

const hostPort = podSpec({}, { ports: [{ containerPort: 80, hostPort: 80 }] });

/** The node mounts these from wherever the pod says. */
const mountedByTheNode = {
  nfs: { server: '192.0.2.1', path: '/' },
  iscsi: { targetPortal: '192.0.2.1:3260', iqn: 'iqn.2001-04.com.example:disk', lun: 0 },
  cephfs: { monitors: ['192.0.2.1:6789'] },
  rbd: { monitors: ['192.0.2.1:6789'], image: 'disk' },
  flexVolume: { driver: 'example/driver' },
  fc: { targetWWNs: ['500a0982991b8dc5'], lun: 0 },
  csi: { driver: 'inline.csi.example' },
} as const;
const mountedByClaim = {
  emptyDir: {},
  configMap: { name: 'settings' },
  secret: { secretName: 'settings' },
  persistentVolumeClaim: { claimName: 'data' },
  projected: { sources: [{ configMap: { name: 'settings' } }] },
  ephemeral: {
    volumeClaimTemplate: {
      spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } },
    },
  },
} as const;
const externalDns = { 'external-dns.alpha.kubernetes.io/hostname': 'www.internal.poolc' } as const;

const withVolume = (source: Readonly<Record<string, unknown>>) => podSpec({ volumes: [{ name: 'share', ...source }] });
const annotated = (object: KubernetesObject): KubernetesObject => ({
  ...object,
  metadata: { ...object.metadata, annotations: externalDns },
});

export const workloadAttempts: readonly Attempt[] = [
  ...[pod(), deployment(), statefulSet(), daemonSet(), job(), cronJob(), replicationController()].map(
    (object): Attempt => attempt(object, 'ordinary', 'allowed'),
  ),

  attempt(
    pod(podSpec({}, privileged)),
    'privileged',
    podSecurity(/violates PodSecurity "baseline:latest": privileged/),
  ),
  attempt(pod(podSpec(hostPath)), 'with a hostPath', podSecurity(/violates PodSecurity "baseline:latest": hostPath/)),
  attempt(
    pod(podSpec({ hostNetwork: true })),
    "in the node's network",
    podSecurity(/violates PodSecurity "baseline:latest": host namespaces \(hostNetwork=true\)/),
  ),
  attempt(pod(hostPort), 'with a port of the node', podSecurity(/violates PodSecurity "baseline:latest": hostPort/)),
  attempt(
    pod(podSpec({}, { securityContext: { capabilities: { add: ['SYS_ADMIN'] } } })),
    'with SYS_ADMIN',
    podSecurity(/violates PodSecurity "baseline:latest": non-default capabilities/),
  ),
  attempt(
    pod(podSpec({ priorityClassName: 'system-node-critical' })),
    'before all others',
    noPriority('system-node-critical'),
  ),

  attempt(deployment(podSpec({}, privileged)), 'privileged', noPrivileged),
  attempt(
    deployment(podSpec({ initContainers: [{ name: 'first', image: 'registry.example/app', ...privileged }] })),
    'with a privileged init container',
    noPrivileged,
  ),
  attempt(deployment(podSpec(hostPath)), 'with a hostPath', noHostPath),
  attempt(deployment(podSpec({ hostNetwork: true })), "in the node's network", noHostNamespaces),
  attempt(deployment(podSpec({ hostPID: true })), 'that sees processes of the node', noHostNamespaces),
  attempt(deployment(podSpec({ hostIPC: true })), "in the node's IPC", noHostNamespaces),
  attempt(deployment(hostPort), 'with a port of the node', noHostPort),
  attempt(
    deployment(podSpec({ priorityClassName: 'system-cluster-critical' })),
    'before all others',
    noPriority('system-cluster-critical'),
  ),
  attempt(deployment(podSpec({ priorityClassName: 'high' })), "before other members'", noPriority('high')),
  attempt(cronJob(podSpec({ priorityClassName: 'high' })), "before other members'", noPriority('high')),
  ...Object.entries(mountedByTheNode).map(([kind, source]) =>
    attempt(deployment(withVolume({ [kind]: source })), `with a volume of the kind ${kind}`, noVolume),
  ),
  attempt(pod(withVolume({ nfs: { server: '192.0.2.1', path: '/' } })), 'with a volume of the kind nfs', noVolume),
  ...Object.entries(mountedByClaim).map(([kind, source]) =>
    attempt(deployment(withVolume({ [kind]: source })), `with a volume of the kind ${kind}`, 'allowed'),
  ),
  attempt(annotated(pod()), 'with a name of the network', noNames),
  attempt(deployment(undefined, 'app', externalDns), 'with a name of the network', noNames),
  {
    as: 'alice',
    does: 'gives a running pod a name of the network',
    call: patch('Pod/debugged', { metadata: { annotations: externalDns } }, 'alice--lab'),
    expect: noNames,
  },
  {
    as: 'alice',
    does: 'annotates a running pod otherwise',
    call: patch('Pod/debugged', { metadata: { annotations: { note: 'mine' } } }, 'alice--lab'),
    expect: 'allowed',
  },
  attempt(statefulSet(podSpec(hostPath)), 'with a hostPath', noHostPath),
  attempt(daemonSet(podSpec({ hostNetwork: true })), "in the node's network", noHostNamespaces),
  attempt(job(podSpec({}, privileged)), 'privileged', noPrivileged),
  attempt(cronJob(podSpec(hostPath)), 'with a hostPath', noHostPath),
  attempt(replicationController(podSpec({}, privileged)), 'privileged', noPrivileged),

  {
    as: 'alice',
    does: 'turns a running Deployment privileged',
    call: patch('Deployment/web', { spec: { template: { spec: podSpec({}, privileged) } } }, 'alice--lab'),
    expect: noPrivileged,
  },
  {
    as: 'alice',
    does: 'scales a Deployment',
    call: patch('Deployment/web', { spec: { replicas: 2 } }, 'alice--lab'),
    expect: 'allowed',
  },
  {
    as: 'alice',
    does: 'debugs a pod with a privileged container',
    call: {
      method: 'PATCH',
      path: `${itemPath('Pod/debugged', 'alice--lab')}/ephemeralcontainers`,
      body: { spec: { ephemeralContainers: [{ name: 'debug', image: 'registry.example/sh', ...privileged }] } },
    },
    expect: podSecurity(/violates PodSecurity "baseline:latest": privileged/),
  },

  // Where the namespace has lost its Pod Security label, or never had it.
  {
    as: 'alice',
    does: 'creates a privileged pod where Pod Security is missing',
    call: create(pod(podSpec({}, privileged)), 'alice-old'),
    expect: noPrivileged,
  },
  {
    as: 'alice',
    does: 'debugs a pod with a privileged container where Pod Security is missing',
    call: {
      method: 'PATCH',
      path: `${itemPath('Pod/debugged', 'alice-old')}/ephemeralcontainers`,
      body: { spec: { ephemeralContainers: [{ name: 'debug', image: 'registry.example/sh', ...privileged }] } },
    },
    expect: noPrivileged,
  },

  // It doesn't matter who asks.
  by("alice's robot", deployment(), 'ordinary', 'allowed'),
  by("alice's robot", deployment(podSpec({}, privileged)), 'privileged', noPrivileged),
  by("alice's robot by its token Secret", deployment(podSpec(hostPath)), 'with a hostPath', noHostPath),
  by(
    "alice's robot by its token Secret",
    pod(podSpec({}, privileged)),
    'privileged',
    podSecurity(/violates PodSecurity/),
  ),
  by('bob', deployment(), 'ordinary', 'allowed'),
  by('bob', deployment(podSpec({ hostNetwork: true })), "in the node's network", noHostNamespaces),
  by('Argo CD', deployment(podSpec({}, privileged)), 'privileged', noPrivileged),
  { ...by('an operator', deployment(podSpec({}, privileged)), 'privileged', noPrivileged), onOldest: 'allowed' },
  {
    as: "a leaver's robot",
    does: 'creates a privileged Deployment in the namespace that was left',
    call: create(deployment(podSpec({}, privileged)), 'leaver-lab'),
    expect: noPrivileged,
  },
  {
    as: 'a robot in grafana-mallory',
    does: "creates a pod that mounts the node's disk",
    call: create(pod(podSpec(hostPath, privileged)), 'grafana-mallory'),
    expect: noPrivileged,
  },
  {
    as: 'an operator',
    does: "creates a privileged pod in one of the cluster's own namespaces",
    call: create(pod(podSpec({}, privileged)), 'monitoring'),
    expect: 'allowed',
  },
  {
    as: 'Argo CD',
    does: "creates a Deployment with a hostPath in one of the cluster's own namespaces",
    call: create(deployment(podSpec(hostPath)), 'monitoring'),
    expect: 'allowed',
  },

  // Made by Argo CD for whoever shares its account, or forgotten in the settings: nobody's, and not the cluster's own.
  ...[
    { object: deployment(), what: 'ordinary', expect: 'allowed' as const },
    { object: pod(podSpec({}, privileged)), what: 'privileged', expect: noPrivileged },
    { object: deployment(podSpec({}, privileged)), what: 'privileged', expect: noPrivileged },
    { object: daemonSet(podSpec(hostPath)), what: 'with a hostPath', expect: noHostPath },
    { object: job(podSpec({ hostNetwork: true })), what: "in the node's network", expect: noHostNamespaces },
    { object: deployment(hostPort), what: 'with a port of the node', expect: noHostPort },
    { object: deployment(podSpec({ priorityClassName: 'high' })), what: "before members'", expect: noPriority('high') },
    { object: statefulSet(withVolume({ csi: { driver: 'x' } })), what: 'with a volume of a driver', expect: noVolume },
    { object: deployment(undefined, 'app', externalDns), what: 'with a name of the network', expect: noNames },
  ].map(
    ({ object, what, expect }): Attempt => ({
      as: 'Argo CD',
      does: `creates a ${object.kind}, ${what}, in a namespace that is nobody's`,
      call: create(object, 'poolc-web'),
      expect,
      // Every pod of the cluster would wait for Kyverno while it is down.
      except: { 'kyverno-cel': 'allowed' },
    }),
  ),
];

function attempt(object: KubernetesObject, what: string, expect: Attempt['expect']): Attempt {
  return by('alice', object, what, expect);
}

function by(as: Attempt['as'], object: KubernetesObject, what: string, expect: Attempt['expect']): Attempt {
  return { as, does: `creates a ${object.kind}, ${what}`, call: create(object, 'alice--lab'), expect };
}
