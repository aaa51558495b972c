/** PKS's AppProjects, as its public repositories describe them. */
import { z } from 'zod';

export const manifestSchema = z.looseObject({
  apiVersion: z.string(),
  kind: z.string(),
  metadata: z.looseObject({
    name: z.string(),
    namespace: z.string().optional(),
    annotations: z.record(z.string(), z.string()).optional(),
  }),
});
export type Manifest = z.infer<typeof manifestSchema>;

export const platformRepository = 'https://github.com/PoolC/pks-platform.git';
export const ownRepository = 'https://github.com/PoolC/pks-credentials-updater.git';
export const server = 'https://kubernetes.default.svc';
const everything = [{ group: '*', kind: '*' }];

const project = (name: string, spec: object): Manifest => ({
  apiVersion: 'argoproj.io/v1alpha1',
  kind: 'AppProject',
  metadata: { name, namespace: 'argocd' },
  spec,
});

/** `shared-proj` is the members', who have one Argo CD account. */
export const platformProjects: readonly Manifest[] = [
  project('poolc-system-proj', {
    sourceRepos: [ownRepository],
    destinations: [{ server, namespace: 'poolc-system' }],
    clusterResourceWhitelist: [
      { group: '', kind: 'Namespace' },
      { group: 'rbac.authorization.k8s.io', kind: 'ClusterRole' },
      { group: 'rbac.authorization.k8s.io', kind: 'ClusterRoleBinding' },
    ],
  }),
  project('admin-proj', {
    sourceRepos: [platformRepository],
    destinations: [{ server, namespace: '*' }],
    clusterResourceWhitelist: everything,
    namespaceResourceWhitelist: everything,
  }),
  project('shared-proj', {
    sourceRepos: ['*'],
    destinations: [
      '*',
      '!kube-system',
      '!kube-public',
      '!kube-node-lease',
      '!argocd',
      '!kyverno',
      '!monitoring',
      '!ingress-nginx',
      '!poolc-system',
      '!poolc-users*',
    ].map((namespace) => ({ server, namespace })),
  }),
];
