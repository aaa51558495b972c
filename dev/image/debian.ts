/**
 * Debian's packages, through apt with folders and a source list of its own: nothing of the machine's own package
 * state is changed, and packages for another architecture or a newer Debian than the machine's can be had.
 */
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { withDownloads } from './downloads.ts';
import type { Architecture, DebianPackage } from './pins.ts';
import { runProgram } from './run-program.ts';

const KEYRING = '/usr/share/keyrings/debian-archive-keyring.gpg';

export interface DebianArchive {
  /** The newest version offered, with its checksum. */
  newest(name: string): Promise<DebianPackage>;
  /** The package's file. @throws where this version is not offered any more. */
  download(pinned: DebianPackage): Promise<string>;
}

/** Fetches the lists of packages of a suite (such as `trixie`) with its updates, into a new `directory`. */
export async function openDebianArchive(
  suite: string,
  architecture: Architecture,
  directory: string,
): Promise<DebianArchive> {
  const configuration = await configureApt(suite, architecture, directory);
  const apt = (program: string, args: readonly string[], cwd = directory): Promise<Buffer> =>
    runProgram(program, args, { cwd, env: { APT_CONFIG: configuration } });
  await apt('apt-get', ['--quiet', 'update']);

  return {
    async newest(name) {
      const stanzas = (await apt('apt-cache', ['show', '--no-all-versions', name])).toString();
      const field = (key: string): string => {
        const value = new RegExp(`^${key}: (.+)$`, 'm').exec(stanzas)?.[1];
        if (value === undefined) throw new Error(`Debian ${suite} names no ${key} of ${name} for ${architecture}`);
        return value;
      };
      return { name, version: field('Version'), sha256: field('SHA256') };
    },
    async download({ name, version }) {
      const target = join(directory, name);
      await mkdir(target, { recursive: true });
      try {
        await apt('apt-get', ['--quiet', 'download', `${name}=${version}`], target);
      } catch (error) {
        throw new Error(
          `Debian ${suite} does not offer ${name} ${version} for ${architecture}. ` +
            'If a newer version took its place, pin that: npm run image:pins',
          { cause: error },
        );
      }
      const [file] = await readdir(target);
      if (file === undefined) throw new Error(`apt-get download left no file for ${name} ${version}`);
      return join(target, file);
    },
  };
}

/** The files of these packages, in their order: from the cache, else from Debian. */
export function fetchDebianPackages(
  suite: string,
  packages: readonly DebianPackage[],
  architecture: Architecture,
): Promise<string[]> {
  return withDownloads(async (downloads) => {
    let archive: DebianArchive | undefined;
    const files: string[] = [];
    for (const pinned of packages) {
      const file = await downloads.provide({
        name: `${pinned.name}_${architecture}.deb`,
        algorithm: 'sha256',
        digest: Buffer.from(pinned.sha256, 'hex'),
        fetch: async (directory) => {
          archive ??= await openDebianArchive(suite, architecture, directory);
          return archive.download(pinned);
        },
      });
      files.push(file);
    }
    return files;
  });
}

async function configureApt(suite: string, architecture: Architecture, directory: string): Promise<string> {
  for (const folder of ['state/lists/partial', 'cache/archives/partial', 'etc']) {
    await mkdir(join(directory, folder), { recursive: true });
  }
  const uri = await debianUri();
  const signed = `[signed-by=${KEYRING}]`;
  const sources = join(directory, 'etc/sources.list');
  await writeFile(
    sources,
    [
      `deb ${signed} ${uri} ${suite} main`,
      `deb ${signed} ${uri} ${suite}-updates main`,
      `deb ${signed} ${uri}-security ${suite}-security main`,
      '',
    ].join('\n'),
  );
  const configuration = join(directory, 'etc/apt.conf');
  await writeFile(
    configuration,
    [
      `Dir::State "${join(directory, 'state')}";`,
      'Dir::State::status "/dev/null";',
      `Dir::Cache "${join(directory, 'cache')}";`,
      `Dir::Etc::sourcelist "${sources}";`,
      'Dir::Etc::sourceparts "/dev/null";',
      'Acquire::Languages "none";',
      'Acquire::IndexTargets::deb::DEP-11::DefaultEnabled "false";',
      // apt's own user can't read a temporary folder of another user.
      'APT::Sandbox::User "root";',
      `APT::Architecture "${architecture}";`,
      `APT::Architectures { "${architecture}"; };`,
      '',
    ].join('\n'),
  );
  return configuration;
}

/** The mirror that this machine's own apt uses for Debian. */
async function debianUri(): Promise<string> {
  const lists = (await runProgram('apt-get', ['--print-uris', 'update'])).toString();
  const uri = /^'(\S+\/debian)\/dists\//m.exec(lists)?.[1];
  if (uri === undefined) {
    throw new Error('This machine has no apt source of Debian: make the image on Debian, or with `docker build .`');
  }
  return uri;
}
