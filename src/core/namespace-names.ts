/**
 * How members' namespaces are called: `<account>` and `<account>--<anything>`, so that nobody is given what was given to
 * a namespace of another. The policies say the same in CEL (deploy/policies/builtin/namespaces.yaml). Pure.
 */

/** Of the accounts that have no name of a namespace: another's names begin so. */
const separator = '--';
const labelPattern = /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/;
/** Kubernetes', OpenShift's and the club's, whatever follows. */
const keptBeginnings = /^(kube|openshift|poolc)-/;

/** `reservedNamespaces` in deploy/policies/settings: names that no member takes. A test holds the two to each other. */
export const reservedNamespacePattern =
  /^((default|kube|poolc|openshift|kyverno|argo|argocd|cert-manager|ingress|istio|linkerd|calico|cilium|tigera|flux|gatekeeper|longhorn|rook|metallb|monitoring|prometheus|grafana|loki|sealed-secrets|local-path|metrics|external-secrets|external-dns|velero|vault|cattle|rancher|fleet|harbor|gitea|gitlab|jenkins|tekton|knative|keda|kubevirt|cdi|minio|ceph|openebs|portworx|trident|crossplane|cap[a-z]|spire|falco|trivy|wazuh|opa|consul|nomad|traefik|nginx|haproxy|contour|projectcontour|envoy|emissary|ambassador|kong|gateway|tailscale|dex|keycloak|oauth2-proxy|authentik|zitadel|ldap|postgres|postgresql|cnpg|mysql|mariadb|redis|mongodb|kafka|strimzi|rabbitmq|nats|elastic|opensearch|logging|observability|tracing|jaeger|tempo|mimir|thanos|alertmanager|otel|opentelemetry|jupyterhub|kubeflow|ray|spark|airflow|mlflow|nvidia|gpu|gpu-operator|node-feature-discovery|kured|descheduler|reloader|reflector|olm|operators|kubernetes|kubernetes-dashboard|headlamp|nexus|artifactory|sonarqube|sentry|mattermost|actions-runner|arc|buildkit)(-.*)?|www|api|git|dashboard|registry|auth|login|sso|admin|root|system|mail|smtp|dns|ns|ntp|vpn|proxy|cdn|static|status|wiki|docs|blog|backup|operator)$/;

export function isNamespaceName(name: string): boolean {
  return labelPattern.test(name);
}

/** Accounts whose names would begin so: `kim` of `kim--lab`, `kim` and `kim--lee` of `kim--lee--lab`. */
export function accountsByName(namespace: string): string[] {
  const parts = [...namespace.matchAll(/(?=--)/g)].map(({ index }) => namespace.slice(0, index));
  return [...parts, namespace].filter((part) => labelPattern.test(part));
}

/** Whether an account of this name has no names of its own: they would be another's, or begin as Punycode does. */
export function hasAmbiguousNamespaces(account: string): boolean {
  return account.includes(separator) || account === 'xn';
}

/** Why a member can't have a namespace of this name by the account's own right; undefined where they can. */
export function whyNotTheirs(namespace: string, account: string): string | undefined {
  if (!isNamespaceName(namespace)) return 'it is no name of a namespace (a-z, 0-9 and hyphens, 63 characters)';
  if (account.includes(separator)) return `the account's name has ${separator}, so that it is among another's names`;
  if (namespace.startsWith('xn--')) return 'xn-- begins what browsers show as another text';
  if (namespace !== account && !namespace.startsWith(account + separator))
    return `it is neither ${account} nor begins with ${account}${separator}`;
  return isKept(namespace, (name) => reservedNamespacePattern.test(name))
    ? 'it is reserved for the cluster and what is installed there'
    : undefined;
}

/**
 * Whether some account, of today or to come, would have a namespace of this name by its own right. Login ids are chosen
 * freely, so a name that is not reserved may be an account's.
 *
 * @param isReserved of names without two hyphens
 */
export function isSomebodys(namespace: string, isReserved: (name: string) => boolean): boolean {
  return isNamespaceName(namespace) && !namespace.startsWith('xn--') && !isKept(namespace, isReserved);
}

/** What begins with an account's name and two hyphens is nobody else's, whatever the account is called; but for a few. */
function isKept(namespace: string, isReserved: (name: string) => boolean): boolean {
  return namespace.includes(separator) ? keptBeginnings.test(namespace) : isReserved(namespace);
}
