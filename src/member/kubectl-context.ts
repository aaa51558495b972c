/** What kubectl knows of a cluster that was logged in to: the context that uses the login, and where it leads. */
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { parse } from 'yaml';
import * as z from 'zod/mini';
import type { MemberEnvironment } from './environment.ts';

export interface KubectlContext {
  readonly name: string;
  readonly isCurrent: boolean;
  /** undefined where the kubeconfig leads there in a way that login has not written. */
  readonly server: { readonly url: URL; readonly certificateAuthority: string } | undefined;
}

const optionalText = z.optional(z.string());
const kubeconfigSchema = z.object({
  'current-context': z.nullish(z.string()),
  clusters: z.nullish(
    z.array(
      z.object({
        name: z.string(),
        cluster: z.object({
          server: optionalText,
          'certificate-authority': optionalText,
          'certificate-authority-data': optionalText,
          'tls-server-name': optionalText,
          'insecure-skip-tls-verify': z.optional(z.boolean()),
          'proxy-url': optionalText,
        }),
      }),
    ),
  ),
  users: z.nullish(
    z.array(
      z.object({
        name: z.string(),
        user: z.object({ exec: z.optional(z.object({ args: z.nullish(z.array(z.string())) })) }),
      }),
    ),
  ),
  contexts: z.nullish(
    z.array(z.object({ name: z.string(), context: z.object({ cluster: optionalText, user: optionalText }) })),
  ),
});

type Kubeconfig = z.infer<typeof kubeconfigSchema> & { readonly file: string };

/**
 * The context whose user is this program for the cluster: the current one before others. undefined where there is none.
 * Several files are read as kubectl does: the first that has an entry counts. A file that can't be read is as if it were not there.
 */
export async function kubectlContext(
  { env, home }: Pick<MemberEnvironment, 'env' | 'home'>,
  cluster: string,
): Promise<KubectlContext | undefined> {
  const { KUBECONFIG = '' } = env;
  const listed = KUBECONFIG.split(path.delimiter).filter((file) => file !== '');
  const files = listed.length > 0 ? listed : [path.join(home, '.kube', 'config')];
  const read = (await Promise.all(files.map(readKubeconfig))).filter((each) => each !== undefined);
  const current = read.map((each) => each['current-context']).find((name) => name);
  const contexts = firstOfEach(read.flatMap((each) => each.contexts ?? []));
  const users = firstOfEach(read.flatMap((each) => each.users ?? []));
  const ours = [...contexts.values()].filter(({ context }) =>
    asksFor(users.get(context.user ?? '')?.user.exec?.args ?? [], cluster),
  );
  const found = ours.find(({ name }) => name === current) ?? ours.find(({ name }) => name === cluster) ?? ours[0];
  if (found === undefined) return undefined;
  const server = await serverOf(read, found.context.cluster ?? '');
  return { name: found.name, isCurrent: found.name === current, server };
}

async function readKubeconfig(file: string): Promise<Kubeconfig | undefined> {
  try {
    const content = kubeconfigSchema.safeParse(parse(await readFile(file, 'utf8')));
    return content.success ? { ...content.data, file } : undefined;
  } catch {
    return undefined;
  }
}

function firstOfEach<T extends { readonly name: string }>(entries: readonly T[]): Map<string, T> {
  return new Map(entries.toReversed().map((entry) => [entry.name, entry]));
}

function asksFor(args: readonly string[], cluster: string): boolean {
  const [name, flag, command] = args.toReversed();
  return command === 'get-token' && flag === '--name' && name === cluster;
}

async function serverOf(read: readonly Kubeconfig[], name: string): Promise<KubectlContext['server']> {
  for (const { clusters, file } of read) {
    const found = clusters?.find((each) => each.name === name)?.cluster;
    if (found === undefined) continue;
    const isOtherwise = found['tls-server-name'] ?? found['proxy-url'] ?? found['insecure-skip-tls-verify'];
    if (isOtherwise || found.server === undefined || !URL.canParse(found.server)) return undefined;
    const certificateAuthority = await authorityOf(found, file);
    return certificateAuthority === undefined ? undefined : { url: new URL(found.server), certificateAuthority };
  }
  return undefined;
}

type ClusterEntry = NonNullable<Kubeconfig['clusters']>[number]['cluster'];

async function authorityOf(entry: ClusterEntry, kubeconfig: string): Promise<string | undefined> {
  const data = entry['certificate-authority-data'];
  if (data !== undefined) return Buffer.from(data, 'base64').toString('utf8');
  const file = entry['certificate-authority'];
  if (file === undefined) return undefined;
  return readFile(path.resolve(path.dirname(kubeconfig), file), 'utf8').catch(() => undefined);
}
