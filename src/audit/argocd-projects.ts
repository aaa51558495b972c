/**
 * Argo CD's AppProjects: what an Application in one of them may deploy. The rules are Argo CD's own
 * (pkg/apis/application/v1alpha1/app_project_types.go of 3.1). Pure, but for the kind to list.
 */
import * as z from 'zod';
import { type Kind, metadataSchema } from './objects.ts';

const strings = z
  .array(z.string())
  .nullish()
  .transform((list) => list ?? []);
const kinds = z.array(
  z.object({ group: z.string().default(''), kind: z.string().default(''), name: z.string().optional() }),
);
export type AllowedKind = z.infer<typeof kinds>[number];

const projectSchema = z.object({
  metadata: metadataSchema,
  spec: z.object({
    sourceRepos: strings,
    destinations: z
      .array(
        z.object({
          server: z.string().default(''),
          name: z.string().default(''),
          namespace: z.string().default(''),
        }),
      )
      .nullish()
      .transform((list) => list ?? []),
    clusterResourceWhitelist: kinds.nullish().transform((list) => list ?? []),
    clusterResourceBlacklist: kinds.nullish().transform((list) => list ?? []),
    /** Missing: every kind. */
    namespaceResourceWhitelist: kinds.nullish(),
    namespaceResourceBlacklist: kinds.nullish().transform((list) => list ?? []),
  }),
});
export type AppProject = z.infer<typeof projectSchema>;

export const appProjectKind: Kind<AppProject> = {
  path: '/apis/argoproj.io/v1alpha1/appprojects',
  what: 'AppProjects',
  item: projectSchema,
};

/** The cluster that Argo CD itself runs in. */
const ownCluster = { server: 'https://kubernetes.default.svc', name: 'in-cluster' };

export interface DeployedObject {
  readonly group: string;
  readonly kind: string;
  /** undefined for what is cluster-wide. */
  readonly namespace: string | undefined;
}

export function permits(project: AppProject, object: DeployedObject): boolean {
  if (!permitsKind(project, object)) return false;
  return object.namespace === undefined || permitsNamespace(project, object.namespace);
}

/** One destination that matches is enough, unless one that begins with `!` denies it. */
export function permitsNamespace({ spec }: AppProject, namespace: string): boolean {
  let permitted = false;
  for (const item of spec.destinations) {
    const byName = matchesOrDenies(item.name, ownCluster.name);
    const byServer = matchesOrDenies(item.server, ownCluster.server);
    const inNamespace = matchesOrDenies(item.namespace, namespace);
    if ((byServer || byName) && inNamespace) permitted = true;
    else if (!byName && denies(item.name)) return false;
    else if (!byServer && denies(item.server) && inNamespace) return false;
    else if (!inNamespace && denies(item.namespace) && byServer) return false;
  }
  return permitted;
}

export function permitsRepository({ spec }: AppProject, repository: string): boolean {
  const wanted = normalized(repository);
  let permitted = false;
  for (const pattern of spec.sourceRepos) {
    const text = denies(pattern) ? `!${normalized(pattern.slice(1))}` : normalized(pattern);
    if (matchesOrDenies(text, wanted, '/')) permitted = true;
    else if (denies(pattern)) return false;
  }
  return permitted;
}

function permitsKind({ spec }: AppProject, { group, kind, namespace }: DeployedObject): boolean {
  const isIn = (list: readonly AllowedKind[]): boolean =>
    list.some((item) => glob(item.kind, kind, '/') && glob(item.group, group, '/'));
  if (namespace === undefined) return isIn(spec.clusterResourceWhitelist) && !isIn(spec.clusterResourceBlacklist);
  const { namespaceResourceWhitelist: allowed } = spec;
  return (!allowed || isIn(allowed)) && !isIn(spec.namespaceResourceBlacklist);
}

function denies(pattern: string): boolean {
  return pattern.startsWith('!');
}

function matchesOrDenies(pattern: string, text: string, separator?: '/'): boolean {
  return denies(pattern) ? !glob(pattern.slice(1), text, separator) : glob(pattern, text, separator);
}

/** `*` stops at a separator, `**` doesn't; `?`, `[abc]` and `{a,b}` as in a shell. */
function glob(pattern: string, text: string, separator?: '/'): boolean {
  const one = separator === undefined ? '.' : `[^${separator}]`;
  const expression = pattern.replace(/\*\*|[*?{},.+^$()|\\/]/g, (found) => {
    const known: Readonly<Record<string, string>> = {
      '**': '.*',
      '*': `${one}*`,
      '?': one,
      '{': '(?:',
      '}': ')',
      ',': '|',
    };
    return known[found] ?? `\\${found}`;
  });
  try {
    return new RegExp(`^(?:${expression})$`, 's').test(text);
  } catch {
    // No pattern that Argo CD could read either: it matches nothing there.
    return false;
  }
}

/** As Argo CD compares repositories: without `.git`, case and a slash at the end. */
function normalized(repository: string): string {
  return repository
    .trim()
    .toLowerCase()
    .replace(/\/$/, '')
    .replace(/\.git$/, '');
}
