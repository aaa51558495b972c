/** What the program that this one replaces leaves on a cluster after a run. */
import { z } from 'zod';
import type { Kubectl } from './kubectl.ts';
import type { SiteMember } from './poolc-site.ts';

const WEEK = '168h';
const accountSchema = z.object({ status: z.object({ token: z.string() }) });

/** Its CronJob and ConfigMap, as they are in Git. */
export function originalManifests(namespace: string) {
  const metadata = (name: string) => ({
    name,
    namespace,
    labels: { 'app.kubernetes.io/name': 'credentials-updater' },
  });
  const container = {
    name: 'credentials-updater',
    image: 'ghcr.io/poolc/pks-credentials-updater:original',
    envFrom: [{ configMapRef: { name: 'credentials-updater-cm' } }],
    volumeMounts: [
      { name: 'credentials-updater-secret', mountPath: '/etc/credentials-updater-secret', readOnly: true },
    ],
    resources: { requests: { memory: '64Mi', cpu: '100m' }, limits: { memory: '128Mi', cpu: '200m' } },
    securityContext: { runAsNonRoot: true, runAsUser: 65_534, readOnlyRootFilesystem: true },
  };
  const pod = {
    serviceAccountName: 'credentials-updater',
    restartPolicy: 'OnFailure',
    containers: [container],
    volumes: [{ name: 'credentials-updater-secret', secret: { secretName: 'credentials-updater-secret' } }],
    securityContext: { runAsNonRoot: true, runAsUser: 65_534, fsGroup: 65_534 },
  };
  const cronJob = {
    apiVersion: 'batch/v1',
    kind: 'CronJob',
    metadata: metadata('credentials-updater'),
    spec: {
      schedule: '0 15 * * 0',
      timeZone: 'Etc/UTC',
      concurrencyPolicy: 'Replace',
      jobTemplate: { spec: { ttlSecondsAfterFinished: 300, template: { spec: pod } } },
    },
  };
  const configMap = {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: metadata('credentials-updater-cm'),
    data: { TARGET_NAMESPACE: 'poolc-users', POOLC_API_ENDPOINT: 'http://api.poolc.org:8080/kubernetes' },
  };
  return [cronJob, configMap] as const;
}

/** Applied as Argo CD applies them, and suspended as the upgrade asks for. */
export async function applyOriginal(kubectl: Kubectl, namespace: string): Promise<void> {
  const objects = originalManifests(namespace).map((object) => JSON.stringify(object));
  await kubectl(['apply', '-f', '-'], objects.join('\n---\n'));
  await kubectl(['patch', 'cronjob', 'credentials-updater', '-n', namespace, '-p', '{"spec":{"suspend":true}}']);
}

/** It skips, in silence, anyone who has a login id that is no name for a ServiceAccount, or a name that is taken. */
export function takenBySimpleName({ loginId }: SiteMember): boolean {
  return /^[a-z0-9]+$/.test(loginId ?? '') && loginId !== 'default';
}

/** The namespace made anew, an account for each member, and a token of a week; the tokens by UUID. */
export async function leaveAsOriginal(
  kubectl: Kubectl,
  namespace: string,
  members: readonly SiteMember[],
): Promise<ReadonlyMap<string, string>> {
  const labels = { 'app.kubernetes.io/managed-by': 'credentials-updater' };
  const account = ({ uuid, loginId }: SiteMember): object => ({
    apiVersion: 'v1',
    kind: 'ServiceAccount',
    metadata: {
      name: loginId,
      namespace,
      labels,
      annotations: {
        'credentials-updater/user-uuid': uuid,
        'credentials-updater/created-at': new Date().toISOString(),
      },
    },
  });
  const objects = [
    { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace, labels } },
    ...members.map(account),
  ];
  await kubectl(['create', '-f', '-'], objects.map((object) => JSON.stringify(object)).join('\n---\n'));

  const tokens = new Map<string, string>();
  for (const { uuid, loginId } of members) {
    if (loginId === null) continue;
    const request = ['create', 'token', loginId, '--namespace', namespace, `--duration=${WEEK}`, '--output=json'];
    tokens.set(uuid, accountSchema.parse(JSON.parse(await kubectl(request))).status.token);
  }
  return tokens;
}
