/**
 * The Debian packages of the image. Debian drops a version from its archive when it ships a newer one, and a build must
 * work on that day too. Each package comes from the first of these that has it:
 * - the cache, Debian, or Debian's archive of snapshots: exactly the pinned file, by its SHA-256;
 * - Debian in its current version: never older than the pinned one, by the SHA-256 in the lists that Debian signs.
 */
import { withoutInvisible } from '../../src/lib/terminal-text.ts';
import { openDownloads } from '../control-plane/binaries/download.ts';
import { type DebianArchive, type DebianMirror, openDebianArchive } from './debian.ts';
import { type Downloads, type KnownFile, withDownloads } from './downloads.ts';
import type { Architecture, DebianPackage, Pins } from './pins.ts';
import { runProgram } from './run-program.ts';
import { downloadSnapshot, SNAPSHOTS_URL } from './snapshots.ts';

export interface FetchedPackage extends DebianPackage {
  readonly file: string;
  /** The version in pins.json, where a newer one was taken. */
  readonly pinnedVersion?: string;
}

export interface PackageSources {
  /** This machine's by default. */
  readonly mirror?: DebianMirror;
  readonly snapshotsUrl?: string;
  /** A folder; the user's own by default. */
  readonly cache?: string;
  /** Receives one line where newer versions than the pinned ones were taken. */
  readonly say: (line: string) => void;
}

/** In the order of pins.json. @throws where Debian can't be reached, or where what it has fails a check */
export function fetchDebianPackages(
  { debianSuite, architectures }: Pick<Pins, 'debianSuite' | 'architectures'>,
  architecture: Architecture,
  { mirror, snapshotsUrl = SNAPSHOTS_URL, cache, say }: PackageSources,
): Promise<readonly FetchedPackage[]> {
  return withDownloads(async (downloads) => {
    // One for all packages: it remembers that a server couldn't be reached.
    await using web = openDownloads();
    let opened: Promise<DebianArchive> | undefined;
    const noSnapshots: string[] = [];
    const sources: Sources = {
      downloads,
      architecture,
      openArchive() {
        opened ??= openDebianArchive(debianSuite, architecture, downloads.directory, mirror);
        return opened;
      },
      async snapshotOf(pinned) {
        try {
          return await downloadSnapshot(web, snapshotsUrl, pinned, architecture, downloads.directory);
        } catch (error) {
          noSnapshots.push(error instanceof Error ? error.message : String(error));
          return undefined;
        }
      },
    };
    const fetched: FetchedPackage[] = [];
    for (const pinned of architectures[architecture].debian) fetched.push(await fetchPackage(pinned, sources));

    const newer = fetched.flatMap(({ name, version, pinnedVersion }) =>
      pinnedVersion === undefined ? [] : [`${name} ${version} instead of ${pinnedVersion}`],
    );
    if (newer.length > 0) {
      say(
        `pins.json is out of date: Debian ${debianSuite} for ${architecture} no longer has all of its versions, and no ` +
          `snapshot was found (${withoutInvisible(noSnapshots[0] ?? '')}). Taken, and named in the bill of materials: ` +
          `${newer.join(', ')}. To pin these: npm run image:pins`,
      );
    }
    return fetched;
  }, cache);
}

interface Sources {
  readonly downloads: Downloads;
  readonly architecture: Architecture;
  readonly openArchive: () => Promise<DebianArchive>;
  /** The pinned file; undefined where there is none. */
  readonly snapshotOf: (pinned: DebianPackage) => Promise<string | undefined>;
}

async function fetchPackage(pinned: DebianPackage, sources: Sources): Promise<FetchedPackage> {
  const { downloads, architecture, openArchive, snapshotOf } = sources;
  const provide = async (wanted: DebianPackage, fetch: () => Promise<string>): Promise<FetchedPackage> => ({
    ...wanted,
    file: await downloads.provide({ ...cacheEntry(wanted, architecture), fetch }),
  });
  const kept = await downloads.find(cacheEntry(pinned, architecture));
  if (kept !== undefined) return { ...pinned, file: kept };

  const archive = await openArchive();
  const offered = await archive.offered(pinned.name);
  if (offered.some(({ version }) => version === pinned.version)) return provide(pinned, () => archive.download(pinned));

  const snapshot = await snapshotOf(pinned);
  if (snapshot !== undefined) return provide(pinned, async () => snapshot);

  const [current] = offered;
  await assertNotOlder(current, pinned);
  return { ...(await provide(current, () => archive.download(current))), pinnedVersion: pinned.version };
}

/** Else anyone who is between us and Debian could bring old holes back with an old list, which Debian has signed as well. */
async function assertNotOlder(current: DebianPackage, pinned: DebianPackage): Promise<void> {
  try {
    await runProgram('dpkg', ['--compare-versions', current.version, 'ge', pinned.version]);
  } catch (error) {
    throw new Error(
      `Debian has ${current.name} ${current.version} only, which is older than the pinned ${pinned.version}: the mirror ` +
        'may be behind. Try again later, or use another mirror in the apt sources of this machine',
      { cause: error },
    );
  }
}

function cacheEntry({ name, sha256 }: DebianPackage, architecture: Architecture): KnownFile {
  return { name: `${name}_${architecture}.deb`, algorithm: 'sha256', digest: Buffer.from(sha256, 'hex') };
}
