import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { freePort } from '../control-plane/daemon.ts';
import { temporaryDirectory } from '../control-plane/testing.ts';
import { isInPath } from '../node/requirements.ts';
import { type ArchiveForTests, type MadePackage, makePackage, SUITE, serveArchive } from './archive-for-tests.ts';
import { type FetchedPackage, fetchDebianPackages } from './debian-packages.ts';
import { type Pins, readPins } from './pins.ts';
import { describeContents } from './sbom.ts';

/** As in a real release: another package that stays as it is, and one whose pinned version makes room for the next. */
async function packages(): Promise<Record<'unchanged' | 'pinned' | 'next' | 'before', MadePackage>> {
  return {
    unchanged: await makePackage('libgcc-s1', '14.2.0-19'),
    before: await makePackage('libc6', '2.41-12+deb13u3'),
    pinned: await makePackage('libc6', '2.41-12+deb13u4'),
    next: await makePackage('libc6', '2.41-12+deb13u10'),
  };
}

async function pinsOf(pinned: readonly MadePackage[]): Promise<Pins> {
  const pins = await readPins();
  const debian = pinned.map(({ name, version, sha256 }) => ({ name, version, sha256 }));
  const { amd64, arm64 } = pins.architectures;
  return { ...pins, debianSuite: SUITE, architectures: { amd64: { ...amd64, debian }, arm64 } };
}

interface Build {
  readonly fetched: readonly FetchedPackage[];
  readonly contents: readonly Buffer[];
  readonly said: readonly string[];
  /** Of the Debian packages in the bill of materials. */
  readonly components: readonly unknown[];
}

/** The part of a build that depends on Debian. The cache is empty unless one is given. */
async function build(archive: ArchiveForTests, pinned: readonly MadePackage[], kept?: string): Promise<Build> {
  const { mirror, snapshotsUrl } = archive;
  const said: string[] = [];
  const pins = await pinsOf(pinned);
  const cache = kept ?? (await temporaryDirectory());
  const say = (line: string) => void said.push(line);
  const fetched = await fetchDebianPackages(pins, 'amd64', { mirror, snapshotsUrl, cache, say });
  const sbom = await describeContents({
    pins,
    architecture: 'amd64',
    debian: fetched,
    metafiles: [],
    lockFile: fileURLToPath(new URL('../../package-lock.json', import.meta.url)),
    name: 'image',
    version: '1',
  });
  const { components } = z
    .object({ components: z.array(z.looseObject({ purl: z.string() })) })
    .parse(JSON.parse(sbom.toString()));
  return {
    fetched,
    contents: await Promise.all(fetched.map(({ file }) => readFile(file))),
    said,
    components: components.filter(({ purl }) => purl.startsWith('pkg:deb/')),
  };
}

const hasApt = ['apt-get', 'dpkg-deb', 'gpg'].every(isInPath);

describe.runIf(hasApt)('a package whose pinned version Debian still has', () => {
  it('is that version, and nothing is said', async () => {
    const { unchanged, pinned, next } = await packages();
    const archive = await serveArchive();
    await archive.offer([unchanged, pinned, next]);
    const { contents, said, components } = await build(archive, [unchanged, pinned]);
    expect(contents).toEqual([unchanged.content, pinned.content]);
    expect(said).toEqual([]);
    expect(components).toMatchObject([{ version: unchanged.version }, { version: pinned.version }]);
    expect(archive.requests.filter((path) => path.startsWith('/snapshots'))).toEqual([]);
  });
});

describe.runIf(hasApt)('a package whose pinned version Debian has dropped', () => {
  it('is the newest version, which is said in one line and recorded in the bill of materials', async () => {
    const { unchanged, before, pinned, next } = await packages();
    const archive = await serveArchive();
    await archive.offer([unchanged, before, next]);
    const { fetched, contents, said, components } = await build(archive, [unchanged, pinned]);
    expect(contents).toEqual([unchanged.content, next.content]);
    expect(fetched).toMatchObject([{ name: 'libgcc-s1' }, { name: 'libc6', pinnedVersion: pinned.version }]);
    expect(said).toEqual([expect.stringContaining(`libc6 ${next.version} instead of ${pinned.version}`)]);
    expect(said[0]).toMatch(/^[^\n]*snapshots\/mr\/binary\/libc6\/\S+ answered 404[^\n]*npm run image:pins$/);
    expect(components).toMatchObject([
      { name: 'libgcc-s1', version: unchanged.version },
      {
        name: 'libc6',
        version: next.version,
        purl: expect.stringContaining(encodeURIComponent(next.version)),
        hashes: [{ alg: 'SHA-256', content: next.sha256 }],
        properties: [{ name: 'pks-credentials-updater:pinned-version', value: pinned.version }],
      },
    ]);
    expect(components[0]).not.toHaveProperty('properties');
  });

  it('is the pinned version where there is a snapshot of it', async () => {
    const { unchanged, pinned, next } = await packages();
    const archive = await serveArchive();
    await archive.offer([unchanged, next]);
    archive.keepSnapshot(pinned);
    const { contents, said, components } = await build(archive, [unchanged, pinned]);
    expect(contents).toEqual([unchanged.content, pinned.content]);
    expect(said).toEqual([]);
    expect(components[1]).toMatchObject({ version: pinned.version, hashes: [{ content: pinned.sha256 }] });
    expect(components[1]).not.toHaveProperty('properties');
  });

  it('is the pinned version where the cache has it, without asking anybody', async () => {
    const { pinned, next } = await packages();
    const archive = await serveArchive();
    const cache = await temporaryDirectory();
    await archive.offer([pinned]);
    await build(archive, [pinned], cache);
    await archive.offer([next]);
    const before = archive.requests.length;
    const { contents, said } = await build(archive, [pinned], cache);
    expect(contents).toEqual([pinned.content]);
    expect(said).toEqual([]);
    expect(archive.requests).toHaveLength(before);
  });

  it('is the newest version where the snapshot is another file than the pinned one', async () => {
    const { pinned, next } = await packages();
    const archive = await serveArchive();
    await archive.offer([next]);
    archive.keepSnapshot(pinned, Buffer.from('another file'));
    const { contents, said } = await build(archive, [pinned]);
    expect(contents).toEqual([next.content]);
    expect(said).toEqual([expect.stringMatching(/has the sha256 sum [0-9a-f]+, but [0-9a-f]+ is published: refused/)]);
  });
});

describe.runIf(hasApt)('nothing is made of', () => {
  it('a suite that has older versions than the pinned one only', async () => {
    const { before, pinned } = await packages();
    const archive = await serveArchive();
    await archive.offer([before]);
    await expect(build(archive, [pinned])).rejects.toThrow(`${before.version} only, which is older than the pinned`);
  });

  it('lists that somebody else has signed', async () => {
    const { pinned, next } = await packages();
    const archive = await serveArchive();
    await archive.signWithAnotherKey();
    await archive.offer([next]);
    await expect(build(archive, [pinned])).rejects.toThrow(/apt-get --quiet update failed: .*InRelease' is not signed/);
  });

  it('half of the lists: the other half may have the pinned version', async () => {
    const { pinned, next } = await packages();
    const archive = await serveArchive();
    await archive.offer([next]);
    const mirror = { ...archive.mirror, securityUri: `http://127.0.0.1:${await freePort()}/debian-security` };
    await expect(build({ ...archive, mirror }, [pinned])).rejects.toThrow('apt-get --quiet update failed');
  });

  it('a file that is not the one in the signed list', async () => {
    const { before, pinned, next } = await packages();
    const archive = await serveArchive();
    await archive.offer([next]);
    archive.replaceFile(next, before.content);
    await expect(build(archive, [pinned])).rejects.toThrow(/download libc6=\S+ failed: .*SHA256:/);
  });

  it('a file that is not the pinned one, though Debian has signed it as this version', async () => {
    const { pinned, next } = await packages();
    const archive = await serveArchive();
    await archive.offer([{ ...pinned, content: next.content, sha256: next.sha256 }]);
    await expect(build(archive, [pinned])).rejects.toThrow(`its sha256 is not the expected ${pinned.sha256}`);
  });
});
