/** Whether the cluster, and what the policies and Applications rest on, have versions that this program is tested with. */
import * as z from 'zod';
import { appProjectKind } from '../../audit/argocd-projects.ts';
import { type Finding, ok, unknown, warning } from '../../audit/finding.ts';
import { kyvernoNamespace, kyvernoWebhooks } from '../../audit/kyverno-exclusions.ts';
import { printable } from '../../core/model.ts';
import { parseAnswer } from '../../kube/client.ts';
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
  return problems.length > 0 ? problems : [ok(found.map(({ message }) => message).join('; '))];
}

async function kyvernoVersion(context: PreflightContext): Promise<Finding> {
  const namespace = kyvernoNamespace(await kyvernoWebhooks(context.gathered));
  const image = await imageOf(context, namespace, kyvernoDeployment);
  return image === undefined
    ? noVersion(supported.kyverno, `there is no deployment/${kyvernoDeployment.name} in ${printable(namespace)}`)
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
  return ageOf(tag, range) === undefined ? noVersion(range, `its image is '${printable(image)}'`) : judge(range, tag);
}

function judge(range: SupportedVersions, version: string): Finding {
  const { name, oldest } = range;
  const installed = `${name} ${printable(version)}`;
  switch (ageOf(version, range)) {
    case undefined:
      return noVersion(range, `it calls itself '${printable(version)}'`);
    case 'too old':
      return warning(
        `${installed} is older than what this program is tested with (${span(range)}): upgrade ${name} to ${shortVersion(oldest)} or later`,
      );
    case 'newer':
      return ok(
        `${installed} is newer than what this program is tested with (${span(range)}): after an upgrade, run preflight --probe`,
      );
    case 'supported':
      return ok(`${installed} is supported (${span(range)})`);
  }
}

function noVersion(range: SupportedVersions, evidence: string): Finding {
  return unknown(
    `which version of ${range.name} runs, since ${evidence}: compare it yourself with what is tested (${span(range)})`,
  );
}

function span({ oldest, newest }: SupportedVersions): string {
  return `${shortVersion(oldest)} to ${shortVersion(newest)}`;
}
