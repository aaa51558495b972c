import { chmod, mkdir, mkdtemp, readdir, readFile, readlink, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { createPrivateFile, removeLeftovers, updatePrivateFile, writePrivateFile } from './private-file.ts';

async function temporaryDirectory(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'pks-private-'));
  onTestFinished(() => rm(directory, { recursive: true, force: true }));
  return directory;
}

const modeOf = async (file: string) => ((await stat(file)).mode & 0o777).toString(8);

describe('a private file', () => {
  it('is made with its directory, for its owner alone', async () => {
    const directory = await temporaryDirectory();
    const file = join(directory, 'a', 'kube', 'config');
    await updatePrivateFile(file, (existing) => `${existing}`);
    expect(await readFile(file, 'utf8')).toBe('undefined');
    expect(await modeOf(file)).toBe('600');
    expect(await modeOf(join(directory, 'a'))).toBe('700');
    expect(await readdir(join(directory, 'a', 'kube'))).toEqual(['config']);
  });

  it('is made where a symbolic link points to that has no target yet', async () => {
    const directory = await temporaryDirectory();
    await mkdir(join(directory, 'real'));
    await symlink('real/first', join(directory, 'config'));
    await symlink('second', join(directory, 'real/first'));
    await updatePrivateFile(join(directory, 'config'), () => 'new');
    expect(await readlink(join(directory, 'config'))).toBe('real/first');
    expect(await readFile(join(directory, 'real/second'), 'utf8')).toBe('new');
  });

  it('is refused where two links point to each other', async () => {
    const directory = await temporaryDirectory();
    await symlink('b', join(directory, 'a'));
    await symlink('a', join(directory, 'b'));
    await expect(updatePrivateFile(join(directory, 'a'), () => 'new')).rejects.toThrow(/a can't be read \(ELOOP\)/);
  });

  it('takes what a killed process left of it along, and nothing else', async () => {
    const directory = await temporaryDirectory();
    const file = join(directory, 'pks.json');
    await writePrivateFile(file, 'whole');
    for (const name of ['pks.json.83a3578b9085.tmp', 'lab.json.83a3578b9085.tmp', 'pks.json.lock'])
      await writeFile(join(directory, name), 'half');
    await removeLeftovers(file);
    expect((await readdir(directory)).toSorted()).toEqual(['lab.json.83a3578b9085.tmp', 'pks.json', 'pks.json.lock']);
  });

  it('becomes private when it was not', async () => {
    const file = join(await temporaryDirectory(), 'config');
    await writeFile(file, 'old');
    await chmod(file, 0o644);
    await updatePrivateFile(file, (existing) => `${existing} and new`);
    expect(await readFile(file, 'utf8')).toBe('old and new');
    expect(await modeOf(file)).toBe('600');
  });

  it("is refused in one line where there can't be one", async () => {
    await expect(updatePrivateFile('/proc/none/config', () => '')).rejects.toThrow(
      /^\/proc\/none\/config can't be written/,
    );
  });

  it('is changed where a symbolic link points, and the link stays', async () => {
    const directory = await temporaryDirectory();
    await mkdir(join(directory, 'dotfiles'));
    await writeFile(join(directory, 'dotfiles', 'config'), 'old');
    await symlink('dotfiles/config', join(directory, 'config'));
    await updatePrivateFile(join(directory, 'config'), () => 'new');
    expect(await readlink(join(directory, 'config'))).toBe('dotfiles/config');
    expect(await readFile(join(directory, 'dotfiles', 'config'), 'utf8')).toBe('new');
  });

  it('stays as it was when the change fails, and nothing is left beside it', async () => {
    const directory = await temporaryDirectory();
    await writeFile(join(directory, 'config'), 'old');
    const failing = updatePrivateFile(join(directory, 'config'), () => {
      throw new Error('no');
    });
    await expect(failing).rejects.toThrow('no');
    expect(await readFile(join(directory, 'config'), 'utf8')).toBe('old');
    expect(await readdir(directory)).toEqual(['config']);
  });

  it('is left alone while kubectl has its lock', async () => {
    const directory = await temporaryDirectory();
    const file = join(directory, 'config');
    await writeFile(`${file}.lock`, '');
    await expect(updatePrivateFile(file, () => 'new')).rejects.toThrow(/is being changed by someone else/);
    expect(await readdir(directory)).toEqual(['config.lock']);
  });

  it('loses no change of many at the same moment', async () => {
    const file = join(await temporaryDirectory(), 'config');
    await Promise.all(
      Array.from({ length: 8 }, (_, number) => updatePrivateFile(file, (existing) => `${existing ?? ''}${number}\n`)),
    );
    const lines = (await readFile(file, 'utf8')).trim().split('\n');
    expect(lines.toSorted()).toEqual(['0', '1', '2', '3', '4', '5', '6', '7']);
  });

  it('is not made over one that exists', async () => {
    const file = join(await temporaryDirectory(), 'config');
    await createPrivateFile(file, 'first');
    await expect(createPrivateFile(file, 'second')).rejects.toThrow(`${file} exists already`);
    expect(await readFile(file, 'utf8')).toBe('first');
  });
});
