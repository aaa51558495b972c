/** Runs a program of this machine to its end. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const run = promisify(execFile);
const LARGEST_OUTPUT_BYTES = 512 * 1024 * 1024;

/** What it printed, as bytes. @throws an Error with the program's last words. */
export async function runProgram(
  program: string,
  args: readonly string[],
  { cwd, env = {} }: { cwd?: string; env?: Record<string, string> } = {},
): Promise<Buffer> {
  try {
    const { stdout } = await run(program, args, {
      ...(cwd === undefined ? {} : { cwd }),
      env: { ...process.env, ...env },
      encoding: 'buffer',
      maxBuffer: LARGEST_OUTPUT_BYTES,
    });
    return stdout;
  } catch (error) {
    throw new Error(`${program} ${args.slice(0, 3).join(' ')} failed: ${lastWords(error)}`, { cause: error });
  }
}

function lastWords(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if ('code' in error && error.code === 'ENOENT') return 'there is no such program in PATH';
  const stderr = 'stderr' in error && Buffer.isBuffer(error.stderr) ? error.stderr.toString('utf8').trim() : '';
  return stderr === '' ? error.message : stderr.split('\n').slice(-3).join(' / ');
}
