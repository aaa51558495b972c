/** The image's bill of materials: CycloneDX 1.6, without a serial number or a time of its own, so that it is reproducible. */
import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import type { FetchedPackage } from './debian-packages.ts';
import type { Architecture, Pins } from './pins.ts';

/** What esbuild says went into a bundle. */
const metafile = z.object({ inputs: z.record(z.string(), z.unknown()) });
const lockFile = z.object({
  packages: z.record(
    z.string(),
    z.object({ version: z.string().optional(), integrity: z.string().optional(), license: z.string().optional() }),
  ),
});

interface Component {
  readonly type: 'operating-system' | 'library' | 'application';
  readonly name: string;
  readonly version: string;
  readonly purl: string;
  readonly hashes?: readonly { readonly alg: 'SHA-256' | 'SHA-512'; readonly content: string }[];
  readonly licenses?: readonly { readonly expression: string }[];
  readonly properties?: readonly { readonly name: string; readonly value: string }[];
}

/** The version in pins.json, on a component that has another one. */
const PINNED_VERSION = 'pks-credentials-updater:pinned-version';

export interface SbomSources {
  readonly pins: Pins;
  readonly architecture: Architecture;
  /** What is in the image, which may be newer than the pins. */
  readonly debian: readonly Omit<FetchedPackage, 'file'>[];
  /** esbuild's metafiles of the bundles in the image. */
  readonly metafiles: readonly string[];
  readonly lockFile: string;
  /** The image's own name and version. */
  readonly name: string;
  readonly version: string;
}

export async function describeContents(sources: SbomSources): Promise<Buffer> {
  const { pins, architecture, debian, name, version } = sources;
  const { node } = pins.architectures[architecture];
  const components: Component[] = [
    ...debian.map(
      (contained): Component => ({
        type: 'library',
        name: contained.name,
        version: contained.version,
        purl: `pkg:deb/debian/${encodeURIComponent(contained.name)}@${encodeURIComponent(contained.version)}?arch=${architecture}&distro=${pins.debianSuite}`,
        hashes: [{ alg: 'SHA-256', content: contained.sha256 }],
        ...(contained.pinnedVersion === undefined
          ? {}
          : { properties: [{ name: PINNED_VERSION, value: contained.pinnedVersion }] }),
      }),
    ),
    {
      type: 'application',
      name: 'node',
      version: node.version,
      purl: `pkg:npm/${node.name}@${node.version}`,
      hashes: [sha512(node.integrity)],
      licenses: [{ expression: 'MIT' }],
    },
    ...(await bundledPackages(sources)),
  ];
  const sbom = {
    bomFormat: 'CycloneDX',
    specVersion: '1.6',
    version: 1,
    metadata: {
      timestamp: new Date(pins.sourceDateEpoch * 1000).toISOString(),
      component: { type: 'container', 'bom-ref': name, name, version },
    },
    components: components.map((component) => ({ 'bom-ref': component.purl, ...component })),
  };
  return Buffer.from(`${JSON.stringify(sbom, null, 2)}\n`);
}

async function bundledPackages({ metafiles, lockFile: lockPath }: SbomSources): Promise<Component[]> {
  const { packages } = lockFile.parse(JSON.parse(await readFile(lockPath, 'utf8')));
  const places = new Set<string>();
  for (const file of metafiles) {
    const { inputs } = metafile.parse(JSON.parse(await readFile(file, 'utf8')));
    for (const input of Object.keys(inputs)) {
      const place = /^(?:.*\/)?node_modules\/(?:@[^/]+\/)?[^/]+/.exec(input)?.[0];
      if (place !== undefined) places.add(place);
    }
  }
  return [...places].sort().map((place): Component => {
    const { version, integrity, license } = packages[place] ?? {};
    if (version === undefined) throw new Error(`The bundle holds ${place}, which package-lock.json does not know`);
    const name = place.slice(place.lastIndexOf('node_modules/') + 'node_modules/'.length);
    return {
      type: 'library',
      name,
      version,
      purl: `pkg:npm/${name.replace('@', '%40')}@${version}`,
      ...(integrity === undefined ? {} : { hashes: [sha512(integrity)] }),
      ...(license === undefined ? {} : { licenses: [{ expression: license }] }),
    };
  });
}

function sha512(integrity: string): { alg: 'SHA-512'; content: string } {
  return { alg: 'SHA-512', content: Buffer.from(integrity.slice('sha512-'.length), 'base64').toString('hex') };
}
