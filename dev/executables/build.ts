/**
 * The members' program and Node in one file, for another system than this one too.
 * - bundle the program
 * - take the target's Node out of its npm package, checked against pins.json
 * - have Node put the program into it
 * - sign it, on macOS, which starts nothing unsigned
 * - pack it with the licences; the same sources give the same bytes, but for the signature
 */
import { execFile } from 'node:child_process';
import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { gunzipSync, gzipSync } from 'node:zlib';
import { bundle } from '../../bundle.ts';
import { readTar, writeTar } from '../image/tar.ts';
import { fetchNpmPackage, type NpmPackage } from '../npm-package.ts';
import { archiveName, isMacOS, isWindows, programName, readPins, type TargetName } from './targets.ts';

const run = promisify(execFile);
const root = fileURLToPath(new URL('../..', import.meta.url));
/** The time that every packed file bears: that of the files in npm's packages. */
const secondsSinceEpoch = 499_162_500;
/** Whose package has Node's licence; that for Windows lacks it. */
const ofAnySystem = 'Linux-x86_64' satisfies TargetName;

export interface BuiltExecutable {
  readonly archive: string;
  /** Bytes. */
  readonly size: number;
  /** macOS refuses to start it until it is signed, which only macOS can do. */
  readonly unsigned: boolean;
}

export async function buildExecutable(target: TargetName, directory: string): Promise<BuiltExecutable> {
  const scratch = await mkdtemp(join(tmpdir(), 'pks-executable-'));
  try {
    const { program, license, unsigned } = await makeProgram(target, scratch);
    const content = gzipSync(
      await writeTar(
        [
          { path: programName(target), kind: 'file', mode: 0o755, content: await readFile(program) },
          { path: 'LICENSE', kind: 'file', mode: 0o644, content: await readFile(join(root, 'LICENSE')) },
          { path: 'LICENSE-node', kind: 'file', mode: 0o644, content: license },
        ],
        secondsSinceEpoch,
      ),
      { level: 6 },
    );
    await mkdir(directory, { recursive: true });
    const archive = join(directory, archiveName(target));
    await writeFile(archive, content);
    return { archive, size: content.length, unsigned };
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

export interface MadeProgram {
  readonly program: string;
  /** Of Node and all that is in it. */
  readonly license: Buffer;
  readonly unsigned: boolean;
}

/** The program alone, into a folder. */
export async function makeProgram(target: TargetName, folder: string): Promise<MadeProgram> {
  const pin = (await readPins())[target];
  if (pin.version !== process.versions.node)
    throw new Error(
      `${pin.name} is pinned at ${pin.version}, and this is Node ${process.versions.node}, which makes programs for itself ` +
        'alone: npm run executables -- --refresh-pins',
    );
  const node = await takeNode(pin, target, folder);
  const program = join(folder, programName(target));
  await putProgramInto(node, program, folder);
  const license = await takeFile((await readPins())[ofAnySystem], 'package/LICENSE');
  return { program, license, unsigned: isMacOS(target) && !(await sign(program)) };
}

async function takeNode(pin: NpmPackage, target: TargetName, folder: string): Promise<string> {
  const node = join(folder, 'node');
  await writeFile(node, await takeFile(pin, `package/bin/${isWindows(target) ? 'node.exe' : 'node'}`));
  await chmod(node, 0o755);
  return node;
}

async function takeFile(pin: NpmPackage, path: string): Promise<Buffer> {
  const entries = await readTar(gunzipSync(await readFile(await fetchNpmPackage(pin))));
  const entry = entries.find((each) => each.path === path);
  if (entry?.kind !== 'file') throw new Error(`${pin.name} ${pin.version} holds no ${path}`);
  return entry.content;
}

async function putProgramInto(node: string, output: string, scratch: string): Promise<void> {
  const main = join(scratch, 'program.mjs');
  await bundle({
    entry: join(root, 'src/member/main.ts'),
    outfile: main,
    target: 'node26',
    define: { SINGLE_EXECUTABLE: 'true' },
  });
  const settings = {
    main,
    mainFormat: 'module',
    executable: node,
    output,
    disableExperimentalSEAWarning: true,
    // Both belong to one system, and the program may be for another.
    useSnapshot: false,
    useCodeCache: false,
    // NODE_OPTIONS that somebody has set for programs of their own says nothing here.
    execArgvExtension: 'none',
  };
  const file = join(scratch, 'sea.json');
  await writeFile(file, JSON.stringify(settings));
  await run(process.execPath, ['--build-sea', file]);
}

/** For this machine alone (ad hoc): no certificate of Apple's. @returns whether it could */
async function sign(program: string): Promise<boolean> {
  if (process.platform !== 'darwin') return false;
  await run('codesign', ['--sign', '-', '--force', program]);
  return true;
}
