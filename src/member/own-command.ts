/** How a member starts this program, for the commands that it prints and for kubectl, which starts it too. */
import { realpathSync } from 'node:fs';
import path from 'node:path';
import { shellCommand } from '../lib/shell-command.ts';
import type { MemberEnvironment } from './environment.ts';

const programName = 'credentials-updater';
/** As a plugin of kubectl: `kubectl credentials`. */
const pluginName = 'kubectl-credentials';

type Started = Pick<MemberEnvironment, 'env' | 'platform' | 'program'>;

/** A command line of this program that works in the shell it was started from: its name, or the file that it is in. */
export function ownCommand(started: Started, ...words: readonly string[]): string {
  const all = [...startedAs(started), ...words];
  return started.platform === 'win32' ? all.map(quotedOnWindows).join(' ') : shellCommand(all);
}

function startedAs(started: Started): readonly string[] {
  const { program, platform } = started;
  if (program.words !== undefined) return program.words;
  const name = nameOnPath(started) ?? npmName(started);
  if (name !== undefined) return name === pluginName ? ['kubectl', 'credentials'] : [name];
  if (program.script === undefined) return [program.node];
  const isNode = firstOnPath(started, platform === 'win32' ? 'node.exe' : 'node') === realPath(program.node);
  return [isNode ? 'node' : program.node, program.script];
}

/**
 * The name by which kubectl finds this program on PATH: it outlives an upgrade of Node, and of a program that krew has put
 * into a folder of its version. Never npm's on Windows: kubectl would run a .cmd there, and with it a shell, which would be
 * another parent process each time.
 */
export function nameOnPath(started: Started): string | undefined {
  const { platform, program } = started;
  if (platform === 'win32' && program.script !== undefined) return undefined;
  const own = realPath(program.script ?? program.node);
  const isOwn = (name: string) => own === firstOnPath(started, platform === 'win32' ? `${name}.exe` : name);
  return own === undefined ? undefined : [programName, pluginName].find(isOwn);
}

/** A person may use what npm has installed on Windows: a .cmd that starts the program, which is below the same folder. */
function npmName(started: Started): string | undefined {
  const { platform, program } = started;
  if (platform !== 'win32' || program.script === undefined) return undefined;
  const found = firstOnPath(started, `${programName}.cmd`);
  const isOwn = found !== undefined && realPath(program.script)?.startsWith(path.dirname(found)) === true;
  return isOwn ? programName : undefined;
}

function firstOnPath({ env }: Started, file: string): string | undefined {
  for (const folder of (env.PATH ?? '').split(path.delimiter)) {
    if (!path.isAbsolute(folder)) continue;
    const found = realPath(path.join(folder, file));
    if (found !== undefined) return found;
  }
  return undefined;
}

function realPath(file: string): string | undefined {
  try {
    return realpathSync(file);
  } catch {
    return undefined;
  }
}

/** For PowerShell and cmd alike. */
function quotedOnWindows(word: string): string {
  return /^[\w@%+=:,./\\-]+$/.test(word) ? word : `"${word.replaceAll('"', '')}"`;
}
