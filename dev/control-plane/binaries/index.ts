/**
 * Programs of a pinned version, from the first place that has them: the folder KUBEBUILDER_ASSETS, the cache (also that of
 * other pins, where they make no difference), the project's own downloads, a Go build.
 */
import { accessSync, constants, statSync } from 'node:fs';
import { join } from 'node:path';
import { type BinaryCache, openCache, type Shelf } from './cache.ts';
import { openDownloads } from './download.ts';
import { earlierBuild } from './earlier-build.ts';
import { envtestArchive } from './envtest-archive.ts';
import { goBuild } from './go-build.ts';
import { kubernetesRelease } from './kubernetes-release.ts';
import { type BinaryModule, requiredGo } from './programs.ts';
import type { Source, SourceContext } from './sources.ts';

export type { BinaryModule, KubernetesProgram, Program } from './programs.ts';
export { kubernetes, oldestKubernetes, pinnedVersion } from './programs.ts';

export interface Binaries<Name extends string> {
  /** The absolute path of a program that was asked for. */
  path(program: Name): string;
}

export interface BinaryOptions {
  readonly environment?: NodeJS.ProcessEnv;
  /** Called with one line at a time. */
  readonly onProgress?: (line: string) => void;
}

/** Says, in several lines, what was tried and why each failed. */
export class BinariesMissingError extends Error {
  override readonly name = 'BinariesMissingError';
}

/** The paths of these programs of a module, obtaining what is missing. @throws {BinariesMissingError} */
export async function provideBinaries<Name extends string>(
  module: BinaryModule<Name>,
  names: readonly Name[],
  { environment = process.env, onProgress = () => {} }: BinaryOptions = {},
): Promise<Binaries<Name>> {
  const assets = environment['KUBEBUILDER_ASSETS'];
  const cache = await openCache(module, environment);
  const find = (name: Name): string | undefined =>
    [...(assets === undefined ? [] : [join(assets, name)]), cache.path(name)].find(isExecutable);
  const areMissing = (): Name[] => names.filter((name) => find(name) === undefined);

  if (areMissing().length > 0) {
    await cache.fill(
      // Looked at again: another process may have filled the cache while this one waited.
      (shelf) => obtainAll(areMissing(), { module, scratch: shelf.scratch, environment, onProgress }, cache, shelf),
      (holder) => onProgress(`waiting for ${holder}, which is fetching or building the same programs`),
    );
  }
  return {
    path(name) {
      const path = names.includes(name) ? find(name) : undefined;
      if (path === undefined) throw new RangeError(`${name} is not among the programs asked for: ${names.join(', ')}`);
      return path;
    },
  };
}

async function obtainAll<Name extends string>(
  names: readonly Name[],
  context: SourceContext<Name>,
  cache: BinaryCache,
  shelf: Shelf,
): Promise<void> {
  await using downloads = openDownloads();
  const official = {
    'envtest archive': envtestArchive(context, downloads),
    'kubernetes release': kubernetesRelease(context, downloads),
  };
  const build = goBuild(context);
  const earlierDirectories = await cache.earlierDirectories();
  for (const name of names) {
    const { published } = context.module.programs[name];
    const sources = published === undefined ? [build] : [official[published], build];
    const earlier = await earlierBuild(context, name, earlierDirectories);
    await shelf.add(name, earlier ?? (await obtainFromFirst(sources, name, context, cache)));
  }
}

async function obtainFromFirst<Name extends string>(
  sources: readonly Source<Name>[],
  name: Name,
  { module, environment, onProgress }: SourceContext<Name>,
  cache: BinaryCache,
): Promise<string> {
  const assets = environment['KUBEBUILDER_ASSETS'];
  const reasons = [
    `KUBEBUILDER_ASSETS: ${assets === undefined ? 'not set' : `${assets} holds no executable ${name}`}`,
    `cache: ${cache.directory} holds none`,
  ];
  for (const source of sources) {
    try {
      return await source.obtain(name);
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      reasons.push(`${source.name}: ${reason}`);
      onProgress(`${name}: no ${source.name}: ${reason}`);
    }
  }
  throw new BinariesMissingError(
    [
      `${name} ${module.version} could not be had. What was tried:`,
      ...reasons.map((reason) => `  - ${reason}`),
      `To go on, install Go ${requiredGo(module.directory)} or later, or make the download reachable (HTTPS_PROXY is honoured), ` +
        `or set KUBEBUILDER_ASSETS to a folder that holds the programs.`,
    ].join('\n'),
  );
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}
