/** The real krew, kubectl's plugin manager, for tests of the plugin's manifest. */
import { fileURLToPath } from 'node:url';
import { type BinaryModule, pinnedVersion, provideBinaries } from '../control-plane/index.ts';

const directory = fileURLToPath(new URL('go', import.meta.url));
const goModule = 'sigs.k8s.io/krew';

const krew: BinaryModule<'krew'> = {
  name: 'krew',
  version: pinnedVersion(directory, goModule),
  directory,
  ldflags: ['-s', '-w'],
  programs: { krew: { goPackage: `${goModule}/cmd/krew` } },
};

/** The path of krew. The first time it is built, which takes a minute. */
export async function provideKrew(): Promise<string> {
  return (await provideBinaries(krew, ['krew'], { onProgress: (line) => console.error(line) })).path('krew');
}
