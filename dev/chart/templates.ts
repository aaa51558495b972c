/** Which values of the rendered objects a chart's user sets. What is not named here is as kustomize renders it. */
import type { Deployment } from './deployment.ts';
import { type ObjectTemplate, parseObjects } from './template.ts';

/** What the overlay of production says, and a chart's user says in its place. */
const system = 'poolc-system';
const members = 'poolc-users';

export interface Template {
  readonly file: string;
  readonly content: string;
}

const header = (source: string) => `{{- /* Made from ${source} by \`npm run chart\`. Change it there. */ -}}\n`;

/** @param manifest what kustomize renders of the overlay of production */
export function templatesOf(manifest: string, { settings }: Pick<Deployment, 'settings'>): Template[] {
  const files = new Map<string, string[]>();
  for (const object of parseObjects(manifest)) {
    // Helm makes a quota before what it counts, which is refused then; and the namespace is the club's own here.
    if (object.kind === 'ResourceQuota') continue;
    const file = fileOf(object);
    edit(object, settings);
    files.set(file, [...(files.get(file) ?? []), object.toString()]);
  }
  return [...files].map(([file, objects]) => ({ file, content: header('deploy/base') + objects.join('') }));
}

function fileOf({ kind }: ObjectTemplate): string {
  const known: Readonly<Record<string, string>> = {
    ConfigMap: 'config-map.yaml',
    CronJob: 'cron-job.yaml',
    Namespace: 'members-namespace.yaml',
    NetworkPolicy: 'network-policy.yaml',
    Role: 'rbac.yaml',
    RoleBinding: 'rbac.yaml',
    ServiceAccount: 'service-account.yaml',
    ValidatingAdmissionPolicy: 'protect-members-namespace.yaml',
    ValidatingAdmissionPolicyBinding: 'protect-members-namespace.yaml',
  };
  const file = known[kind];
  if (file === undefined) throw new Error(`A ${kind} is new in deploy/base: say in dev/chart which values it has`);
  return file;
}

function edit(object: ObjectTemplate, settings: Deployment['settings']): void {
  switch (object.kind) {
    case 'Namespace':
      object.onlyIf('.Values.createMembersNamespace');
      break;
    case 'ConfigMap':
      // The others are empty.
      if (object.name !== 'credentials-updater-cm') break;
      object.replace(['data', 'POOLC_API_ENDPOINT'], 'include "credentials-updater.endpoint" . | quote');
      // The values say the other settings.
      for (const name of Object.keys(settings)) object.remove(['data', name]);
      object.append(
        ['data'],
        '{{- range $name, $value := .Values.settings }}',
        '{{ $name }}: {{ include "credentials-updater.setting" $value | quote }}',
        '{{- end }}',
      );
      break;
    case 'CronJob':
      editCronJob(object);
      break;
    case 'NetworkPolicy':
      object.onlyIf('.Values.networkPolicy.enabled');
      object.appendItems(
        ['spec', 'egress'],
        '{{- with .Values.networkPolicy.extraEgress }}',
        '{{- toYaml . | nindent @0 }}',
        '{{- end }}',
      );
      break;
    case 'ValidatingAdmissionPolicy':
      protect(object);
      break;
    case 'ValidatingAdmissionPolicyBinding':
      object.replace(['spec', 'policyName'], protect(object));
      break;
  }
  object.replaceEverywhere(system, '.Release.Namespace | quote');
  object.replaceEverywhere(members, '.Values.membersNamespace | quote');
}

/** What is cluster-wide has a name for each release. @returns the expression for it */
function protect(object: ObjectTemplate): string {
  const name = object.name === 'credentials-updater-creates' ? 'creates' : 'protection';
  const expression = `include "credentials-updater.${name}" .`;
  object.onlyIf('.Values.protectMembersNamespace');
  object.replace(['metadata', 'name'], expression);
  return expression;
}

function editCronJob(object: ObjectTemplate): void {
  const template = ['spec', 'jobTemplate', 'spec', 'template'] as const;
  const pod = [...template, 'spec'] as const;
  const container = [...pod, 'containers', 0] as const;
  object.replace(['spec', 'schedule'], '.Values.schedule | quote');
  object.replace(['spec', 'timeZone'], '.Values.timeZone | quote');
  object.append(['spec'], '{{- if .Values.suspend }}', 'suspend: true', '{{- end }}');
  object.append(
    [...template, 'metadata'],
    '{{- with .Values.podAnnotations }}',
    'annotations:',
    '{{- toYaml . | nindent @2 }}',
    '{{- end }}',
  );
  for (const name of ['nodeSelector', 'tolerations', 'affinity', 'imagePullSecrets'])
    object.append([...pod], `{{- with .Values.${name} }}`, `${name}:`, '{{- toYaml . | nindent @2 }}', '{{- end }}');
  object.replace([...container, 'image'], 'include "credentials-updater.image" .');
  object.replace([...container, 'imagePullPolicy'], '.Values.image.pullPolicy');
  object.replace([...container, 'resources'], 'toYaml .Values.resources | nindent @2');
  for (const [index, name] of ['NOTIFY_URL', 'HEARTBEAT_URL'].entries()) {
    // After POD_NAMESPACE, POD_NAME, JOB_NAME and JOB_UID.
    const reference = [...container, 'env', 4 + index] as const;
    object.expect([...reference, 'name'], name);
    object.replace([...reference, 'valueFrom', 'secretKeyRef', 'name'], '.Values.notificationsSecret | quote');
  }
  for (const [index, [name, value]] of [
    ['CRONJOB_NAME', undefined],
    ['SCHEDULE', '.Values.schedule'],
    ['SCHEDULE_TIMEZONE', '.Values.timeZone'],
  ].entries()) {
    const variable = [...container, 'env', 6 + index] as const;
    object.expect([...variable, 'name'], name);
    if (value !== undefined) object.replace([...variable, 'value'], `${value} | quote`);
  }
  object.appendItems(
    [...container, 'env'],
    '{{- range $name, $value := .Values.env }}',
    '- name: {{ $name }}',
    '  value: {{ include "credentials-updater.setting" $value | quote }}',
    '{{- end }}',
  );
  object.expect([...pod, 'volumes', 0, 'name'], 'api-key');
  object.replace([...pod, 'volumes', 0, 'secret', 'secretName'], '.Values.apiKeySecret | quote');
  object.expect([...pod, 'volumes', 1, 'name'], 'certificate-authorities');
  object.replace([...pod, 'volumes', 1, 'configMap', 'name'], '.Values.certificateAuthorities | quote');
}
