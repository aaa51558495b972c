/** Whether members can reach the cluster's own namespaces, or cluster-wide kinds, through Argo CD, whose rights are not theirs. */

import { printable } from '../../core/model.ts';
import { allInOrder } from '../../lib/all-in-order.ts';
import { type AppProject, appProjectKind, permitsNamespace } from '../argocd-projects.ts';
import type { AuditContext } from '../context.ts';
import { type Finding, failed, ok } from '../finding.ts';
import { ownerOf } from '../members.ts';
import { trustedNamespaces } from '../system-namespaces.ts';
import { enListed } from '../words.ts';

export async function argoCdProjects(context: AuditContext): Promise<Finding[]> {
  const { gathered, options } = context;
  if (!(await gathered.apiGroups()).has('argoproj.io')) return [ok('Argo CD is not installed')];
  const closed = await closedNamespaces(context);
  const projects = (await gathered.list(appProjectKind))
    .filter(({ metadata }) => !options.operatorProjects.includes(metadata.name))
    // One that reads no repository deploys nothing: so PKS closes `default`.
    .filter(({ spec }) => spec.sourceRepos.length > 0 && spec.destinations.length > 0);
  const findings = projects.flatMap((project) => [
    ...reachFindings(context, project, closed),
    ...kindFindings(context, project),
  ]);
  if (findings.length > 0) return findings;
  const names = projects.map(({ metadata }) => printable(metadata.name));
  return [
    ok(
      names.length === 0
        ? 'no AppProject but those of operators deploys anything'
        : `through ${enListed(names)}, members reach no namespace of the cluster's own and no cluster-wide kind`,
    ),
  ];
}

/** Those that the policies trust, the two of this program, and every namespace that is nobody's. */
async function closedNamespaces({ gathered, namespaces }: AuditContext): Promise<string[]> {
  const [{ names }, all] = await allInOrder([trustedNamespaces(gathered), gathered.namespaces()]);
  const nobodys = all.filter((namespace) => ownerOf(namespace) === undefined).map(({ metadata }) => metadata.name);
  return [...new Set([...names, ...nobodys, namespaces.podNamespace, namespaces.targetNamespace])].toSorted();
}

function reachFindings({ commands }: AuditContext, project: AppProject, closed: readonly string[]): Finding[] {
  const { name, namespace = 'argocd' } = project.metadata;
  const reached = closed.filter((each) => permitsNamespace(project, each));
  if (reached.length === 0) return [];
  const patch = reached.map((each) => ({
    op: 'add',
    path: '/spec/destinations/-',
    value: { server: '*', namespace: `!${each}` },
  }));
  return [
    failed(
      `through the AppProject ${printable(name)}, members deploy into ${enListed(reached.map(printable))} with Argo CD's rights. If the project is operators' own, name it in --operator-projects`,
      {
        label: 'and the same in its manifest',
        command: commands.kubectl`-n ${namespace} patch appproject/${name} --type=json -p ${JSON.stringify(patch)}`,
      },
    ),
  ];
}

function kindFindings({ commands }: AuditContext, { metadata, spec }: AppProject): Finding[] {
  const { name, namespace = 'argocd' } = metadata;
  if (spec.clusterResourceWhitelist.length === 0) return [];
  const kinds = spec.clusterResourceWhitelist.map(({ group, kind }) =>
    printable(group === '' ? kind : `${kind}.${group}`),
  );
  const patch = [{ op: 'remove', path: '/spec/clusterResourceWhitelist' }];
  return [
    failed(
      `through the AppProject ${printable(name)}, members deploy cluster-wide kinds with Argo CD's rights: ${enListed(kinds)}. If the project is operators' own, name it in --operator-projects`,
      {
        label: 'and the same in its manifest',
        command: commands.kubectl`-n ${namespace} patch appproject/${name} --type=json -p ${JSON.stringify(patch)}`,
      },
    ),
  ];
}
