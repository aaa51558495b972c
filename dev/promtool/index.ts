/** Prometheus' own checks of rules and metrics, by the real promtool. */
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { type BinaryModule, pinnedVersion, provideBinaries } from '../control-plane/index.ts';

const directory = fileURLToPath(new URL('go', import.meta.url));
const goModule = 'github.com/prometheus/prometheus';

const prometheus: BinaryModule<'promtool'> = {
  name: 'prometheus',
  version: pinnedVersion(directory, goModule),
  directory,
  ldflags: ['-s', '-w'],
  programs: { promtool: { goPackage: `${goModule}/cmd/promtool` } },
};

export interface PromtoolResult {
  readonly exitCode: number | null;
  /** Of stdout and stderr, as they came. */
  readonly printed: string;
}

/** Runs `promtool ARGS`, with `input` on stdin. The first time it is built, which takes minutes. */
export async function promtool(args: readonly string[], input = ''): Promise<PromtoolResult> {
  const binaries = await provideBinaries(prometheus, ['promtool'], { onProgress: (line) => console.error(line) });
  const { promise, resolve, reject } = Promise.withResolvers<PromtoolResult>();
  const child = spawn(binaries.path('promtool'), [...args], { stdio: ['pipe', 'pipe', 'pipe'] });
  let printed = '';
  const keep = (text: string) => {
    printed += text;
  };
  child.stdout.setEncoding('utf8').on('data', keep);
  child.stderr.setEncoding('utf8').on('data', keep);
  child.once('error', reject);
  child.once('close', (exitCode) => resolve({ exitCode, printed }));
  child.stdin.end(input);
  return promise;
}
