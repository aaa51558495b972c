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
const noSystemPriority = refused(/The priority classes system-… would push the cluster’s own pods out/);

const hostPort = podSpec({}, { ports: [{ containerPort: 80, hostPort: 80 }] });

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
  attempt(pod(podSpec({ priorityClassName: 'system-node-critical' })), 'before all others', noSystemPriority),

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
  attempt(deployment(podSpec({ priorityClassName: 'system-cluster-critical' })), 'before all others', noSystemPriority),
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
  by('an operator', deployment(podSpec({}, privileged)), 'privileged', noPrivileged),
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
    does: "creates a privileged pod outside members' namespaces",
    call: create(pod(podSpec({}, privileged)), 'poolc-web'),
    expect: 'allowed',
  },
];

function attempt(object: KubernetesObject, what: string, expect: Attempt['expect']): Attempt {
  return by('alice', object, what, expect);
}

function by(as: Attempt['as'], object: KubernetesObject, what: string, expect: Attempt['expect']): Attempt {
  return { as, does: `creates a ${object.kind}, ${what}`, call: create(object, 'alice--lab'), expect };
}
