/** The chart's values: one table, of which values.yaml and values.schema.json are made. */
import { stringify } from 'yaml';
import { type SettingDefinition, settingDefinitions } from '../../src/config/definitions.ts';
import type { Deployment } from './deployment.ts';

type JsonSchema = Readonly<Record<string, unknown>>;

interface Value {
  readonly name: string;
  /** For those who read values.yaml. */
  readonly comment: string;
  readonly default: unknown;
  readonly schema: JsonSchema;
}

const namespaceName = { type: 'string', pattern: '^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$' };
const objectName = { type: 'string', pattern: '^[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?$' };
const text = { type: 'string', minLength: 1 };
const yesOrNo = { type: 'boolean' };
const object = { type: 'object' };
const list = { type: 'array', items: object };

function valuesOf(deployment: Deployment): Value[] {
  const { membersNamespace, schedule, timeZone, settings, image, resources } = deployment;
  return [
    {
      name: 'endpoint',
      comment: `The address of the PoolC API, such as ${deployment.endpoint}. Required.`,
      default: '',
      schema: { type: 'string', pattern: '^(https://[^\\s/]+\\S*)?$' },
    },
    {
      name: 'apiKeySecret',
      comment: 'The Secret with the API key, under the key API_KEY. The chart does not make it: see NOTES.txt.',
      default: 'credentials-updater-secret',
      schema: objectName,
    },
    {
      name: 'membersNamespace',
      comment:
        "Holds the members' ServiceAccounts, and nothing else. It stays when the chart is uninstalled, and with it the\nmembers' access.",
      default: membersNamespace,
      schema: namespaceName,
    },
    {
      name: 'createMembersNamespace',
      comment: 'false where somebody else makes that namespace.',
      default: true,
      schema: yesOrNo,
    },
    {
      name: 'protectMembersNamespace',
      comment:
        'Refuses to delete that namespace by accident, and ConfigMaps that the updater has no business to make\n(ValidatingAdmissionPolicies, cluster-wide).',
      default: true,
      schema: yesOrNo,
    },
    {
      name: 'schedule',
      comment:
        'When runs happen. The interval must be shorter than the lifetime of a token, so that some runs may fail before\nanyone is locked out.',
      default: schedule,
      schema: text,
    },
    { name: 'timeZone', comment: 'The time zone of the schedule.', default: timeZone, schema: text },
    { name: 'suspend', comment: 'true: no run starts by the schedule.', default: false, schema: yesOrNo },
    {
      name: 'settings',
      comment: `The settings of the program, by variable:\n${settingsTable()}`,
      default: settings,
      schema: {
        type: 'object',
        additionalProperties: false,
        properties: Object.fromEntries(chartSettings.map((setting) => [setting.name, settingSchema(setting)])),
      },
    },
    {
      name: 'env',
      comment: 'More variables, such as HTTPS_PROXY.',
      default: {},
      schema: { type: 'object', additionalProperties: { type: ['string', 'integer', 'boolean'] } },
    },
    {
      name: 'notificationsSecret',
      comment:
        'The Secret with the addresses NOTIFY_URL and HEARTBEAT_URL of those who are told of a run. Both are optional.',
      default: 'credentials-updater-notifications',
      schema: objectName,
    },
    {
      name: 'certificateAuthorities',
      comment:
        "The ConfigMap with authorities of your own, one file each (ca.crt), for the PoolC API's certificate. Optional.",
      default: 'credentials-updater-ca',
      schema: objectName,
    },
    {
      name: 'image',
      comment: 'With a digest, the tag says nothing. An empty tag is the version of the chart.',
      default: { ...image, tag: '' },
      schema: {
        type: 'object',
        additionalProperties: false,
        properties: {
          repository: text,
          tag: { type: 'string' },
          digest: { type: 'string', pattern: '^(sha256:[0-9a-f]{64})?$' },
          pullPolicy: { enum: ['Always', 'IfNotPresent', 'Never'] },
        },
      },
    },
    { name: 'imagePullSecrets', comment: 'Such as - name: SECRET.', default: [], schema: list },
    {
      name: 'resources',
      comment: 'Measured: see docs/operations.md. The limit holds a directory of 50,000 members.',
      default: resources,
      schema: object,
    },
    {
      name: 'networkPolicy',
      comment: 'Nobody talks to the pod, and it talks to DNS and ports 443 and 6443, and to what is added here.',
      default: { enabled: true, extraEgress: [] },
      schema: {
        type: 'object',
        additionalProperties: false,
        properties: { enabled: yesOrNo, extraEgress: list },
      },
    },
    { name: 'podAnnotations', comment: 'Of the pods of the CronJob.', default: {}, schema: object },
    { name: 'nodeSelector', comment: 'Where the pods may run.', default: {}, schema: object },
    { name: 'tolerations', comment: '', default: [], schema: list },
    { name: 'affinity', comment: '', default: {}, schema: object },
  ];
}

/**
 * Not here: what has a value of its own, what only the pod knows, secrets, and allowances, which are for one run (preflight
 * refuses one that a CronJob has).
 */
const notSettings = new Set([
  'POOLC_API_ENDPOINT',
  'POOLC_API_KEY_FILE',
  'TARGET_NAMESPACE',
  'POD_NAMESPACE',
  'SCHEDULE',
  'SCHEDULE_TIMEZONE',
  'NOTIFY_URL',
  'HEARTBEAT_URL',
  'ALLOW_REMOVALS',
  'ALLOW_ADDITIONS',
  'TERMINATION_MESSAGE_PATH',
]);

/** The settings of the program that a chart's user may set. */
export const chartSettings: readonly SettingDefinition[] = settingDefinitions.filter(
  ({ name }) => !notSettings.has(name),
);

function settingsTable(): string {
  return chartSettings
    .map(
      ({ name, default: fallback, description }) =>
        `  ${name}${fallback === undefined ? '' : ` (${fallback})`}: ${description}`,
    )
    .join('\n');
}

function settingSchema({ description, choices, notation }: SettingDefinition): JsonSchema {
  if (choices !== undefined) return { description, enum: choices };
  switch (notation.type) {
    case 'whole number':
      return { description, type: ['integer', 'string'], pattern: '^\\d{1,7}$', minimum: 0 };
    case 'duration':
      return { description, type: 'string', pattern: '^(\\d+(s|m|h|d))+$' };
    default:
      return { description, ...text };
  }
}

export function valuesFile(deployment: Deployment): string {
  const entries = valuesOf(deployment).map(({ name, comment, default: value }) => {
    const lines = comment === '' ? '' : comment.replaceAll(/^/gm, '# ').concat('\n');
    return `${lines}${stringify({ [name]: value }, { lineWidth: 0 })}`;
  });
  return `# Made by \`npm run chart\`. Which values there are and what they mean.\n\n${entries.join('\n')}`;
}

export function valuesSchemaFile(deployment: Deployment): string {
  const properties = valuesOf(deployment).map(({ name, comment, schema }) => [
    name,
    { ...(comment === '' || name === 'settings' ? {} : { description: comment.replaceAll('\n', ' ') }), ...schema },
  ]);
  const schema = {
    $schema: 'http://json-schema.org/draft-07/schema#',
    type: 'object',
    additionalProperties: false,
    // `global` is Helm's own, for charts that this one is a part of.
    properties: { ...Object.fromEntries(properties), global: object },
  };
  return `${JSON.stringify(schema, undefined, 2)}\n`;
}
