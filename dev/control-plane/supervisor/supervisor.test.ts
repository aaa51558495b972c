import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { processesMentioning, runNode, temporaryDirectory } from '../testing.ts';
import { startSupervisor } from './index.ts';

const temporary = { kind: 'temporary', prefix: 'pks-supervisor-test-' } as const;

describe('a supervisor', () => {
  it('runs programs, says how they ended, and removes its temporary directory', async () => {
    const supervisor = await startSupervisor({ directory: temporary });
    const logFile = join(supervisor.directory, 'log');
    const failing = await supervisor.spawn({ command: ['sh', '-c', 'echo words; exit 7'], logFile });
    expect(await failing.exited).toEqual({ code: 7, signal: null });
    expect(failing.hasExited()).toBe(true);
    expect(await readFile(logFile, 'utf8')).toBe('words\n');

    const waiting = await supervisor.spawn({ command: ['sleep', '600'], logFile });
    expect(waiting.hasExited()).toBe(false);
    await supervisor.stop();
    expect(waiting.hasExited()).toBe(true);
    expect(existsSync(supervisor.directory)).toBe(false);
  });

  it('says why a program could not be started', async () => {
    await using supervisor = await startSupervisor({ directory: temporary });
    const start = supervisor.spawn({ command: ['/nowhere/at-all'], logFile: join(supervisor.directory, 'log') });
    await expect(start).rejects.toThrow('ENOENT');
  });

  it('keeps a directory that was named, and lets programs end politely first', async () => {
    const path = join(await temporaryDirectory(), 'kept');
    const supervisor = await startSupervisor({ directory: { kind: 'kept', path } });
    const logFile = join(path, 'log');
    await supervisor.spawn({
      command: ['sh', '-c', 'trap "echo farewell; exit" TERM; echo up; while :; do sleep 0.05; done'],
      logFile,
    });
    await expect.poll(() => readFile(logFile, 'utf8'), { timeout: 10_000 }).toBe('up\n');
    await supervisor.stop();
    expect(await readFile(logFile, 'utf8')).toContain('farewell');
  });

  it('runs the clean-ups last in, first run, after the programs have gone', async () => {
    const notes = join(await temporaryDirectory(), 'notes');
    const supervisor = await startSupervisor({ directory: temporary });
    const program = await supervisor.spawn({ command: ['sleep', '600'], logFile: join(supervisor.directory, 'log') });
    supervisor.addCleanup(['sh', '-c', `echo first added >> ${notes}`]);
    supervisor.addCleanup(['sh', '-c', `kill -0 ${program.pid} || echo it has gone >> ${notes}`]);
    await supervisor.stop();
    expect(await readFile(notes, 'utf8')).toBe('it has gone\nfirst added\n');
  });

  it('ends the programs, and what they started, when its parent is killed', async () => {
    const mark = `62${process.pid}${Date.now() % 100_000}`;
    const parent = runNode([
      '--input-type=module',
      '--eval',
      `import { startSupervisor } from ${JSON.stringify(new URL('index.ts', import.meta.url).href)};
       const supervisor = await startSupervisor({ directory: ${JSON.stringify(temporary)} });
       const logFile = supervisor.directory + '/log';
       await supervisor.spawn({ command: ['sh', '-c', 'sleep ${mark} & sleep ${mark}'], logFile });
       console.log('directory:', supervisor.directory);`,
    ]);
    const [, directory = ''] = await parent.printed(/^directory: (.+)$/m);
    // The parent itself, the shell and its two programs.
    await expect.poll(() => processesMentioning(`sleep ${mark}`), { timeout: 10_000 }).toHaveLength(4);

    parent.kill('SIGKILL');
    await expect.poll(() => processesMentioning(`sleep ${mark}`), { timeout: 10_000 }).toEqual([]);
    await expect.poll(() => existsSync(directory), { timeout: 10_000 }).toBe(false);
  });

  it('leaves nothing behind when it is killed itself', async () => {
    const supervisor = await startSupervisor({ directory: temporary });
    const logFile = join(supervisor.directory, 'log');
    const program = await supervisor.spawn({ command: ['sleep', '600'], logFile });
    process.kill(supervisor.pid, 'SIGKILL');
    await program.exited;
    await expect.poll(() => existsSync(supervisor.directory), { timeout: 10_000 }).toBe(false);
    await expect.poll(() => isAlive(program.pid), { timeout: 10_000 }).toBe(false);
    await expect(supervisor.spawn({ command: ['true'], logFile })).rejects.toThrow('supervisor process has ended');
  });
});

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
