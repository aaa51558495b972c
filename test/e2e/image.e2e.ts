import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { type BuiltImage, buildImage } from '../../dev/image/images.ts';
import { architectures, hostArchitecture, readPins } from '../../dev/image/pins.ts';
import { readTar } from '../../dev/image/tar.ts';

const run = promisify(execFile);
const MEBIBYTE = 2 ** 20;
const START_REPEATS = 5;

let directory: string;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'pks-image-test-'));
});

afterAll(() => rm(directory, { recursive: true, force: true }));

function build(architecture: 'amd64' | 'arm64', place: string): Promise<BuiltImage> {
  return buildImage('credentials-updater', architecture, join(directory, place));
}

describe('the image', () => {
  it.each(architectures)('for %s is the same, byte for byte, when it is made again', async (architecture) => {
    const one = await build(architecture, 'one');
    const other = await build(architecture, 'other');
    expect(other.digest).toBe(one.digest);
    expect((await readFile(one.archive)).equals(await readFile(other.archive))).toBe(true);
    expect(one.size).toBeLessThan(200 * MEBIBYTE);
  });

  it('holds nothing that belongs to a user or can be changed by one, and no shell', async () => {
    const entries = await readTar(await readFile((await build('amd64', 'one')).rootFileSystem));
    expect(
      entries.filter(({ kind, mode, path }) => kind !== 'symlink' && path !== 'tmp/' && (mode & 0o022) !== 0),
    ).toEqual([]);
    expect(entries.filter(({ mode }) => (mode & 0o6000) !== 0)).toEqual([]);
    expect(entries.map(({ path }) => path).filter((path) => /(^|\/)(ba|da|z)?sh$/.test(path))).toEqual([]);
  });

  it('lists in its bill of materials every package it is made of', async () => {
    const { sbom: file, rootFileSystem } = await build('arm64', 'one');
    const sbom = z
      .object({
        bomFormat: z.literal('CycloneDX'),
        components: z.array(z.object({ name: z.string(), version: z.string() })),
      })
      .parse(JSON.parse(await readFile(file, 'utf8')));
    const { debian, node } = (await readPins()).architectures.arm64;
    const listed = sbom.components.map(({ name, version }) => `${name} ${version}`);
    // Of what is in the image: a pinned version that Debian has dropped is not.
    const records = (await readTar(await readFile(rootFileSystem))).flatMap((entry) =>
      entry.kind === 'file' && entry.path.startsWith('var/lib/dpkg/status.d/') ? [entry.content.toString()] : [],
    );
    const contained = records.map((record) =>
      ['Package', 'Version'].map((field) => new RegExp(`^${field}: (.+)$`, 'm').exec(record)?.[1]).join(' '),
    );
    expect(contained).toHaveLength(debian.length);
    expect(listed).toEqual(expect.arrayContaining(contained));
    expect(listed).toContain(`node ${node.version}`);
    expect(sbom.components.map(({ name }) => name)).toEqual(expect.arrayContaining(['commander', 'pino', 'zod']));
  });

  it.skipIf(process.platform !== 'linux' || process.getuid?.() !== 0)(
    'starts as nobody, from its own files alone',
    async () => {
      const { rootFileSystem } = await build(hostArchitecture(), 'one');
      const root = join(directory, 'root');
      await run('mkdir', [root]);
      await run('tar', ['--extract', '--file', rootFileSystem, '--directory', root]);
      const times: number[] = [];
      for (let repeat = 0; repeat < START_REPEATS; repeat += 1) {
        const started = performance.now();
        const { stdout } = await run('chroot', [
          '--userspec=65532:65532',
          root,
          '/usr/local/bin/node',
          '--use-system-ca',
          '/app/credentials-updater.mjs',
          '--version',
        ]);
        times.push(performance.now() - started);
        expect(stdout.trim()).toMatch(/^\d+\.\d+\.\d+/);
      }
      // A figure for the docs; a busy machine is no failure.
      console.log(`start to --version: ${times.map((time) => `${Math.round(time)} ms`).join(', ')}`);
    },
  );
});
