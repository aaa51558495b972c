/**
 * Debian's packages, through apt with folders and a source list of its own: nothing of the machine's own package
 * state is changed, and it works for another architecture or a newer Debian than the machine's.
 */
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Architecture } from './architecture.ts';
import { runProgram } from './run-program.ts';

const KEYRING = '/usr/share/keyrings/debian-archive-keyring.gpg';

interface DebianMirror {
  readonly uri: string;
  readonly securityUri: string;
}

export interface DebianPackage {
  readonly name: string;
  readonly version: string;
  readonly sha256: string;
}

export interface DebianArchive {
  /** The newest version, with the checksum of the signed lists. */
  offered(name: string): Promise<DebianPackage>;
  /** The file of that version. */
  download(wanted: DebianPackage): Promise<string>;
}

/**
 * Fetches the lists of packages of a suite (such as `trixie`) with its updates, into a new `directory`.
 *
 * @throws where a list can't be fetched, or isn't signed by Debian
 */
export async function openDebianArchive(
  suite: string,
  architecture: Architecture,
  directory: string,
): Promise<DebianArchive> {
  const configuration = await configureApt(suite, architecture, directory, await mirrorOfMachine());
  const apt = (program: string, args: readonly string[], cwd = directory): Promise<Buffer> =>
    runProgram(program, args, { cwd, env: { APT_CONFIG: configuration } });
  await apt('apt-get', ['--quiet', 'update']);

  return {
    async offered(name) {
      const shown = (await apt('apt-cache', ['show', '--no-all-versions', name])).toString();
      const field = (key: string): string => {
        const value = new RegExp(`^${key}: (.+)$`, 'm').exec(shown)?.[1];
        if (value === undefined) throw new Error(`Debian ${suite} names no ${key} of ${name} for ${architecture}`);
        return value;
      };
      return { name, version: field('Version'), sha256: field('SHA256') };
    },
    async download({ name, version }) {
      const target = join(directory, `${name}_${version}`);
      await mkdir(target, { recursive: true });
      await apt('apt-get', ['--quiet', 'download', `${name}=${version}`], target);
      const [file] = await readdir(target);
      if (file === undefined) throw new Error(`apt-get download left no file for ${name} ${version}`);
      return join(target, file);
    },
  };
}

async function configureApt(
  suite: string,
  architecture: Architecture,
  directory: string,
  { uri, securityUri }: DebianMirror,
): Promise<string> {
  for (const folder of ['state/lists/partial', 'cache/archives/partial', 'etc']) {
    await mkdir(join(directory, folder), { recursive: true });
  }
  const signed = `[signed-by=${KEYRING}]`;
  const sources = join(directory, 'etc/sources.list');
  await writeFile(
    sources,
    [
      `deb ${signed} ${uri} ${suite} main`,
      `deb ${signed} ${uri} ${suite}-updates main`,
      `deb ${signed} ${securityUri} ${suite}-security main`,
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
      // Otherwise a list that can't be fetched is a warning.
      'APT::Update::Error-Mode "any";',
      // apt 2.6 can wait for ever for the delay before a retry.
      'Acquire::Retries::Delay "false";',
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
async function mirrorOfMachine(): Promise<DebianMirror> {
  const lists = (await runProgram('apt-get', ['--print-uris', 'update'])).toString();
  const uri = /^'(\S+\/debian)\/dists\//m.exec(lists)?.[1];
  if (uri === undefined) {
    throw new Error('This machine has no apt source of Debian: make the image on Debian, or with `docker build .`');
  }
  return { uri, securityUri: `${uri}-security` };
}
