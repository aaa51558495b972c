/**
 * What must be refused in a member's namespace. Its owner tries, who has all rights there; each is a dry-run, which
 * policies and quotas see as any other request.
 */
import { type Attempt, create, dryRun, nowhere, rbac } from './attempt.ts';

export interface ProbedNamespace {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  /** A host that it has by its own name. */
  readonly ownHost: string;
  /** Hosts that are not this namespace's, each with the words for it. */
  readonly foreignHosts: readonly { readonly host: string; readonly does: string }[];
}

export function attemptsInMembersNamespace(probed: ProbedNamespace): Attempt[] {
  return [...onPods(probed), ...onServices(probed), ...onIngresses(probed), ...onAccess(probed), ...onAmounts(probed)];
}

function onPods({ name: namespace }: ProbedNamespace): Attempt[] {
  const pod = (does: string, spec: object, container: object = {}): Attempt =>
    refusedByPolicies(does, `/api/v1/namespaces/${namespace}/pods`, podObject(spec, container));
  return [
    pod('start privileged pods', {}, { securityContext: { privileged: true } }),
    pod("mount the node's disk in a pod", { volumes: [{ name: 'disk', hostPath: { path: '/' } }] }),
    pod("use the node's network in a pod", { hostNetwork: true }),
    pod("take the node's ports in a pod", {}, { ports: [{ containerPort: 80, hostPort: 80 }] }),
    refusedByPolicies('start privileged Deployments', `/apis/apps/v1/namespaces/${namespace}/deployments`, {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name: nowhere },
      spec: {
        selector: { matchLabels: { app: nowhere } },
        template: {
          metadata: { labels: { app: nowhere } },
          spec: { containers: [{ name: 'main', image: 'example.org/none', securityContext: { privileged: true } }] },
        },
      },
    }),
  ];
}

function onServices({ name: namespace, labels }: ProbedNamespace): Attempt[] {
  const service = (does: string, spec: object, annotations: Record<string, string> = {}): Attempt =>
    refusedByPolicies(does, `/api/v1/namespaces/${namespace}/services`, {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: nowhere, annotations },
      spec: { ports: [{ port: 80 }], ...spec },
    });
  return [
    // An operator may have allowed it in this one.
    ...(labels['poolc.org/allow-external-services'] === 'true'
      ? []
      : [service('open ports on every node (NodePort)', { type: 'NodePort' })]),
    service("catch other people's traffic (externalIPs)", { externalIPs: ['192.0.2.1'] }),
    service(
      "make names in the club's DNS (external-dns)",
      {},
      { 'external-dns.alpha.kubernetes.io/hostname': 'www.example.org' },
    ),
  ];
}

function onIngresses({ name: namespace, ownHost, foreignHosts }: ProbedNamespace): Attempt[] {
  const ingress = (does: string, spec: object, annotations: Record<string, string> = {}): Attempt =>
    refusedByPolicies(does, `/apis/networking.k8s.io/v1/namespaces/${namespace}/ingresses`, {
      apiVersion: 'networking.k8s.io/v1',
      kind: 'Ingress',
      metadata: { name: nowhere, annotations },
      spec,
    });
  const backend = { service: { name: nowhere, port: { number: 80 } } };
  const rule = (host: string): object => ({ host, http: { paths: [{ path: '/', pathType: 'Prefix', backend }] } });
  return [
    ingress("catch everybody's hosts (an Ingress without one)", { defaultBackend: backend }),
    ingress("catch other members' hosts (a wildcard)", { rules: [rule('*.example.org')] }),
    ...foreignHosts.map(({ host, does }) => ingress(does, { rules: [rule(host)] })),
    ingress(
      "put code into everybody's ingress controller (a snippet)",
      { rules: [rule(ownHost)] },
      {
        'nginx.ingress.kubernetes.io/server-snippet': 'return 200;',
      },
    ),
    ingress("stop everybody's Ingresses with one of 200 rules", {
      rules: Array.from({ length: 200 }, () => rule(ownHost)),
    }),
  ];
}

function onAccess({ name: namespace }: ProbedNamespace): Attempt[] {
  const binding = (does: string, role: string, subject: object): Attempt =>
    refusedByPolicies(does, `${rbac}/namespaces/${namespace}/rolebindings`, {
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'RoleBinding',
      metadata: { name: nowhere },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: role },
      subjects: [subject],
    });
  const everybody = { apiGroup: 'rbac.authorization.k8s.io', kind: 'Group', name: 'system:authenticated' };
  return [
    binding('bind cluster-admin', 'cluster-admin', { kind: 'ServiceAccount', name: nowhere, namespace }),
    binding('let everybody in', 'view', everybody),
  ];
}

/** More than one member may have: of the cluster's own database, of its nodes and its disks. */
function onAmounts({ name: namespace, labels }: ProbedNamespace): Attempt[] {
  const core = `/api/v1/namespaces/${namespace}`;
  const refusedByQuota = (does: string, path: string, body: object): Attempt => ({
    ...create(does, `${path}${dryRun}`, body),
    by: 'quota',
  });
  const large: Attempt = {
    ...refusedByPolicies("fill the cluster's database (a ConfigMap of 500 KB)", `${core}/configmaps`, {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: nowhere },
      data: { text: 'x'.repeat(500_000) },
    }),
    onlyServiceAccounts: true,
  };
  return [
    ...(labels['poolc.org/allow-large-objects'] === 'true' ? [] : [large]),
    refusedByQuota(
      'take every node (a pod that asks for 100,000 processors)',
      `${core}/pods`,
      podObject({}, { resources: { requests: { cpu: '100000' }, limits: { cpu: '100000' } } }),
    ),
    refusedByQuota('take every disk (a volume of 1 PiB)', `${core}/persistentvolumeclaims`, {
      apiVersion: 'v1',
      kind: 'PersistentVolumeClaim',
      metadata: { name: nowhere },
      spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Pi' } } },
    }),
  ];
}

const podObject = (spec: object, container: object): object => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: nowhere },
  spec: { containers: [{ name: 'main', image: 'example.org/none', ...container }], ...spec },
});

const refusedByPolicies = (does: string, path: string, body: object): Attempt => ({
  ...create(does, `${path}${dryRun}`, body),
  by: 'policies',
});
