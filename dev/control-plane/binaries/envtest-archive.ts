/** etcd, kube-apiserver and kubectl in one archive, published by kubernetes-sigs/controller-tools for tests. */
import { mkdir } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { extract } from 'tar';
import { parse } from 'yaml';
import { z } from 'zod';
import type { Downloads } from './download.ts';
import { goPlatform } from './platform.ts';
import type { Source, SourceContext } from './sources.ts';

const DEFAULT_INDEX = 'https://raw.githubusercontent.com/kubernetes-sigs/controller-tools/HEAD/envtest-releases.yaml';

const indexSchema = z.object({
  releases: z.record(
    z.string(),
    z.record(z.string(), z.object({ hash: z.string().regex(/^[0-9a-f]{128}$/i), selfLink: z.url() })),
  ),
});
type Index = z.infer<typeof indexSchema>;

/** The environment variable ENVTEST_INDEX_URL names another index. */
export function envtestArchive<Name extends string>(context: SourceContext<Name>, downloads: Downloads): Source<Name> {
  const { module, environment } = context;
  const indexUrl = environment['ENVTEST_INDEX_URL'] ?? DEFAULT_INDEX;
  let unpacked: Promise<ReadonlyMap<string, string>> | undefined;
  return {
    name: 'official download',
    async obtain(program) {
      // One archive holds all three: it is fetched once, and fails once.
      unpacked ??= unpackRelease(context, downloads, indexUrl, module.version);
      const file = (await unpacked).get(program);
      if (file === undefined) throw new Error(`the envtest archive of ${module.version} holds no ${program}`);
      return file;
    },
  };
}

async function unpackRelease<Name extends string>(
  { scratch, onProgress }: SourceContext<Name>,
  downloads: Downloads,
  indexUrl: string,
  wanted: string,
): Promise<ReadonlyMap<string, string>> {
  const index = readIndex(await downloads.text(indexUrl), indexUrl);
  const version = nearestPatch(Object.keys(index.releases), wanted);
  if (version === undefined) throw new Error(`${indexUrl} lists no release of ${minorOf(wanted)}`);
  const fileName = `envtest-${version}-${goPlatform.os}-${goPlatform.arch}.tar.gz`;
  const entry = index.releases[version]?.[fileName];
  if (entry === undefined) throw new Error(`${indexUrl} lists no ${fileName}`);

  onProgress(`etcd, kube-apiserver, kubectl: downloading ${entry.selfLink}`);
  const archive = join(scratch, fileName);
  await downloads.file(entry.selfLink, archive, { algorithm: 'sha512', sum: entry.hash }, (line) =>
    onProgress(`${fileName}: ${line}`),
  );
  return unpack(archive, join(scratch, 'envtest'));
}

function readIndex(content: string, indexUrl: string): Index {
  const index = indexSchema.safeParse(parseYaml(content));
  if (!index.success) throw new Error(`${indexUrl} is not an index of envtest releases`);
  return index.data;
}

function parseYaml(content: string): unknown {
  try {
    return parse(content);
  } catch {
    return undefined;
  }
}

/** Not every patch release has an archive: that version, else the newest stable one of the same minor version. */
function nearestPatch(versions: readonly string[], wanted: string): string | undefined {
  if (versions.includes(wanted)) return wanted;
  const patch = (version: string): number => Number(version.slice(minorOf(wanted).length + 1));
  return versions
    .filter((version) => minorOf(version) === minorOf(wanted) && Number.isInteger(patch(version)))
    .toSorted((a, b) => patch(b) - patch(a))[0];
}

/** `v1.36.3` -> `v1.36` */
function minorOf(version: string): string {
  return version.split('.').slice(0, 2).join('.');
}

/** Unpacks the archive's files, by name. */
async function unpack(archive: string, directory: string): Promise<ReadonlyMap<string, string>> {
  const files = new Map<string, string>();
  await mkdir(directory);
  await extract({
    file: archive,
    cwd: directory,
    strict: true,
    filter: (path, entry) => {
      const isFile = 'type' in entry && entry.type === 'File';
      if (isFile) files.set(basename(path), join(directory, path));
      return isFile;
    },
  });
  return files;
}
