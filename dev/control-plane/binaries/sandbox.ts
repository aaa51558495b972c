/** For tests: a Go module, a `go` and a cache of a test's own. */
import { readdirSync } from 'node:fs';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { freePort } from '../daemon.ts';
import { type RunningScript, runNode, temporaryDirectory } from '../testing.ts';
import { type BinaryModule, type KubernetesProgram, kubernetes } from './index.ts';

export interface Sandbox {
  readonly module: BinaryModule<KubernetesProgram>;
  /** A cache of its own, the `go` that was chosen, and no download server. */
  readonly environment: NodeJS.ProcessEnv;
  /** The path of what stands in for `go`. */
  readonly goProgram: string;
  /** The packages that `go` was asked to build. */
  readonly builds: () => Promise<string[]>;
  /** What `go` says of every program that it has built, as `go version -m` prints it. Until then it can't tell. */
  readonly sayModules: (lines: readonly string[]) => Promise<void>;
  /** Lets a `go` that waits go on. */
  letGoFinish(): Promise<void>;
  /** The cache's one folder. */
  cacheDirectory(): string;
  /** Provides a program in a process of its own, which prints the progress. */
  provideInProcess(program: KubernetesProgram, environment?: NodeJS.ProcessEnv): RunningScript;
}

/** `go`: what is found under this name; a build takes minutes, which most tests can do without. */
export async function makeSandbox({ go }: { go: 'builds' | 'waits' | 'fails' | 'missing' | 'real' }): Promise<Sandbox> {
  const root = await temporaryDirectory();
  const [directory, cache, path] = [join(root, 'module'), join(root, 'cache'), join(root, 'path')];
  const [record, modules, gate] = [join(root, 'builds'), join(root, 'modules'), join(root, 'gate')];
  const goProgram = join(path, 'go');
  for (const one of [directory, path]) await mkdir(one);
  await writeFile(join(directory, 'go.mod'), 'module example.org/programs\n\ngo 1.26.0\n');
  await writeFile(join(directory, 'go.sum'), '');
  await writeFile(record, '');
  if (go === 'waits') await writeFile(gate, '');
  if (go !== 'missing' && go !== 'real') {
    const ending = go === 'fails' ? 'echo "main.go:3: syntax error"; exit 1' : 'echo "made by go" > "$destination"';
    await writeFile(goProgram, goScript({ record, modules, gate, ending }), { mode: 0o755 });
  }

  const nobody = `http://127.0.0.1:${await freePort()}`;
  const environment = {
    ...process.env,
    KUBEBUILDER_ASSETS: undefined,
    XDG_CACHE_HOME: cache,
    ...(go === 'real' ? {} : { PATH: path }),
    ENVTEST_INDEX_URL: `${nobody}/index.yaml`,
    KUBERNETES_RELEASE_URL: nobody,
  };
  const module = { ...kubernetes, name: 'programs', version: 'v9.8.7', directory };
  return {
    module,
    environment,
    goProgram,
    builds: async () => (await readFile(record, 'utf8')).split('\n').filter((line) => line !== ''),
    sayModules: (lines) => writeFile(modules, lines.map((line) => `${line}\n`).join('')),
    letGoFinish: () => rm(gate),
    cacheDirectory() {
      const home = join(cache, 'pks-credentials-updater');
      return join(home, ...readdirSync(home));
    },
    provideInProcess: (program, itsEnvironment = environment) =>
      runNode(['--input-type=module', '--eval', provideScript(module, program)], itsEnvironment),
  };
}

function goScript(files: { record: string; modules: string; gate: string; ending: string }): string {
  const { record, modules, gate, ending } = files;
  return `#!/bin/sh
PATH=/usr/bin:/bin
if [ "$1" = version ]; then exec cat '${modules}'; fi
while [ "$#" -gt 1 ]; do
  if [ "$1" = -o ]; then destination=$2; fi
  shift
done
echo "$1" >> '${record}'
while [ -e '${gate}' ]; do sleep 0.05; done
${ending}
`;
}

function provideScript(module: BinaryModule<KubernetesProgram>, program: KubernetesProgram): string {
  return `
import { provideBinaries } from ${JSON.stringify(new URL('index.ts', import.meta.url).href)};
await provideBinaries(${JSON.stringify(module)}, [${JSON.stringify(program)}], { onProgress: console.log });
`;
}
