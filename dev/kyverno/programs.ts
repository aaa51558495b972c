import { fileURLToPath } from 'node:url';
import { type BinaryModule, pinnedVersion } from '../control-plane/index.ts';

const goModule = 'github.com/kyverno/kyverno';
const directory = fileURLToPath(new URL('go', import.meta.url));
const version = pinnedVersion(directory, goModule);

export type KyvernoProgram = 'kyverno' | 'background-controller' | 'kubectl-kyverno';

/** There are published binaries of the CLI alone, so that all three are built. */
export const kyvernoModule: BinaryModule<KyvernoProgram> & { readonly goModule: string } = {
  name: 'kyverno',
  version,
  goModule,
  directory,
  ldflags: ['-s', '-w', `-X ${goModule}/pkg/version.BuildVersion=${version}`],
  programs: {
    kyverno: { goPackage: `${goModule}/cmd/kyverno` },
    'background-controller': { goPackage: `${goModule}/cmd/background-controller` },
    'kubectl-kyverno': { goPackage: `${goModule}/cmd/cli/kubectl-kyverno` },
  },
};
