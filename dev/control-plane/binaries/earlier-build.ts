/**
 * A program that Go has built for an earlier state of go.mod, and would build the same now: Go writes into each program
 * which modules it is made of. So a change of one pin rebuilds only the programs that hold that module.
 */
import { execFile } from 'node:child_process';
import { copyFile, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { type PinnedModule, pinnedModules } from './programs.ts';
import type { SourceContext } from './sources.ts';

/** @returns the path of a copy in the scratch directory; undefined where there is none. Never rejects */
export async function earlierBuild<Name extends string>(
  { module, scratch, environment, onProgress }: SourceContext<Name>,
  program: Name,
  earlierDirectories: readonly string[],
): Promise<string | undefined> {
  for (const directory of earlierDirectories) {
    const earlier = join(directory, program);
    const modules = await modulesOf(earlier, environment);
    if (modules === undefined || !(await arePinned(modules, module.directory))) continue;
    const copy = join(scratch, program);
    await copyFile(earlier, copy);
    onProgress(`${program}: built before, from the same modules`);
    return copy;
  }
  return undefined;
}

interface BuiltModule extends PinnedModule {
  readonly path: string;
  /** Of the module, or of the one that replaces it: `h1:…`. A folder has none. */
  readonly sum: string | undefined;
}

/**
 * The modules a program is made of, as `go version -m` prints them; undefined where it can't tell. A module that is
 * replaced is followed by a line with what replaces it:
 *
 *     dep  k8s.io/api  v0.0.0
 *     =>   k8s.io/api  v0.36.3  h1:…
 */
async function modulesOf(file: string, environment: NodeJS.ProcessEnv): Promise<readonly BuiltModule[] | undefined> {
  let text: string;
  try {
    text = (await promisify(execFile)('go', ['version', '-m', file], { env: environment })).stdout;
  } catch {
    return undefined;
  }
  const modules: BuiltModule[] = [];
  for (const line of text.split('\n')) {
    const [kind, path = '', version = '', sum] = line.trim().split('\t');
    const last = modules.at(-1);
    if (kind === 'mod' || kind === 'dep') modules.push({ path, version, replacement: undefined, sum });
    else if (kind === '=>' && last !== undefined)
      modules[modules.length - 1] = { ...last, replacement: { path, version }, sum };
  }
  return modules.length === 0 ? undefined : modules;
}

/** Whether go.mod selects each of them at this version, and go.sum has it with this sum. What lies in a folder is not pinned. */
async function arePinned(modules: readonly BuiltModule[], moduleDirectory: string): Promise<boolean> {
  const pinned = pinnedModules(moduleDirectory);
  const sums = new Set((await readFile(join(moduleDirectory, 'go.sum'), 'utf8')).split('\n'));
  return modules.every(({ path, version, replacement, sum }) => {
    const pin = pinned.get(path);
    const content = replacement ?? { path, version };
    return (
      pin?.version === version &&
      pin.replacement?.path === replacement?.path &&
      pin.replacement?.version === replacement?.version &&
      sums.has(`${content.path} ${content.version} ${sum}`)
    );
  });
}
