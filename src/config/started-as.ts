/** How somebody starts this program, for the commands that it prints: they must work in the shell that it was started from. */
import { readFileSync, realpathSync } from 'node:fs';
import path from 'node:path';
import * as z from 'zod';
import packageJson from '../../package.json' with { type: 'json' };

const programName = 'credentials-updater';

/** What Node says of itself: `process`, as far as it is read here. */
export interface StartedProcess {
  readonly env: NodeJS.ProcessEnv;
  /** Node, the program, its arguments; the first two absolute. */
  readonly argv: readonly string[];
  readonly execPath: string;
  /** Node's own flags. */
  readonly execArgv: readonly string[];
  readonly cwd: () => string;
}

/**
 * The words before the arguments.
 * - `npm start --`, with --prefix where npm was not started in the checkout
 * - `npx credentials-updater`, with the package where npx has fetched it
 * - `credentials-updater`, where the shell finds this very file by that name
 * - otherwise Node and the file: `node src/main.ts`
 */
export function startedAs(started: StartedProcess): readonly string[] {
  return byNpmStart(started) ?? byNpx(started) ?? byName(started) ?? byNode(started);
}

function byNpmStart({ env }: StartedProcess): readonly string[] | undefined {
  if (env['npm_lifecycle_event'] !== 'start' || env['npm_package_name'] !== packageJson.name) return undefined;
  const checkout = env['npm_config_local_prefix'] ?? '';
  const isInside = isWithin(checkout, env['INIT_CWD'] ?? '');
  return [
    'npm',
    ...(isInside ? [] : ['--prefix', checkout]),
    ...(env['npm_config_loglevel'] === 'silent' ? ['--silent'] : []),
    'start',
    '--',
  ];
}

const fetchedSchema = z.object({ _npx: z.object({ packages: z.array(z.string()).min(1) }) });

function byNpx({ env, argv: [, program = ''] }: StartedProcess): readonly string[] | undefined {
  if (env['npm_lifecycle_event'] !== 'npx') return undefined;
  // A shell that npx has opened hands its variables on to all that is started there.
  const [, folder] = /^(.*)[\\/]node_modules[\\/]\.bin[\\/]credentials-updater$/.exec(program) ?? [];
  if (folder === undefined || env['npm_lifecycle_script']?.includes(programName) !== true) return undefined;
  if (path.basename(path.dirname(folder)) !== '_npx') return ['npx', programName];
  try {
    const { _npx } = fetchedSchema.parse(JSON.parse(readFileSync(path.join(folder, 'package.json'), 'utf8')));
    return ['npx', ..._npx.packages.flatMap((name) => ['-p', name]), programName];
  } catch {
    return undefined;
  }
}

function byName({ env, argv: [, program = ''], execArgv }: StartedProcess): readonly string[] | undefined {
  if (path.basename(program) !== programName || execArgv.length > 0) return undefined;
  return isFoundAs(env, programName, program) ? [programName] : undefined;
}

function byNode({ env, argv: [, program = ''], execPath, execArgv, cwd }: StartedProcess): readonly string[] {
  const node = isFoundAs(env, 'node', execPath) ? 'node' : execPath;
  const here = cwd();
  return [node, ...execArgv, isWithin(here, program) ? path.relative(here, program) : program];
}

/** Whether the shell runs this file when it is given the name. */
function isFoundAs(env: NodeJS.ProcessEnv, name: string, file: string): boolean {
  const wanted = realPath(file);
  const folders = (env['PATH'] ?? '').split(path.delimiter).filter((folder) => path.isAbsolute(folder));
  const found = folders.map((folder) => realPath(path.join(folder, name))).find((each) => each !== undefined);
  return found !== undefined && found === wanted;
}

function realPath(file: string): string | undefined {
  try {
    return realpathSync(file);
  } catch {
    return undefined;
  }
}

function isWithin(folder: string, file: string): boolean {
  const relative = path.relative(folder, file);
  return folder !== '' && !path.isAbsolute(relative) && !/^\.\.([\\/]|$)/.test(relative);
}
