/** What a distroless image for C++ programs holds, in the versions that Debian serves now: as its base image is renewed. */

import type { Architecture } from './architecture.ts';
import { openDebianArchive } from './debian.ts';
import { withDownloads } from './downloads.ts';

const SUITE = 'trixie';
/** Time zones are not among them: Node brings its own. gcc-14-base holds the licences of the compiler's libraries. */
const NAMES = ['base-files', 'ca-certificates', 'gcc-14-base', 'libatomic1', 'libc6', 'libgcc-s1', 'libstdc++6'];

/** The packages' files, by the checksums in the lists that Debian signs. @throws where Debian can't be reached */
export function fetchDebianPackages(architecture: Architecture): Promise<readonly string[]> {
  return withDownloads(async (downloads) => {
    const archive = await openDebianArchive(SUITE, architecture, downloads.directory);
    const files: string[] = [];
    for (const name of NAMES) {
      const current = await archive.offered(name);
      files.push(
        await downloads.provide({
          name: `${name}_${architecture}.deb`,
          algorithm: 'sha256',
          digest: Buffer.from(current.sha256, 'hex'),
          fetch: () => archive.download(current),
        }),
      );
    }
    return files;
  });
}
