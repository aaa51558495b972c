import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { writeImageArchive } from './image-archive.ts';
import { type FileEntry, readTar, writeTar } from './tar.ts';

const entries: FileEntry[] = [
  { path: 'usr/bin/program', kind: 'file', mode: 0o755, content: Buffer.from('program') },
  { path: 'usr/bin/alias', kind: 'symlink', mode: 0o777, target: 'program' },
  { path: 'tmp/', kind: 'directory', mode: 0o1777 },
];

async function archive(content: readonly FileEntry[]): Promise<{ digest: string; content: Buffer }> {
  return writeImageArchive({
    reference: 'registry.example/program:1',
    architecture: 'arm64',
    layer: await writeTar(content, 1000),
    secondsSinceEpoch: 1000,
    entrypoint: ['/usr/bin/program'],
    environment: { A: 'b' },
    userId: 65_532,
    labels: {},
  });
}

function fileNamed(files: readonly FileEntry[], path: string): Buffer {
  const found = files.find((entry) => entry.path === path);
  if (found?.kind !== 'file') throw new Error(`no file ${path} among ${files.map((file) => file.path).join(', ')}`);
  return found.content;
}

const descriptor = z.object({ digest: z.string(), size: z.number() });

describe('a tar', () => {
  it('reads back as it was written, with the parent directories added', async () => {
    const read = await readTar(await writeTar(entries, 1000));
    expect(read).toEqual([
      { path: 'usr/', kind: 'directory', mode: 0o755 },
      { path: 'usr/bin/', kind: 'directory', mode: 0o755 },
      ...entries,
    ]);
  });
});

describe('an image archive', () => {
  it('is the same, byte for byte, whenever it is made', async () => {
    const [one, other] = [await archive(entries), await archive(entries)];
    expect(one.content.equals(other.content)).toBe(true);
    const changed = await archive(entries.slice(0, 1));
    expect(changed.digest).not.toBe(one.digest);
  });

  it('holds an OCI layout whose every digest is that of its blob, for the right platform and user', async () => {
    const { content, digest } = await archive(entries);
    const files = await readTar(content);
    const blob = ({ digest: wanted, size }: z.infer<typeof descriptor>): Buffer => {
      const bytes = fileNamed(files, `blobs/sha256/${wanted.replace('sha256:', '')}`);
      expect(`sha256:${createHash('sha256').update(bytes).digest('hex')}`).toBe(wanted);
      expect(bytes.length).toBe(size);
      return bytes;
    };

    const index = z
      .object({ manifests: z.tuple([descriptor.extend({ platform: z.unknown() })]) })
      .parse(JSON.parse(fileNamed(files, 'index.json').toString()));
    expect(index.manifests[0].digest).toBe(digest);
    expect(index.manifests[0].platform).toEqual({ os: 'linux', architecture: 'arm64' });

    const manifest = z
      .object({ config: descriptor, layers: z.tuple([descriptor]) })
      .parse(JSON.parse(blob(index.manifests[0]).toString()));
    const config = z
      .object({ config: z.object({ User: z.string() }), rootfs: z.object({ diff_ids: z.array(z.string()) }) })
      .parse(JSON.parse(blob(manifest.config).toString()));
    expect(config.config.User).toBe('65532:65532');
    expect(config.rootfs.diff_ids).toEqual([manifest.layers[0].digest]);
    expect((await readTar(blob(manifest.layers[0]))).map(({ path }) => path)).toContain('usr/bin/program');
  });

  it('names the same blobs to Docker', async () => {
    const files = await readTar((await archive(entries)).content);
    const [docker] = z
      .tuple([z.object({ Config: z.string(), RepoTags: z.array(z.string()), Layers: z.array(z.string()) })])
      .parse(JSON.parse(fileNamed(files, 'manifest.json').toString()));
    expect(docker.RepoTags).toEqual(['registry.example/program:1']);
    for (const path of [docker.Config, ...docker.Layers]) expect(fileNamed(files, path).length).toBeGreaterThan(0);
  });
});
