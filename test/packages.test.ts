/** The npm packages: what is in them, and that they work on a computer that has Node and nothing else. */
import { execFile } from 'node:child_process';
import { mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join, relative } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import packageJson from '../package.json' with { type: 'json' };
import { buildBundles } from './bundles.ts';

const root = join(import.meta.dirname, '..');
const packedSchema = z.tuple([
  z.object({ filename: z.string(), files: z.array(z.object({ path: z.string(), mode: z.int() })) }),
]);
const manifestSchema = z.looseObject({ name: z.string() });

interface Ended {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** A folder of each test's own: npm's cache, an empty prefix, and a folder with `node` for PATH. */
let folder: string;

beforeAll(async () => {
  buildBundles();
  folder = await mkdtemp(join(tmpdir(), 'pks-packages-'));
  await symlink(process.execPath, join(folder, 'node'));
  // A Node that says it is an older one, as soon as it starts.
  const versions = `value: { ...process.versions, node: '20.20.2' }`;
  await writeFile(
    join(folder, 'old.cjs'),
    `Object.defineProperty(process, 'versions', { ${versions} });\nObject.defineProperty(process, 'version', { value: 'v20.20.2' });\n`,
  );
});
afterAll(() => rm(folder, { recursive: true, force: true }));

interface Installed {
  /** Where npm puts what it installs. */
  readonly prefix: string;
  /** On a Node that says it is 20.20. */
  readonly old: boolean;
}

async function run(file: string, args: readonly string[], { prefix, old }: Installed): Promise<Ended> {
  const env = {
    HOME: folder,
    PATH: [join(prefix, 'bin'), folder, '/usr/bin', '/bin'].join(delimiter),
    npm_config_cache: join(folder, 'cache'),
    npm_config_offline: 'true',
    npm_config_update_notifier: 'false',
    ...(old ? { NODE_OPTIONS: `--require ${join(folder, 'old.cjs')}` } : {}),
  };
  try {
    const { stdout, stderr } = await promisify(execFile)(file, args, { cwd: folder, env, timeout: 120_000 });
    return { exitCode: 0, stdout, stderr };
  } catch (error) {
    return z.object({ code: z.int(), stdout: z.string(), stderr: z.string() }).transform(toEnded).parse(error);
  }
}

function toEnded({ code, ...printed }: { code: number; stdout: string; stderr: string }): Ended {
  return { exitCode: code, ...printed };
}

async function pack(source: string, name: string) {
  const destination = await mkdtemp(join(folder, `${name}-`));
  const { stdout } = await promisify(execFile)(
    'npm',
    ['pack', '--json', '--ignore-scripts', '--pack-destination', destination],
    { cwd: join(root, source) },
  );
  const [{ filename, files }] = packedSchema.parse(JSON.parse(stdout));
  return { tarball: join(destination, filename), files: files.map(({ path }) => path).toSorted(), destination };
}

const packages = [
  {
    name: 'pks-credentials-updater',
    source: '.',
    onNode20: { exitCode: 2, stdout: '', stderr: 'credentials-updater needs Node 24 or later, this is 20.20\n' },
    files: ['LICENSE', 'README.ko.md', 'README.md', 'dist/credentials-updater.mjs', 'package.json'],
  },
  {
    name: 'pks-credentials-updater-member',
    source: 'dist/member',
    onNode20: { exitCode: 0, stdout: `${packageJson.version}\n`, stderr: '' },
    files: ['LICENSE', 'README.md', 'credentials-updater-member.mjs', 'package.json'],
  },
];

describe.each(packages)('the npm package $name', ({ name, source, onNode20, files: expected }) => {
  let packed: Awaited<ReturnType<typeof pack>>;
  beforeAll(async () => {
    packed = await pack(source, name);
  });
  const computer = (old: boolean): Installed => ({ prefix: join(packed.destination, old ? 'old' : 'new'), old });
  const install = (on: Installed) => run('npm', ['install', '--global', '--prefix', on.prefix, packed.tarball], on);
  /** By its relative path: npx would run the file at an absolute one. */
  const npx = (on: Installed) => run('npx', ['--yes', `./${relative(folder, packed.tarball)}`, '--version'], on);

  test('holds the program and what is said of it, and needs no other package', async () => {
    expect(packed.files).toEqual(expected);
    const { stdout } = await promisify(execFile)('tar', ['-xOzf', packed.tarball, 'package/package.json']);
    const manifest = manifestSchema.parse(JSON.parse(stdout));
    expect(manifest).toMatchObject({ name, publishConfig: { access: 'public', provenance: true } });
    // What is published is bundled: a package that it is made of belongs to devDependencies.
    for (const property of ['private', 'dependencies']) expect(manifest).not.toHaveProperty(property);
  });

  test('brings both commands to a computer that has Node and nothing else', async () => {
    const on = computer(false);
    const added = await install(on);
    expect(added).toMatchObject({ exitCode: 0, stderr: '' });
    expect(added.stdout).toMatch(/^\s*added 1 package/);
    const version = { exitCode: 0, stdout: `${packageJson.version}\n`, stderr: '' };
    for (const command of ['credentials-updater', 'kubectl-credentials']) {
      expect(await run(command, ['--version'], on)).toEqual(version);
      expect((await run(command, ['login', '--help'], on)).stdout).toContain('--cluster <file-or-url>');
    }
    expect(await npx(on)).toEqual(version);
  });

  test('works on Node 20, or says in one line which Node it needs, however it is started', async () => {
    const on = computer(true);
    expect(await install(on)).toMatchObject({ exitCode: 0, stderr: '' });
    expect(await run('credentials-updater', ['--version'], on)).toEqual(onNode20);
    expect(await run('kubectl-credentials', ['--version'], on)).toEqual(onNode20);
    expect(await npx(on)).toEqual(onNode20);
  });
});
