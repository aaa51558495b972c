/** Which programs there are, and where each can come from. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** A Go module and the programs that are built from it. Other folders of dev/ describe their own in the same way. */
export interface BinaryModule<Name extends string> {
  /** In the cache's folder name and in messages, e.g. `kubernetes`. */
  readonly name: string;
  /** With its `v`, e.g. `v1.36.3`. */
  readonly version: string;
  /** The directory with go.mod and go.sum, which pin everything. */
  readonly directory: string;
  readonly ldflags: readonly string[];
  readonly buildTags?: readonly string[];
  readonly programs: Readonly<Record<Name, Program>>;
}

export interface Program {
  /** The Go package to build. */
  readonly goPackage: string;
  /** The project's own published binary, if there is one. */
  readonly published?: 'envtest archive' | 'kubernetes release';
}

export type KubernetesProgram =
  | 'etcd'
  | 'kube-apiserver'
  | 'kubectl'
  | 'kube-controller-manager'
  | 'kube-scheduler'
  | 'kubelet'
  | 'kube-proxy';

const versionPackage = 'k8s.io/component-base/version';

interface ModuleSource {
  readonly directory: string;
  readonly version: string;
  readonly ldflags: readonly string[];
}

function kubernetesIn(folder: string): ModuleSource {
  const directory = fileURLToPath(new URL(`../${folder}`, import.meta.url));
  const version = pinnedVersion(directory, 'k8s.io/kubernetes');
  const [major, minor] = version.slice(1).split('.');
  return {
    directory,
    version,
    // Without these the API server calls itself v0.0.0-master, and clients compare versions.
    ldflags: [
      '-s',
      '-w',
      `-X ${versionPackage}.gitVersion=${version}`,
      `-X ${versionPackage}.gitMajor=${major}`,
      `-X ${versionPackage}.gitMinor=${minor}`,
    ],
  };
}

const apiServer: Program = { goPackage: 'k8s.io/kubernetes/cmd/kube-apiserver', published: 'envtest archive' };

export const kubernetes: BinaryModule<KubernetesProgram> = {
  name: 'kubernetes',
  ...kubernetesIn('go'),
  programs: {
    etcd: { goPackage: 'go.etcd.io/etcd/server/v3', published: 'envtest archive' },
    'kube-apiserver': apiServer,
    kubectl: { goPackage: 'k8s.io/kubernetes/cmd/kubectl', published: 'envtest archive' },
    'kube-controller-manager': {
      goPackage: 'k8s.io/kubernetes/cmd/kube-controller-manager',
      published: 'kubernetes release',
    },
    'kube-scheduler': { goPackage: 'k8s.io/kubernetes/cmd/kube-scheduler', published: 'kubernetes release' },
    kubelet: { goPackage: 'k8s.io/kubernetes/cmd/kubelet', published: 'kubernetes release' },
    'kube-proxy': { goPackage: 'k8s.io/kubernetes/cmd/kube-proxy', published: 'kubernetes release' },
  },
};

/** The oldest supported API server: all that depends on the version happens in it. */
export const oldestKubernetes: BinaryModule<'kube-apiserver'> = {
  name: 'kubernetes',
  ...kubernetesIn('go-oldest'),
  programs: { 'kube-apiserver': apiServer },
};

/** The version of a required module, with its `v`, as the go.mod in this directory pins it. */
export function pinnedVersion(moduleDirectory: string, requirement: string): string {
  const found = goModLines(moduleDirectory).find(([name]) => name === requirement)?.[1];
  if (found === undefined) throw new Error(`${join(moduleDirectory, 'go.mod')} requires no ${requirement}`);
  return found;
}

/** What go.mod says of a module that programs are made of. */
export interface PinnedModule {
  /** With its `v`. */
  readonly version: string;
  readonly replacement: { readonly path: string; readonly version: string } | undefined;
}

/** All that a build takes from elsewhere, by path: go.mod lists what is needed in the end, too. */
export function pinnedModules(moduleDirectory: string): ReadonlyMap<string, PinnedModule> {
  const lines = goModLines(moduleDirectory);
  const replacements = new Map(
    lines.flatMap(([path = '', arrow, target = '', pin = '']) =>
      arrow === '=>' ? [[path, { path: target, version: pin }] as const] : [],
    ),
  );
  return new Map(
    lines.flatMap(([path = '', pin]) =>
      pin?.startsWith('v') === true ? [[path, { version: pin, replacement: replacements.get(path) }] as const] : [],
    ),
  );
}

/** The oldest Go that builds the module, e.g. `1.26.0`. */
export function requiredGo(moduleDirectory: string): string {
  return goModLines(moduleDirectory).find(([keyword]) => keyword === 'go')?.[1] ?? '(of any version)';
}

function goModLines(moduleDirectory: string): string[][] {
  const goMod = readFileSync(join(moduleDirectory, 'go.mod'), 'utf8');
  return goMod.split('\n').map((line) =>
    line
      .replace(/^(require|replace)\s+/, '')
      .trim()
      .split(/\s+/),
  );
}
