/** The members' program as one file, on a computer without Node, and as kubectl's plugin from krew. */
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';
import { buildExecutable, makeProgram } from '../../dev/executables/build.ts';
import { writeReleaseFiles } from '../../dev/executables/release-files.ts';
import { archiveName, targetNames } from '../../dev/executables/targets.ts';
import { provideKrew } from '../../dev/krew/index.ts';
import packageJson from '../../package.json' with { type: 'json' };
import type { Computer } from './computer.ts';
import { type Membership, useMembership } from './membership.ts';

const run = promisify(execFile);

/** For everything else. */
let scratch: string;
/** What a release has for this machine: the archive, the checksums, krew's manifest. */
let release: string;
/** The program alone, as the archive holds it. */
let program: string;
let archive: string;

beforeAll(async () => {
  const { stdout: system } = await run('uname', ['-sm']);
  const target = targetNames.find((name) => name === system.trim().replace(' ', '-'));
  if (target === undefined) throw new Error(`No executable is made for ${system}`);
  scratch = await mkdtemp(path.join(tmpdir(), 'pks-executable-'));
  release = await mkdtemp(path.join(scratch, 'release-'));
  archive = (await buildExecutable(target, release)).archive;
  await writeReleaseFiles(release);
  const unpacked = await mkdtemp(path.join(scratch, 'unpacked-'));
  await run('tar', ['-xzf', archive, '-C', unpacked]);
  program = path.join(unpacked, 'credentials-updater');
});
afterAll(() => rm(scratch, { recursive: true, force: true }));

/** A member without Node and without the npm package, with this program under that name on PATH. */
async function useMemberWithout(name: 'credentials-updater' | undefined): Promise<Membership> {
  const membership = await useMembership();
  await membership.sync();
  const { bin } = membership.computer;
  for (const file of ['node', 'credentials-updater']) await rm(path.join(bin, file));
  if (name !== undefined) await symlink(program, path.join(bin, name));
  return membership;
}

/** The PATH of the computer without the folders that hold a Node. */
const withoutNode = ({ bin }: Computer) => ({ PATH: bin });

const kubeconfigSchema = z.object({ users: z.tuple([z.object({ user: z.object({ exec: z.unknown() }) })]) });
const manifestSchema = z.object({
  spec: z.object({ platforms: z.array(z.object({ selector: z.object({ matchLabels: z.unknown() }) })) }),
});

async function pluginOf({ kubeconfig }: Computer): Promise<unknown> {
  return kubeconfigSchema.parse(parse(await readFile(kubeconfig, 'utf8'))).users[0].user.exec;
}

test('the executable runs where there is no Node, whatever NODE_OPTIONS says', async () => {
  const env = { PATH: '/nowhere', NODE_OPTIONS: '--require /nowhere.cjs' };
  expect(await run(program, ['--version'], { env })).toEqual({ stdout: `${packageJson.version}\n`, stderr: '' });
});

test('the archive holds the program and the licences, and the checksums are right', async () => {
  const { stdout } = await run('tar', ['-tzf', archive]);
  expect(stdout).toBe('credentials-updater\nLICENSE\nLICENSE-node\n');
  const { stdout: checked } = await run('sha256sum', ['--check', 'SHA256SUMS'], { cwd: release });
  expect(checked).toBe(`${path.basename(archive)}: OK\ncredentials.yaml: OK\n`);
});

test('a member logs in with it, and kubectl asks it for the token by its name', async () => {
  const { computer, clusterInfo, member, user } = await useMemberWithout('credentials-updater');
  const env = withoutNode(computer);
  const input = `kim\n${member.password}\n`;
  expect(await computer.updater(['login', '--cluster', clusterInfo], { input, env })).toMatchObject({
    exitCode: 0,
    stderr: '',
  });
  expect(await pluginOf(computer)).toMatchObject({
    command: 'credentials-updater',
    args: ['get-token', '--name', 'pks'],
  });
  const whoAmI = await computer.run('kubectl', ['auth', 'whoami', '-o', 'jsonpath={.status.userInfo.username}'], {
    env,
  });
  expect(whoAmI).toEqual({ exitCode: 0, stdout: user, stderr: '' });
});

test('where it is not on PATH, kubectl asks it by its path', async () => {
  const { computer, clusterInfo, member, user, whoAmI } = await useMemberWithout(undefined);
  const input = `kim\n${member.password}\n`;
  expect(await computer.run(program, ['login', '--cluster', clusterInfo], { input })).toMatchObject({ exitCode: 0 });
  expect(await pluginOf(computer)).toMatchObject({ command: program, args: ['get-token', '--name', 'pks'] });
  expect(await whoAmI()).toEqual({ user, stderr: '' });
});

test('krew installs it as `kubectl credentials`, by the manifest of the release', async () => {
  const { computer, clusterInfo, member, user } = await useMemberWithout(undefined);
  const krewRoot = path.join(computer.home, '.krew');
  const env = { KREW_ROOT: krewRoot, PATH: [path.join(krewRoot, 'bin'), computer.env['PATH']].join(path.delimiter) };
  const manifest = path.join(release, 'credentials.yaml');
  const krew = await computer.run(await provideKrew(), ['install', `--manifest=${manifest}`, `--archive=${archive}`], {
    env,
  });
  expect(krew).toMatchObject({ exitCode: 0 });
  expect(krew.stderr).toContain('Installed plugin: credentials');

  const input = `kim\n${member.password}\n`;
  const loggedIn = await computer.run('kubectl', ['credentials', 'login', '--cluster', clusterInfo], { env, input });
  expect(loggedIn).toMatchObject({ exitCode: 0, stderr: '' });
  // By the name that outlives an upgrade: krew's folder of the program bears the version.
  expect(await pluginOf(computer)).toMatchObject({ command: 'kubectl-credentials' });
  const whoAmI = await computer.run('kubectl', ['auth', 'whoami', '-o', 'jsonpath={.status.userInfo.username}'], {
    env,
  });
  expect(whoAmI).toEqual({ exitCode: 0, stdout: user, stderr: '' });
});

describe('the executables for other systems', () => {
  /** Node looks for the program where this ends in 1. */
  const fuse = 'NODE_SEA_FUSE_fce680ab2cc467b6e072b8b5df1996b2:';

  async function programFor(target: (typeof targetNames)[number]): Promise<Buffer> {
    const folder = await mkdtemp(path.join(scratch, 'other-'));
    const content = await readFile((await makeProgram(target, folder)).program);
    await rm(folder, { recursive: true });
    expect(content.includes(`${fuse}1`)).toBe(true);
    expect(content.includes(`${fuse}0`)).toBe(false);
    // The program itself.
    expect(content.includes("Gives kubectl your current token from the club's site")).toBe(true);
    return content;
  }

  test('that for Windows is a program of Windows, with ours as a resource', async () => {
    const content = await programFor('Windows-x86_64');
    expect(content.toString('latin1', 0, 2)).toBe('MZ');
    const header = content.readUInt32LE(0x3c);
    expect(content.toString('latin1', header, header + 4)).toBe('PE\0\0');
    expect(content.readUInt16LE(header + 4)).toBe(0x86_64);
    expect(content.includes(Buffer.from('NODE_SEA_BLOB', 'utf16le'))).toBe(true);
  });

  test('that for macOS is a program of macOS, with ours in a segment', async () => {
    const content = await programFor('Darwin-arm64');
    expect(content.readUInt32LE(0)).toBe(0xfe_ed_fa_cf);
    expect(content.readUInt32LE(4)).toBe(0x01_00_00_0c);
    expect(content.includes('NODE_SEA\0')).toBe(true);
  });
});

test("krew's manifest names the archive of every system once", async () => {
  const folder = await mkdtemp(path.join(scratch, 'all-'));
  for (const target of targetNames) await run('touch', [path.join(folder, archiveName(target))]);
  await writeReleaseFiles(folder);
  const { spec } = manifestSchema.parse(parse(await readFile(path.join(folder, 'credentials.yaml'), 'utf8')));
  expect(spec.platforms.map(({ selector }) => selector.matchLabels)).toEqual([
    { os: 'linux', arch: 'amd64' },
    { os: 'linux', arch: 'arm64' },
    { os: 'darwin', arch: 'amd64' },
    { os: 'darwin', arch: 'arm64' },
    { os: 'windows', arch: 'amd64' },
    { os: 'windows', arch: 'arm64' },
  ]);
});
