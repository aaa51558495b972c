/**
 * The image's files: Debian's C and C++ libraries and certificate authorities, Node, and one bundled program. The same
 * pins and the same bundle give the same bytes, on any machine.
 */
import { Buffer } from 'node:buffer';
import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { gunzipSync } from 'node:zlib';
import type { Architecture } from './architecture.ts';
import { runProgram } from './run-program.ts';
import { type FileEntry, readTar } from './tar.ts';

/** The user that the image runs as: nobody's account, as in distroless images. */
export const USER_ID = 65_532;
export const NODE_PATH = 'usr/local/bin/node';
export const CERTIFICATES_PATH = 'etc/ssl/certs/ca-certificates.crt';
/** Where an operator may mount authorities of their own; empty otherwise. */
export const EXTRA_CERTIFICATES_PATH = 'etc/credentials-updater-ca/';
const MOZILLA_CERTIFICATES = 'usr/share/ca-certificates/mozilla/';

/** What Debian's packages hold for shells, editors, manuals and other alphabets than UTF-8. */
const NOT_NEEDED = [
  /^usr\/share\/(?!doc\/.*\/copyright$|doc\/[^/]+$|common-licenses\/|ca-certificates\/)/,
  /^usr\/lib\/[^/]+\/gconv\//,
  /^usr\/sbin\//,
  /^etc\/(?!os-release$|debian_version$)/,
];

export interface RootFileSystem {
  readonly architecture: Architecture;
  /** Sorted by path. Directories are listed where their mode is not 0755 or they are empty. */
  readonly entries: readonly FileEntry[];
}

/** Paths of files. */
export interface Ingredients {
  /** Debian's packages. */
  readonly debian: readonly string[];
  /** npm's package of Node. */
  readonly node: string;
  /** The bundles (and other files) that go to /app. */
  readonly programs: readonly string[];
}

export async function assembleRootFileSystem(
  architecture: Architecture,
  { debian, node, programs }: Ingredients,
): Promise<RootFileSystem> {
  const fromDebian = (await Promise.all(debian.map(debianFiles))).flat();
  const entries = [
    ...fromDebian.filter(({ path }) => !NOT_NEEDED.some((pattern) => pattern.test(path))),
    authorities(fromDebian),
    ...(await Promise.all(debian.map(packageRecord))),
    ...(await nodeFiles(node)),
    ...accounts(),
    { path: 'tmp/', kind: 'directory', mode: 0o1777 } as const,
    // Node says on stderr when a directory of SSL_CERT_DIR is missing.
    { path: EXTRA_CERTIFICATES_PATH, kind: 'directory', mode: 0o755 } as const,
    ...(await Promise.all(programs.map(programFile))),
  ];
  return {
    architecture,
    entries: entries.toSorted((a, b) => Buffer.compare(Buffer.from(a.path), Buffer.from(b.path))),
  };
}

async function debianFiles(file: string): Promise<FileEntry[]> {
  const entries = await readTar(await runProgram('dpkg-deb', ['--fsys-tarfile', file]));
  return entries.filter(({ kind }) => kind !== 'directory');
}

/** One file with every authority, as Debian's update-ca-certificates makes it after installation. */
function authorities(entries: readonly FileEntry[]): FileEntry {
  const certificates = entries
    .flatMap((entry) => (entry.kind === 'file' && entry.path.startsWith(MOZILLA_CERTIFICATES) ? [entry] : []))
    .toSorted((a, b) => (a.path < b.path ? -1 : 1));
  if (certificates.length === 0)
    throw new Error('The package ca-certificates holds no certificates where they used to be');
  return {
    path: CERTIFICATES_PATH,
    kind: 'file',
    mode: 0o644,
    content: Buffer.concat(certificates.map(({ content }) => content)),
  };
}

/** What vulnerability scanners read to learn which packages an image without dpkg holds. */
async function packageRecord(file: string): Promise<FileEntry> {
  const control = await runProgram('dpkg-deb', ['--field', file]);
  const name = /^Package: (.+)$/m.exec(control.toString())?.[1] ?? basename(file);
  return { path: `var/lib/dpkg/status.d/${name}`, kind: 'file', mode: 0o644, content: control };
}

async function nodeFiles(file: string): Promise<FileEntry[]> {
  const wanted = new Map([
    ['package/bin/node', { path: NODE_PATH, mode: 0o755 }],
    ['package/LICENSE', { path: 'usr/share/doc/node/LICENSE', mode: 0o644 }],
  ]);
  const entries = await readTar(gunzipSync(await readFile(file)));
  const found = entries.flatMap((entry): FileEntry[] => {
    const place = wanted.get(entry.path);
    return place === undefined || entry.kind !== 'file' ? [] : [{ ...entry, ...place }];
  });
  if (!found.some(({ path }) => path === NODE_PATH)) throw new Error(`${basename(file)} holds no package/bin/node`);
  return found;
}

function accounts(): FileEntry[] {
  const file = (path: string, lines: readonly string[]): FileEntry => ({
    path,
    kind: 'file',
    mode: 0o644,
    content: Buffer.from(`${lines.join('\n')}\n`),
  });
  return [
    file('etc/passwd', [
      'root:x:0:0:root:/root:/usr/sbin/nologin',
      `nonroot:x:${USER_ID}:${USER_ID}:nonroot:/tmp:/usr/sbin/nologin`,
    ]),
    file('etc/group', ['root:x:0:', `nonroot:x:${USER_ID}:`]),
    file('etc/nsswitch.conf', ['hosts: files dns']),
  ];
}

async function programFile(file: string): Promise<FileEntry> {
  return { path: `app/${basename(file)}`, kind: 'file', mode: 0o644, content: await readFile(file) };
}
