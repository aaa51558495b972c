/**
 * Stand-ins for the two images of the Dockerfile (the updater's, and the PoolC API server's for test clusters), where there is
 * no Docker: for the node of the tests, and nothing else. docs/adr/0053 lists what differs.
 */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import packageJson from '../../package.json' with { type: 'json' };
import { readPins } from '../executables/targets.ts';
import { fetchNpmPackage } from '../npm-package.ts';
import type { Architecture } from './architecture.ts';
import { fetchDebianPackages } from './debian-packages.ts';
import { type ImageOptions, writeImageArchive } from './image-archive.ts';
import {
  assembleRootFileSystem,
  CERTIFICATES_PATH,
  EXTRA_CERTIFICATES_PATH,
  NODE_PATH,
  USER_ID,
} from './root-file-system.ts';
import { writeTar } from './tar.ts';

const REPOSITORY = 'ghcr.io/poolc/pks-credentials-updater';
/** The time that every file bears, so that the same packages give the same bytes. */
const SECONDS_SINCE_EPOCH = 0;
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
  const { entries } = await assembleRootFileSystem(architecture, {
    debian: await fetchDebianPackages(architecture),
    node: await fetchNpmPackage(pins[architecture === 'amd64' ? 'Linux-x86_64' : 'Linux-aarch64']),
    programs: bundles.map(distPath),
  });
  const layer = await writeTar(entries, SECONDS_SINCE_EPOCH);

  const reference = imageReference(name);
  const { content, digest } = await writeImageArchive({
    reference,
    architecture,
    layer,
    secondsSinceEpoch: SECONDS_SINCE_EPOCH,
    ...imageSettings(name),
    labels: {
      'org.opencontainers.image.title': title,
      'org.opencontainers.image.version': packageJson.version,
      'org.opencontainers.image.licenses': packageJson.license,
    },
  });

  await mkdir(directory, { recursive: true });
  const built = {
    name,
    architecture,
    reference,
    digest,
    archive: join(directory, `${name}-${architecture}.tar`),
    size: layer.length,
  };
  await writeFile(built.archive, content);
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

function distPath(file: string): string {
  return fileURLToPath(new URL(`../../dist/${file}`, import.meta.url));
}
