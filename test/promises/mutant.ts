/** The program with one of its safeguards taken out, to see whether a test notices. */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { onTestFinished } from 'vitest';
import { bundle } from '../../bundle.ts';

export interface Mutation {
  /** The safeguard that is taken out. */
  readonly without: string;
  /** From the root of the repository. */
  readonly file: string;
  /** Must be in the file exactly once, or the mutation would be another one than it says. */
  readonly text: string;
  readonly replacement: string;
}

const root = resolve(import.meta.dirname, '../..');

/** Call it in a test. @returns the path of the bundle */
export async function bundleMutant({ without, file, text, replacement }: Mutation): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'pks-mutant-'));
  onTestFinished(() => rm(directory, { recursive: true, force: true }));
  const path = join(root, file);
  const parts = (await readFile(path, 'utf8')).split(text);
  if (parts.length !== 2)
    throw new Error(
      `Without ${without}: ${file} holds the text to replace ${parts.length - 1} times, not once: ${text}`,
    );
  const outfile = join(directory, 'mutant.mjs');
  let replaced = false;
  await bundle({
    entry: join(root, 'src/main.ts'),
    outfile,
    target: 'node24',
    plugins: [
      {
        name: 'mutation',
        setup: (build) => {
          build.onLoad({ filter: /\.ts$/ }, (module) => {
            if (module.path !== path) return undefined;
            replaced = true;
            return { contents: parts.join(replacement), loader: 'ts' };
          });
        },
      },
    ],
  });
  if (!replaced) throw new Error(`Without ${without}: ${file} is no part of the program`);
  return outfile;
}
