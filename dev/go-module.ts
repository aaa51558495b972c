/** The source of a Go module, of which only files are wanted: nothing is built. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { z } from 'zod';

export interface ModulePin {
  /** With its `v`. */
  readonly version: string;
  /** As go.sum has it: `h1:…`. */
  readonly sum: string;
}

const downloadSchema = z.object({ Dir: z.string(), Sum: z.string() });

/** Where Go keeps it; it is downloaded if it isn't there. @throws where Go is missing, or the module isn't the pinned one */
export async function goModuleDirectory(path: string, { version, sum: expected }: ModulePin): Promise<string> {
  const module = `${path}@${version}`;
  const { stdout } = await promisify(execFile)('go', ['mod', 'download', '-json', module], {
    // The sum is pinned here, so nobody needs to be asked for it.
    env: { ...process.env, GOSUMDB: 'off' },
  });
  const { Dir: directory, Sum: sum } = downloadSchema.parse(JSON.parse(stdout));
  if (sum !== expected) throw new Error(`${module} has the checksum ${sum}, not ${expected}`);
  return directory;
}
