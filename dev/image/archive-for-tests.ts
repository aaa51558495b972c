/**
 * For tests: a small Debian archive on loopback, signed with a key of its own and read by the real apt, and the archive
 * of snapshots beside it. Debian's own can't be made to drop a version when a test needs it.
 */
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { onTestFinished } from 'vitest';
import { z } from 'zod';
import { temporaryDirectory } from '../control-plane/testing.ts';
import type { DebianMirror } from './debian.ts';
import type { DebianPackage } from './pins.ts';

const run = promisify(execFile);

export const SUITE = 'trixie';
const ARCHITECTURE = 'amd64';

export interface MadePackage extends DebianPackage {
  readonly content: Buffer;
}

export interface ArchiveForTests {
  readonly mirror: DebianMirror;
  readonly snapshotsUrl: string;
  /** The paths that were asked for, snapshots' among them. */
  readonly requests: readonly string[];
  /** What the suite has from now on. */
  offer(packages: readonly MadePackage[]): Promise<void>;
  /** What the archive of snapshots has; `content` where it is another file than it should be. */
  keepSnapshot(of: MadePackage, content?: Buffer): void;
  /** Replaces a package's file and leaves the signed list as it is. */
  replaceFile(of: MadePackage, content: Buffer): void;
  /** What is offered from now on is signed with a key that is not in the keyring. */
  signWithAnotherKey(): Promise<void>;
}

export async function serveArchive(): Promise<ArchiveForTests> {
  const files = new Map<string, Buffer>();
  const requests: string[] = [];
  const server = createServer((request, response) => {
    const path = decodeURIComponent(request.url ?? '');
    requests.push(path);
    const content = files.get(path);
    if (content === undefined) response.writeHead(404).end();
    else response.end(content);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  const { port } = z.object({ port: z.int() }).parse(server.address());
  const url = `http://127.0.0.1:${port}`;
  const keyring = join(await temporaryDirectory(), 'keyring.gpg');
  let sign = await makeKey(keyring);

  const publish = async (place: string, packages: readonly MadePackage[]): Promise<void> => {
    const [archive = '', suite = ''] = place.split(' ');
    const list = Buffer.from(packages.map(stanza).join('\n'));
    files.set(`${archive}/dists/${suite}/main/binary-${ARCHITECTURE}/Packages`, list);
    files.set(`${archive}/dists/${suite}/InRelease`, await sign(release(suite, list)));
  };
  return {
    mirror: { uri: `${url}/debian`, securityUri: `${url}/debian-security`, keyring },
    snapshotsUrl: `${url}/snapshots`,
    requests,
    async offer(packages) {
      for (const made of packages) files.set(`/debian/${pathInPool(made)}`, made.content);
      await publish(`/debian ${SUITE}`, packages);
      await publish(`/debian ${SUITE}-updates`, []);
      await publish(`/debian-security ${SUITE}-security`, []);
    },
    keepSnapshot(of, content = of.content) {
      const hash = createHash('sha1').update(of.content).digest('hex');
      const result = [{ architecture: ARCHITECTURE, hash }];
      files.set(`/snapshots/mr/binary/${of.name}/${of.version}/binfiles`, Buffer.from(JSON.stringify({ result })));
      files.set(`/snapshots/file/${hash}`, content);
    },
    replaceFile: (of, content) => void files.set(`/debian/${pathInPool(of)}`, content),
    async signWithAnotherKey() {
      sign = await makeKey(join(await temporaryDirectory(), 'keyring.gpg'));
    },
  };
}

/** A package that holds nothing but its own version. */
export async function makePackage(name: string, version: string): Promise<MadePackage> {
  const directory = await temporaryDirectory();
  await mkdir(join(directory, 'root/DEBIAN'), { recursive: true });
  const control = [
    `Package: ${name}`,
    `Version: ${version}`,
    `Architecture: ${ARCHITECTURE}`,
    'Maintainer: Nobody <nobody@example.org>',
    'Description: made for a test',
    '',
  ].join('\n');
  await writeFile(join(directory, 'root/DEBIAN/control'), control);
  await run('dpkg-deb', ['--root-owner-group', '--build', join(directory, 'root'), join(directory, 'made.deb')]);
  const content = await readFile(join(directory, 'made.deb'));
  return { name, version, sha256: sum(content), content };
}

function stanza(made: MadePackage): string {
  return [
    `Package: ${made.name}`,
    `Version: ${made.version}`,
    `Architecture: ${ARCHITECTURE}`,
    'Maintainer: Nobody <nobody@example.org>',
    `Filename: ${pathInPool(made)}`,
    `Size: ${made.content.length}`,
    `SHA256: ${made.sha256}`,
    'Description: made for a test',
    '',
  ].join('\n');
}

function release(suite: string, list: Buffer): string {
  return [
    'Origin: Debian',
    `Suite: ${suite}`,
    `Codename: ${suite}`,
    `Date: ${new Date().toUTCString()}`,
    `Architectures: ${ARCHITECTURE}`,
    'Components: main',
    'SHA256:',
    ` ${sum(list)} ${list.length} main/binary-${ARCHITECTURE}/Packages`,
    '',
  ].join('\n');
}

/** Makes a key, writes its public part to a file, and returns what signs with it. */
async function makeKey(keyring: string): Promise<(text: string) => Promise<Buffer>> {
  const home = await temporaryDirectory();
  const gpg = (...args: readonly string[]) =>
    run('gpg', ['--homedir', home, '--batch', '--quiet', '--pinentry-mode', 'loopback', '--passphrase', '', ...args]);
  onTestFinished(async () => {
    await run('gpgconf', ['--homedir', home, '--kill', 'all']);
  });
  await gpg('--quick-generate-key', 'A test <test@example.org>', 'ed25519', 'sign', 'never');
  await gpg('--output', keyring, '--export');
  return async (text) => {
    const directory = await temporaryDirectory();
    await writeFile(join(directory, 'Release'), text);
    await gpg('--clearsign', '--output', join(directory, 'InRelease'), join(directory, 'Release'));
    return readFile(join(directory, 'InRelease'));
  };
}

function pathInPool({ name, version }: DebianPackage): string {
  return `pool/${name}_${version}_${ARCHITECTURE}.deb`;
}

function sum(content: Buffer): string {
  return createHash('sha256').update(content).digest('hex');
}
