/** The programs of a node and of its cluster DNS that are built from Go modules. */
import { fileURLToPath } from 'node:url';
import type { BinaryModule } from '../control-plane/index.ts';

const containerdVersion = 'v2.4.2';

export const containerd: BinaryModule<'containerd' | 'containerd-shim-runc-v2' | 'ctr' | 'pause'> = {
  name: 'containerd',
  version: containerdVersion,
  directory: fileURLToPath(new URL('go', import.meta.url)),
  ldflags: ['-s', '-w', `-X github.com/containerd/containerd/v2/version.Version=${containerdVersion}`],
  // btrfs needs C headers, and nobody tests on it.
  buildTags: ['no_btrfs'],
  programs: {
    containerd: { goPackage: 'github.com/containerd/containerd/v2/cmd/containerd' },
    'containerd-shim-runc-v2': { goPackage: 'github.com/containerd/containerd/v2/cmd/containerd-shim-runc-v2' },
    ctr: { goPackage: 'github.com/containerd/containerd/v2/cmd/ctr' },
    pause: { goPackage: './pause' },
  },
};

export const coredns: BinaryModule<'coredns'> = {
  name: 'coredns',
  version: 'v1.14.7',
  directory: fileURLToPath(new URL('coredns', import.meta.url)),
  ldflags: ['-s', '-w'],
  programs: { coredns: { goPackage: '.' } },
};
