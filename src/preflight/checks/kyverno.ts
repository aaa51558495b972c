/** Whether Kyverno's webhooks answer, and what the cluster does while they don't. */
import * as z from 'zod';
import { type Finding, failed, ok, unknown, warning } from '../../audit/finding.ts';
import { kyvernoNamespace, kyvernoWebhooks } from '../../audit/kyverno-exclusions.ts';
import type { Webhook } from '../../audit/objects.ts';
import { isRbacRefusal } from '../../audit/rbac.ts';
import { enListed } from '../../audit/words.ts';
import { parseAnswer } from '../../kube/client.ts';
import { formatDuration } from '../../lib/duration.ts';
import { Failure } from '../../lib/failure.ts';
import type { PreflightContext } from '../context.ts';

const deployment = 'deployment/kyverno-admission-controller';
/** Kyverno renews it every 10 s through its own webhook, and calls itself dead after 100 s (pkg/controllers/webhook). */
const healthLease = 'kyverno-health';
const lastRequestAnnotation = 'kyverno.io/last-request-time';
const silentSeconds = 120;
/** Refused or not, it is never stored. */
const triedNamespace = 'credentials-updater-preflight';

export async function kyverno(context: PreflightContext): Promise<Finding[]> {
  const { gathered, commands } = context;
  if (!(await gathered.apiGroups()).has('kyverno.io'))
    return [ok('Kyverno is not installed; Kubernetes itself enforces what it can')];
  const configurations = await kyvernoWebhooks(gathered);
  const own = configurations.flatMap(({ metadata, webhooks }) =>
    webhooks.map((webhook) => ({ configuration: metadata.name, webhook })),
  );
  const namespace = kyvernoNamespace(configurations);
  const look = { label: 'look at it', command: commands.kubectl`-n ${namespace} describe ${deployment}` };
  if (own.length === 0)
    return [failed('Kyverno is installed but has registered no webhooks: its admission controller does not run', look)];

  // The others are about Kyverno's own objects.
  const resourceWebhooks = own
    .filter(({ configuration }) => configuration.startsWith('kyverno-resource-'))
    .map(({ webhook }) => webhook);
  const { silence, isKnown } = await listen(context, namespace, resourceWebhooks);
  const findings = outageFindings(context, resourceWebhooks);
  if (!isKnown)
    findings.push(
      unknown(
        `whether Kyverno answers: no permission to read the Lease ${healthLease} in ${namespace}, nor to create a namespace, which is tried by dry-run`,
      ),
    );
  if (silence !== undefined) {
    const restart = commands.kubectl`-n ${namespace} rollout restart ${deployment}`;
    return [
      failed(`Kyverno does not answer: ${silence}`, { label: 'restart it', command: restart }, look),
      ...findings,
    ];
  }
  return findings.length > 0 ? findings : [ok(`Kyverno answers; ${outageText(resourceWebhooks)}`)];
}

interface Heard {
  /** How it shows that Kyverno doesn't answer; undefined when it does, or nothing is known. */
  readonly silence: string | undefined;
  readonly isKnown: boolean;
}

async function listen(context: PreflightContext, namespace: string, webhooks: readonly Webhook[]): Promise<Heard> {
  const health = await askHealth(context, namespace);
  if (health.silence !== undefined) return health;
  const seesNewNamespaces = webhooks.some(({ rules }) =>
    rules.some(({ resources, operations }) => resources.includes('namespaces') && operations.includes('CREATE')),
  );
  if (!seesNewNamespaces) return health;
  const attempt = await tryNewNamespace(context);
  return { silence: attempt.silence, isKnown: health.isKnown || attempt.isKnown };
}

const leaseSchema = z.object({
  metadata: z.object({ annotations: z.record(z.string(), z.string()).nullish() }),
});

async function askHealth({ client, clock, signal }: PreflightContext, namespace: string): Promise<Heard> {
  const response = await client.call({
    method: 'GET',
    path: `/apis/coordination.k8s.io/v1/namespaces/${encodeURIComponent(namespace)}/leases/${healthLease}`,
    signal,
    expected: [403, 404],
  });
  const nothing = { silence: undefined, isKnown: false };
  if (response.status !== 200) return nothing;
  const { annotations } = parseAnswer(leaseSchema, response, `the Lease ${healthLease}`).metadata;
  const last = Date.parse(annotations?.[lastRequestAnnotation] ?? '');
  if (Number.isNaN(last)) return nothing;
  const seconds = ((client.serverTime ?? clock.now()) - last) / 1_000;
  return {
    silence: seconds > silentSeconds ? `its last request was ${formatDuration(seconds)} ago` : undefined,
    isKnown: true,
  };
}

/** A namespace is created by dry-run: with failurePolicy Fail, the API server says when a webhook doesn't answer. */
async function tryNewNamespace({ client, signal }: PreflightContext): Promise<Heard> {
  try {
    await client.once({
      method: 'POST',
      path: '/api/v1/namespaces?dryRun=All',
      body: { apiVersion: 'v1', kind: 'Namespace', metadata: { name: triedNamespace } },
      signal,
    });
    return { silence: undefined, isKnown: true };
  } catch (error) {
    if (!(error instanceof Failure) || error.status === undefined) throw error;
    const { message } = error;
    if (message.includes('failed calling webhook')) return { silence: message, isKnown: true };
    // Authorization comes before any webhook; every other refusal is an answer, mostly Kyverno's own.
    return { silence: undefined, isKnown: !isRbacRefusal(message) };
  }
}

function outageFindings(context: PreflightContext, webhooks: readonly Webhook[]): Finding[] {
  const findings: Finding[] = [];
  const ignoring = webhooks.filter(({ failurePolicy }) => failurePolicy !== 'Fail');
  if (ignoring.length > 0) {
    findings.push(
      warning(
        `while Kyverno doesn't answer, ${resourcesOf(ignoring)} pass unchecked (failurePolicy Ignore of ${enListed(ignoring.map(({ name }) => name))})`,
        { label: "where the members' policies do that", command: context.commands.applyPolicies('kyverno') },
      ),
    );
  }
  const blocking = webhooks.filter(
    (webhook) =>
      webhook.failurePolicy === 'Fail' &&
      webhook.rules.some(({ resources }) => resources.includes('pods')) &&
      !exemptNamespaces(webhook).includes('kube-system'),
  );
  if (blocking.length > 0) {
    findings.push(
      warning(
        "while Kyverno doesn't answer, not even the cluster's own pods can start: kube-system is not exempt from its webhooks (see `webhooks` in Kyverno's ConfigMap)",
      ),
    );
  }
  return findings;
}

function outageText(webhooks: readonly Webhook[]): string {
  if (webhooks.length === 0) return 'no policy needs it';
  const exempt = new Set(webhooks.flatMap(exemptNamespaces));
  const but = exempt.size === 0 ? '' : `, but for ${enListed([...exempt])}`;
  return `while it doesn't, changes to ${resourcesOf(webhooks)} are refused (failurePolicy Fail${but})`;
}

function resourcesOf(webhooks: readonly Webhook[]): string {
  const resources = webhooks.flatMap(({ rules }) => rules.flatMap((rule) => rule.resources));
  return enListed(
    [...new Set(resources)].filter((resource) => !resource.includes('/')),
    { longest: 4 },
  );
}

function exemptNamespaces({ namespaceSelector }: Webhook): string[] {
  return (namespaceSelector?.matchExpressions ?? [])
    .filter(({ key, operator }) => key === 'kubernetes.io/metadata.name' && operator === 'NotIn')
    .flatMap(({ values }) => values);
}
