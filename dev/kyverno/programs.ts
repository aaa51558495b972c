import { fileURLToPath } from 'node:url';
import { type BinaryModule, pinnedVersion } from '../control-plane/index.ts';
import { chosenVersions, type Versions } from '../versions.ts';

const goModule = 'github.com/kyverno/kyverno';

export type KyvernoProgram = 'kyverno' | 'background-controller' | 'kubectl-kyverno';

export interface KyvernoModule extends BinaryModule<KyvernoProgram> {
  readonly goModule: string;
  /** Whether it can be told on which address to listen; else it does on all of them. */
  readonly knowsHosts: boolean;
}

const modules: Readonly<Record<Versions, KyvernoModule>> = {
  oldest: { ...moduleIn('go-oldest'), knowsHosts: false },
  newest: { ...moduleIn('go'), knowsHosts: true },
};

export function kyvernoModule(versions: Versions = chosenVersions()): KyvernoModule {
  return modules[versions];
}

/** There are published binaries of the CLI alone, so that all three are built. */
function moduleIn(folder: string): Omit<KyvernoModule, 'knowsHosts'> {
  const directory = fileURLToPath(new URL(folder, import.meta.url));
  const version = pinnedVersion(directory, goModule);
  return {
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
}
