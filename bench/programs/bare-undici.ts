/** The bare undici loop (undici-loop.ts), bundled as the product is, and measured from outside. */
import { join } from 'node:path';
import { build } from 'esbuild';
import { z } from 'zod';
import type { Club } from '../club.ts';
import { updaterNodeFlags } from '../image-flags.ts';
import { measureProgram } from '../measured-program.ts';
import type { LoopSample } from '../results.ts';

export interface LoopOptions {
  readonly connections: number;
  readonly requests: number;
}

/** Bundles the loop into a directory. @returns the file */
export async function bundleUndiciLoop(directory: string): Promise<string> {
  const outfile = join(directory, 'undici-loop.mjs');
  await build({
    entryPoints: [join(import.meta.dirname, 'undici-loop.ts')],
    outfile,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node24',
    minifySyntax: true,
    banner: {
      js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);",
    },
  });
  return outfile;
}

const outputSchema = z.object({ tokens: z.number(), seconds: z.number(), cpuSeconds: z.number() });

export type LoopTarget = Pick<Club, 'tokenFile' | 'usersNamespace'> & {
  readonly controlPlane: Pick<Club['controlPlane'], 'server' | 'certificateAuthorityFile'>;
};

/** The updater's, but for the limit of the heap: a loop that keeps 50,000 tokens on it needs more. */
const loopNodeFlags = updaterNodeFlags.filter((flag) => !flag.startsWith('--max-old-space-size'));

export async function runUndiciLoop(
  program: string,
  { controlPlane, tokenFile, usersNamespace }: LoopTarget,
  accountsFile: string,
  { connections, requests }: LoopOptions,
): Promise<LoopSample> {
  const run = await measureProgram({
    nodeFlags: loopNodeFlags,
    command: [program],
    env: {
      SERVER: controlPlane.server,
      AUTHORITY_FILE: controlPlane.certificateAuthorityFile,
      TOKEN_FILE: tokenFile,
      ACCOUNTS_FILE: accountsFile,
      NAMESPACE: usersNamespace,
      CONNECTIONS: String(connections),
      REQUESTS: String(requests),
    },
  });
  if (run.exitCode !== 0) throw new Error(`the undici loop ended with ${run.exitCode}: ${run.stderr}`);
  const { tokens, seconds, cpuSeconds } = outputSchema.parse(JSON.parse(run.stdout));
  return {
    rate: tokens / seconds,
    cpuSecondsEach: cpuSeconds / tokens,
    peakMemoryBytes: run.peakMemoryBytes,
  };
}
