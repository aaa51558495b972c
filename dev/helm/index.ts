/** The real helm, for tests of the chart. */
import { fileURLToPath } from 'node:url';
import { type BinaryModule, pinnedVersion, provideBinaries } from '../control-plane/index.ts';

const directory = fileURLToPath(new URL('go', import.meta.url));
const goModule = 'helm.sh/helm/v3';
const version = pinnedVersion(directory, goModule);

const helm: BinaryModule<'helm'> = {
  name: 'helm',
  version,
  directory,
  // Charts ask for a version of helm.
  ldflags: ['-s', '-w', `-X ${goModule}/internal/version.version=${version}`],
  programs: { helm: { goPackage: `${goModule}/cmd/helm` } },
};

/** The path of helm. The first time it is built, which takes minutes. */
export async function provideHelm(): Promise<string> {
  return (await provideBinaries(helm, ['helm'], { onProgress: (line) => console.error(line) })).path('helm');
}
