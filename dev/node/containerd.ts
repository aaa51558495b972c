/** containerd, with images that are imported rather than pulled. */
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { CNI_DIRECTORY } from './requirements.ts';
import type { Sandbox } from './sandbox.ts';

const READY_TIMEOUT_MS = 30_000;
const READY_POLL_MS = 100;

export interface ContainerRuntime {
  /** As kubelet wants it: `unix://…` */
  readonly endpoint: string;
  /** Makes the images of an OCI or Docker archive available under their own names. */
  importImage(archive: string): Promise<void>;
  /** Gives an image another reference, which may be one by digest. */
  tagImage(reference: string, alias: string): Promise<void>;
}

export interface ContainerdPrograms {
  readonly containerd: string;
  readonly ctr: string;
  /** containerd finds its shim in PATH. */
  readonly shim: string;
}

export async function startContainerd(
  sandbox: Sandbox,
  programs: ContainerdPrograms,
  { cniConfiguration, pauseImage }: { cniConfiguration: string; pauseImage: string },
): Promise<ContainerRuntime> {
  const directory = join(sandbox.directory, 'containerd');
  await mkdir(directory);
  // Unix socket addresses are short (107 bytes), temporary directories need not be: /run is the sandbox's own.
  const socket = '/run/containerd/containerd.sock';
  const configuration = join(directory, 'config.toml');
  await writeFile(configuration, renderConfiguration({ directory, socket, cniConfiguration, pauseImage }));
  const logFile = join(sandbox.directory, 'containerd.log');
  const containerd = await sandbox.spawn([programs.containerd, '--config', configuration], logFile, {
    ...process.env,
    PATH: `${dirname(programs.shim)}:${process.env['PATH'] ?? ''}`,
  });

  const ctr = (...args: string[]): Promise<string> =>
    sandbox.run([programs.ctr, '--address', socket, '--namespace', 'k8s.io', ...args]);
  const deadline = performance.now() + READY_TIMEOUT_MS;
  for (;;) {
    const failure = await ctr('version').then(
      () => undefined,
      (error: unknown) => error,
    );
    if (failure === undefined) break;
    if (containerd.hasExited() || performance.now() > deadline) {
      throw new Error(`containerd did not become ready; its log: ${logFile}`, { cause: failure });
    }
    await sleep(READY_POLL_MS);
  }
  return {
    endpoint: `unix://${socket}`,
    importImage: async (archive) => {
      await ctr('images', 'import', archive);
    },
    tagImage: async (reference, alias) => {
      await ctr('images', 'tag', '--force', reference, alias);
    },
  };
}

function renderConfiguration({
  directory,
  socket,
  cniConfiguration,
  pauseImage,
}: {
  directory: string;
  socket: string;
  cniConfiguration: string;
  pauseImage: string;
}): string {
  return `version = 3
root = '${directory}/root'
state = '/run/containerd/state'

[grpc]
address = '${socket}'

[plugins.'io.containerd.cri.v1.images'.pinned_images]
sandbox = '${pauseImage}'

[plugins.'io.containerd.cri.v1.runtime']
# Where this machine may not lower a score itself, runc dies with "can't get final child's PID from pipe".
restrict_oom_score_adj = true

[plugins.'io.containerd.cri.v1.runtime'.containerd.runtimes.runc]
runtime_type = 'io.containerd.runc.v2'

[plugins.'io.containerd.cri.v1.runtime'.containerd.runtimes.runc.options]
SystemdCgroup = false

[plugins.'io.containerd.cri.v1.runtime'.cni]
bin_dirs = ['${CNI_DIRECTORY}']
conf_dir = '${cniConfiguration}'
`;
}
