/** Node itself, from the npm package that holds its binary for one processor. */
import { join } from 'node:path';
import { z } from 'zod';
import { withDownloads } from './downloads.ts';
import { type Architecture, type NpmPackage, npmArchitecture } from './pins.ts';
import { runProgram } from './run-program.ts';

const packed = z.tuple([z.object({ filename: z.string() })]);

/** The package's file (a gzipped tar), from the cache or from npm. */
export function fetchNodePackage({ name, version, integrity }: NpmPackage): Promise<string> {
  return withDownloads((downloads) =>
    downloads.provide({
      name: `${name}.tgz`,
      algorithm: 'sha512',
      digest: Buffer.from(integrity.slice('sha512-'.length), 'base64'),
      async fetch(directory) {
        const output = await npm(['pack', '--json', `${name}@${version}`, '--pack-destination', directory], directory);
        return join(directory, packed.parse(JSON.parse(output))[0].filename);
      },
    }),
  );
}

/** A release, with its checksum. `version` without a leading `v`. */
export async function findNodePackage(version: string, architecture: Architecture): Promise<NpmPackage> {
  const name = `node-linux-${npmArchitecture(architecture)}`;
  const output = await npm(['view', '--json', `${name}@${version}`, 'dist.integrity'], '.');
  return { name, version, integrity: z.string().parse(JSON.parse(output)) };
}

async function npm(args: readonly string[], cwd: string): Promise<string> {
  return (await runProgram('npm', args, { cwd })).toString();
}
