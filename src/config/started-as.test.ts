import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { type StartedProcess, startedAs } from './started-as.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pks-started-'));
  onTestFinished(() => rm(folder, { recursive: true }));
});

const started = (program: string, rest: Partial<StartedProcess> = {}): StartedProcess => ({
  env: {},
  argv: ['/opt/node', program],
  execPath: '/opt/node',
  execArgv: [],
  cwd: () => '/home/kim',
  ...rest,
});

/** A file that is one of that name on the PATH. */
async function install(name: string, ...place: readonly string[]): Promise<string> {
  await mkdir(join(folder, ...place), { recursive: true });
  const file = join(folder, ...place, name);
  await writeFile(file, '');
  return file;
}

describe('this program was started', () => {
  it('by its name, where the shell finds the same file first', async () => {
    const file = await install('credentials-updater', 'bin');
    await mkdir(join(folder, 'links'));
    await symlink(file, join(folder, 'links/credentials-updater'));
    const env = { PATH: [join(folder, 'nothing'), join(folder, 'links'), join(folder, 'bin')].join(delimiter) };
    expect(startedAs(started(file, { env }))).toEqual(['credentials-updater']);
    expect(startedAs(started(join(folder, 'links/credentials-updater'), { env }))).toEqual(['credentials-updater']);
  });

  it('by its path, where the shell finds another file of that name', async () => {
    const file = await install('credentials-updater', 'new');
    await install('credentials-updater', 'bin');
    const env = { PATH: join(folder, 'bin') };
    expect(startedAs(started(file, { env }))).toEqual(['/opt/node', file]);
  });

  it("by Node with Node's own flags, and the file as it is named from here", () => {
    const rest = { execArgv: ['--use-system-ca'], cwd: () => '/src/updater' };
    expect(startedAs(started('/src/updater/src/main.ts', rest))).toEqual([
      '/opt/node',
      '--use-system-ca',
      'src/main.ts',
    ]);
    expect(startedAs(started('/src/other/main.ts', rest))).toEqual([
      '/opt/node',
      '--use-system-ca',
      '/src/other/main.ts',
    ]);
  });

  it('by npx, with the package that it has fetched', async () => {
    const file = await install('credentials-updater', '_npx/5a/node_modules/.bin');
    const content = { _npx: { packages: ['pks-credentials-updater@1'] } };
    await writeFile(join(folder, '_npx/5a/package.json'), JSON.stringify(content));
    const env = { npm_lifecycle_event: 'npx', npm_lifecycle_script: "'credentials-updater'" };
    expect(startedAs(started(file, { env }))).toEqual([
      'npx',
      '-p',
      'pks-credentials-updater@1',
      'credentials-updater',
    ]);
  });

  it('by itself in a shell that npx or npm start has opened', async () => {
    const file = await install('credentials-updater', 'bin');
    const PATH = join(folder, 'bin');
    for (const env of [
      { PATH, npm_lifecycle_event: 'npx', npm_lifecycle_script: 'bash' },
      { PATH, npm_lifecycle_event: 'start', npm_package_name: 'another' },
    ])
      expect(startedAs(started(file, { env }))).toEqual(['credentials-updater']);
  });
});
