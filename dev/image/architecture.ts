/** The processors that images are made for. */
export const architectures = ['amd64', 'arm64'] as const;
export type Architecture = (typeof architectures)[number];

/** The processor of this machine. @throws where no image is made for it */
export function hostArchitecture(): Architecture {
  if (process.arch === 'x64') return 'amd64';
  if (process.arch === 'arm64') return 'arm64';
  throw new Error(`No image is made for ${process.arch}: only for ${architectures.join(', ')}`);
}
