/**
 * An image as one tar that every tool reads: an OCI layout (containerd, kind, skopeo) that carries Docker's own
 * manifest.json too (docker load, minikube).
 */
import { createHash } from 'node:crypto';
import type { Architecture } from './architecture.ts';
import { type FileEntry, writeTar } from './tar.ts';

export interface ImageOptions {
  /** A whole reference, such as `registry.example/name:tag`. */
  readonly reference: string;
  readonly architecture: Architecture;
  /** The root file system, a tar. */
  readonly layer: Buffer;
  readonly secondsSinceEpoch: number;
  readonly entrypoint: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  readonly userId: number;
  readonly labels: Readonly<Record<string, string>>;
}

export interface ImageArchive {
  readonly content: Buffer;
  /** Of the manifest, as `sha256:…`: what a registry would call this image. */
  readonly digest: string;
}

export async function writeImageArchive(options: ImageOptions): Promise<ImageArchive> {
  const { reference, architecture, layer, secondsSinceEpoch } = options;
  const layerBlob = blob(layer, 'application/vnd.oci.image.layer.v1.tar');
  const config = blob(json(imageConfig(options, layerBlob.digest)), 'application/vnd.oci.image.config.v1+json');
  const manifest = blob(
    json({
      schemaVersion: 2,
      mediaType: 'application/vnd.oci.image.manifest.v1+json',
      config: config.descriptor,
      layers: [layerBlob.descriptor],
    }),
    'application/vnd.oci.image.manifest.v1+json',
  );
  const index = {
    schemaVersion: 2,
    mediaType: 'application/vnd.oci.image.index.v1+json',
    manifests: [
      {
        ...manifest.descriptor,
        platform: { os: 'linux', architecture },
        annotations: { 'io.containerd.image.name': reference, 'org.opencontainers.image.ref.name': reference },
      },
    ],
  };
  const dockerManifest = [{ Config: config.entry.path, RepoTags: [reference], Layers: [layerBlob.entry.path] }];
  const file = (path: string, content: Buffer): FileEntry => ({ path, kind: 'file', mode: 0o644, content });
  const content = await writeTar(
    [
      ...[layerBlob, config, manifest].map(({ entry }) => entry),
      file('index.json', json(index)),
      file('manifest.json', json(dockerManifest)),
      file('oci-layout', json({ imageLayoutVersion: '1.0.0' })),
    ],
    secondsSinceEpoch,
  );
  return { content, digest: manifest.digest };
}

function imageConfig(
  { architecture, entrypoint, environment, userId, labels, secondsSinceEpoch }: ImageOptions,
  diffId: string,
): object {
  const created = new Date(secondsSinceEpoch * 1000).toISOString();
  return {
    created,
    architecture,
    os: 'linux',
    config: {
      User: `${userId}:${userId}`,
      WorkingDir: '/',
      Entrypoint: entrypoint,
      Env: Object.entries(environment).map(([name, value]) => `${name}=${value}`),
      Labels: labels,
    },
    rootfs: { type: 'layers', diff_ids: [diffId] },
    history: [{ created, created_by: 'dev/image' }],
  };
}

interface Blob {
  readonly digest: string;
  readonly descriptor: { readonly mediaType: string; readonly digest: string; readonly size: number };
  readonly entry: FileEntry;
}

function blob(content: Buffer, mediaType: string): Blob {
  const hex = createHash('sha256').update(content).digest('hex');
  const digest = `sha256:${hex}`;
  return {
    digest,
    descriptor: { mediaType, digest, size: content.length },
    entry: { path: `blobs/sha256/${hex}`, kind: 'file', mode: 0o644, content },
  };
}

function json(value: unknown): Buffer {
  return Buffer.from(JSON.stringify(value));
}
