/** Packages of the npm registry that hold a program, such as Node itself for one system: pinned, and kept in the cache. */
import { join } from 'node:path';
import { z } from 'zod';
import { withDownloads } from './image/downloads.ts';
import { runProgram } from './image/run-program.ts';

export const npmPackage = z.strictObject({
  name: z.string(),
  version: z.string(),
  /** As npm writes it: `sha512-` and base64. */
  integrity: z.string().startsWith('sha512-'),
});
export type NpmPackage = z.infer<typeof npmPackage>;

const packed = z.tuple([z.object({ filename: z.string() })]);

/** The package's file (a gzipped tar), from the cache or from npm. */
export function fetchNpmPackage({ name, version, integrity }: NpmPackage): Promise<string> {
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
export async function findNpmPackage(name: string, version: string): Promise<NpmPackage> {
  const output = await npm(['view', '--json', `${name}@${version}`, 'dist.integrity'], '.');
  return { name, version, integrity: z.string().parse(JSON.parse(output)) };
}

async function npm(args: readonly string[], cwd: string): Promise<string> {
  return (await runProgram('npm', args, { cwd })).toString();
}
