/** Whether the cluster, and what the policies and Applications rest on, have versions that this program is tested with. */
import * as z from 'zod';
import { appProjectKind } from '../../audit/argocd-projects.ts';
import { type Finding, ok, unknown, warning } from '../../audit/finding.ts';
import { kyvernoNamespace, kyvernoWebhooks } from '../../audit/kyverno-exclusions.ts';
import { printable } from '../../core/model.ts';
import { parseAnswer } from '../../kube/client.ts';
import { joined, type Message } from '../../lib/message.ts';
import { versionMessages as messages } from '../../lib/messages/preflight-cluster.ts';
import type { PreflightContext } from '../context.ts';
import { ageOf, type SupportedVersions, shortVersion, supported } from '../supported-versions.ts';

/** Both are called so by their projects' charts and manifests. */
const kyvernoDeployment = { name: 'kyverno-admission-controller', container: 'kyverno' };
const argoCdDeployment = { name: 'argocd-server', container: 'argocd-server' };

export async function versions(context: PreflightContext): Promise<Finding[]> {
  const { gathered } = context;
  const groups = await gathered.apiGroups();
  const found = [judge(supported.kubernetes, (await gathered.version()).gitVersion)];
  if (groups.has('kyverno.io')) found.push(await kyvernoVersion(context));
  if (groups.has('argoproj.io')) found.push(...(await argoCdVersion(context)));
  const problems = found.filter(({ status }) => status !== 'ok');
  return problems.length > 0
    ? problems
    : [
        ok(
          joined(
            found.map(({ message }) => message),
            '; ',
          ),
        ),
      ];
}

async function kyvernoVersion(context: PreflightContext): Promise<Finding> {
  const namespace = kyvernoNamespace(await kyvernoWebhooks(context.gathered));
  const image = await imageOf(context, namespace, kyvernoDeployment);
  return image === undefined
    ? noVersion(
        supported.kyverno,
        messages.noDeployment({ deployment: kyvernoDeployment.name, namespace: printable(namespace) }),
      )
    : judgeImage(supported.kyverno, image);
}

/** Empty where nothing of Argo CD runs: Argo Workflows and Rollouts serve the same API group. */
async function argoCdVersion(context: PreflightContext): Promise<Finding[]> {
  const projects = await context.gathered.list(appProjectKind);
  const namespaces = new Set(projects.map(({ metadata }) => metadata.namespace ?? 'argocd'));
  const images = await Promise.all([...namespaces].map((each) => imageOf(context, each, argoCdDeployment)));
  return images.flatMap((image) => (image === undefined ? [] : [judgeImage(supported.argoCd, image)]));
}

const deploymentSchema = z.object({
  spec: z.object({
    template: z.object({
      spec: z.object({ containers: z.array(z.object({ name: z.string(), image: z.string().default('') })) }),
    }),
  }),
});

/** undefined where there is no such Deployment. */
async function imageOf(
  { client, signal }: PreflightContext,
  namespace: string,
  { name, container }: typeof kyvernoDeployment,
): Promise<string | undefined> {
  const response = await client.call({
    method: 'GET',
    path: `/apis/apps/v1/namespaces/${encodeURIComponent(namespace)}/deployments/${name}`,
    signal,
    expected: [404],
  });
  if (response.status === 404) return undefined;
  const { spec } = parseAnswer(deploymentSchema, response, `the Deployment ${name}`);
  return spec.template.spec.containers.find((each) => each.name === container)?.image ?? '';
}

function judgeImage(range: SupportedVersions, image: string): Finding {
  // `host:5000/kyverno/kyverno:v1.15.0@sha256:…`
  const [, tag = ''] = /:([^:/]+)$/.exec(image.replace(/@.*$/, '')) ?? [];
  return ageOf(tag, range) === undefined
    ? noVersion(range, messages.itsImage({ image: printable(image) }))
    : judge(range, tag);
}

function judge(range: SupportedVersions, version: string): Finding {
  const installed = { ...spanOf(range), version: printable(version) };
  switch (ageOf(version, range)) {
    case undefined:
      return noVersion(range, messages.callsItself({ version: printable(version) }));
    case 'too old':
      return warning(messages.tooOld(installed));
    case 'newer':
      return ok(messages.newer(installed));
    case 'supported':
      return ok(messages.supported(installed));
  }
}

function noVersion(range: SupportedVersions, evidence: Message): Finding {
  return unknown(messages.none({ ...spanOf(range), evidence }));
}

function spanOf({ name, oldest, newest }: SupportedVersions) {
  return { name, oldest: shortVersion(oldest), newest: shortVersion(newest) };
}
