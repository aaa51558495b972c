/** This machine in Go's words, which published files are named by. */
const ARCHITECTURES: Partial<Record<NodeJS.Architecture, string>> = {
  x64: 'amd64',
  arm64: 'arm64',
  ppc64: 'ppc64le',
  s390x: 's390x',
};

export const goPlatform = {
  os: process.platform === 'win32' ? 'windows' : process.platform,
  arch: ARCHITECTURES[process.arch] ?? process.arch,
};
