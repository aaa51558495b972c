/** The two images: the updater's, and the PoolC API server's for test clusters. Both stand on the same files. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import packageJson from '../../package.json' with { type: 'json' };
import { fetchNpmPackage } from '../npm-package.ts';
import { type FetchedPackage, fetchDebianPackages } from './debian-packages.ts';
import { type ImageOptions, writeImageArchive } from './image-archive.ts';
import { type Architecture, type Pins, readPins } from './pins.ts';
import {
  assembleRootFileSystem,
  CERTIFICATES_PATH,
  EXTRA_CERTIFICATES_PATH,
  NODE_PATH,
  USER_ID,
} from './root-file-system.ts';
import { describeContents } from './sbom.ts';
import { writeTar } from './tar.ts';

const REPOSITORY = 'ghcr.io/poolc/pks-credentials-updater';
const SBOM_NAME = 'sbom.cdx.json';
/**
 * A young generation of 4 MiB, from the beginning (V8 would grow it from 1 MiB only for what survives), and an old one of
 * at most 64 MiB: a run holds little, and the pod is small. SIGUSR1 opens no debugger, to which every token would lie open.
 */
const UPDATER_FLAGS = [
  '--min-semi-space-size=4',
  '--max-semi-space-size=4',
  '--max-old-space-size=64',
  '--disable-sigusr1',
];

export const imageNames = ['credentials-updater', 'poolc-api'] as const;
export type ImageName = (typeof imageNames)[number];

interface Recipe {
  readonly repository: string;
  /** In dist/, the first of them is what the image starts. */
  readonly bundles: readonly [string, ...string[]];
  readonly nodeFlags: readonly string[];
  readonly title: string;
}

const recipes: Readonly<Record<ImageName, Recipe>> = {
  'credentials-updater': {
    repository: REPOSITORY,
    bundles: ['credentials-updater.mjs'],
    nodeFlags: UPDATER_FLAGS,
    title: 'PKS Credentials Updater',
  },
  'poolc-api': {
    repository: `${REPOSITORY}-poolc-api`,
    bundles: ['poolc-api.mjs', 'publish-secrets.mjs'],
    nodeFlags: [],
    title: 'PoolC API server for test clusters of PKS Credentials Updater',
  },
};

export interface BuiltImage {
  readonly name: ImageName;
  readonly architecture: Architecture;
  /** As manifests name it. */
  readonly reference: string;
  readonly digest: string;
  /** An OCI layout and docker-archive in one. */
  readonly archive: string;
  /** The root file system, which the Dockerfile copies into an empty image. */
  readonly rootFileSystem: string;
  readonly sbom: string;
  /** Bytes of the files in the image. */
  readonly size: number;
}

/** Builds an image from the bundles in dist/ (`npm run build` first) into `directory`. */
export async function buildImage(
  name: ImageName,
  architecture: Architecture,
  directory = fileURLToPath(new URL('../../dist/image', import.meta.url)),
): Promise<BuiltImage> {
  const { bundles, title } = recipes[name];
  const pins = await readPins();
  const debian = await fetchDebianPackages(pins, architecture, { say: (line) => console.error(`image: ${line}`) });
  const node = await fetchNpmPackage(pins.architectures[architecture].node);
  const sbom = await describeImage(name, architecture, pins, debian);
  const layer = await withFile(SBOM_NAME, sbom, async (sbomFile) => {
    const { entries } = await assembleRootFileSystem(architecture, {
      debian: debian.map(({ file }) => file),
      node,
      programs: [...bundles.map(distPath), sbomFile],
    });
    return writeTar(entries, pins.sourceDateEpoch);
  });

  const reference = imageReference(name);
  const { content, digest } = await writeImageArchive({
    reference,
    architecture,
    layer,
    secondsSinceEpoch: pins.sourceDateEpoch,
    ...imageSettings(name),
    labels: {
      'org.opencontainers.image.title': title,
      'org.opencontainers.image.version': packageJson.version,
      'org.opencontainers.image.licenses': packageJson.license,
    },
  });

  await mkdir(directory, { recursive: true });
  const stem = join(directory, `${name}-${architecture}`);
  const built = {
    name,
    architecture,
    reference,
    digest,
    archive: `${stem}.tar`,
    rootFileSystem: `${stem}-rootfs.tar`,
    sbom: `${stem}-${SBOM_NAME}`,
    size: layer.length,
  };
  await writeFile(built.archive, content);
  await writeFile(built.rootFileSystem, layer);
  await writeFile(built.sbom, sbom);
  return built;
}

/** As manifests name it, in this version. */
export function imageReference(name: ImageName): string {
  return `${recipes[name].repository}:${packageJson.version}`;
}

/** How the image starts; the Dockerfile says the same. */
export function imageSettings(name: ImageName): Pick<ImageOptions, 'entrypoint' | 'environment' | 'userId'> {
  const { bundles, nodeFlags } = recipes[name];
  return {
    entrypoint: [`/${NODE_PATH}`, ...nodeFlags, '--use-system-ca', `/app/${bundles[0]}`],
    environment: {
      SSL_CERT_FILE: `/${CERTIFICATES_PATH}`,
      SSL_CERT_DIR: `/${EXTRA_CERTIFICATES_PATH}`,
      NODE_ENV: 'production',
    },
    userId: USER_ID,
  };
}

function describeImage(
  name: ImageName,
  architecture: Architecture,
  pins: Pins,
  debian: readonly FetchedPackage[],
): Promise<Buffer> {
  const { repository, bundles } = recipes[name];
  return describeContents({
    pins,
    architecture,
    debian,
    metafiles: bundles.map((bundle) => distPath(`${bundle}.meta.json`)),
    lockFile: fileURLToPath(new URL('../../package-lock.json', import.meta.url)),
    name: repository,
    version: packageJson.version,
  });
}

function distPath(file: string): string {
  return fileURLToPath(new URL(`../../dist/${file}`, import.meta.url));
}

async function withFile<T>(name: string, content: Buffer, work: (file: string) => Promise<T>): Promise<T> {
  const directory = await mkdtemp(join(tmpdir(), 'pks-image-'));
  try {
    const file = join(directory, name);
    await writeFile(file, content);
    return await work(file);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}
