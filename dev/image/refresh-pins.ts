/**
 * `npm run image:pins`: pins Debian's newest versions, and the Node that this project runs on, for the image. Where these
 * are pinned already, the file stays as it is.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { findNpmPackage } from '../npm-package.ts';
import { openDebianArchive } from './debian.ts';
import { type Architecture, type DebianPackage, npmArchitecture, type Pins, readPins, writePins } from './pins.ts';

const DEBIAN_SUITE = 'trixie';
/**
 * What a distroless image for C++ programs holds. Time zones are not among them: Node brings its own.
 * gcc-14-base holds the licences of the compiler's libraries.
 */
const DEBIAN_PACKAGES = [
  'base-files',
  'ca-certificates',
  'gcc-14-base',
  'libatomic1',
  'libc6',
  'libgcc-s1',
  'libstdc++6',
];

const before = await readPins();
const pins: Pins = {
  ...before,
  debianSuite: DEBIAN_SUITE,
  architectures: { amd64: await pinsFor('amd64'), arm64: await pinsFor('arm64') },
};
if (!isDeepStrictEqual(pins, before)) await writePins({ ...pins, sourceDateEpoch: Math.floor(Date.now() / 1000) });
for (const [architecture, { debian, node }] of Object.entries(pins.architectures)) {
  console.log([architecture, ...[...debian, node].map(({ name, version }) => `  ${name} ${version}`)].join('\n'));
}

async function pinsFor(architecture: Architecture): Promise<Pins['architectures'][Architecture]> {
  const directory = await mkdtemp(join(tmpdir(), 'pks-image-pins-'));
  try {
    const archive = await openDebianArchive(DEBIAN_SUITE, architecture, directory);
    const debian: DebianPackage[] = [];
    for (const name of DEBIAN_PACKAGES) {
      const [newest] = await archive.offered(name);
      debian.push(newest);
    }
    // The release that development and tests run on.
    return { debian, node: await findNpmPackage(`node-linux-${npmArchitecture(architecture)}`, process.versions.node) };
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}
