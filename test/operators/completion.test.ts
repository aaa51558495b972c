/** Completion in the shells themselves: what the Tab key makes of a line. A shell that isn't installed is skipped. */
import { execFile } from 'node:child_process';
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
import { temporaryDirectory } from '../../dev/control-plane/testing.ts';
import { isInPath } from '../../dev/node/requirements.ts';
import { ownEnvironment, runCommand } from '../command.ts';

const run = promisify(execFile);
const timeout = 30_000;

/** The script for a shell, in a directory with a file and a folder to be completed. */
async function prepare(shell: string) {
  const { stdout, exitCode } = await runCommand(['completion', shell]);
  expect(exitCode).toBe(0);
  const directory = await temporaryDirectory();
  const script = join(directory, 'script');
  await writeFile(script, stdout);
  await writeFile(join(directory, 'plan.json'), '');
  await mkdir(join(directory, 'plans'));
  await writeFile(join(directory, 'notes.txt'), '');
  return { directory, script, env: { ...ownEnvironment(directory), PATH: await programsIn(directory) } };
}

/** PATH with a kubectl that has contexts, one with a name that no shell may run, and the program with two members. */
async function programsIn(directory: string): Promise<string> {
  const bin = join(directory, '.bin');
  await mkdir(bin);
  const script = (body: string) => `#!/bin/sh\n${body}\n`;
  const contexts = script(`test "$*" = 'config get-contexts -o name' && printf '%s\\n' home pks '$(touch ran)'`);
  await writeFile(join(bin, 'kubectl'), contexts, { mode: 0o755 });
  const members = script(
    `case "$*" in 'status -o name') printf 'serviceaccount/%s\\n' kim lee ;; 'status -o name --context pks') echo serviceaccount/kang ;; esac`,
  );
  await writeFile(join(bin, 'credentials-updater'), members, { mode: 0o755 });
  return [bin, process.env['PATH']].join(delimiter);
}

/** What bash offers for the last word. */
async function inBash(line: string): Promise<string[]> {
  const { directory, script, env } = await prepare('bash');
  // As readline does it: the line in words, of which an equals sign is one.
  const words = line.split(/(?<==)|(?==)| /).filter((word, index, all) => word !== '' || index === all.length - 1);
  const quoted = words.map((word) => `'${word}'`).join(' ');
  const program = `source ${script}; COMP_WORDS=(${quoted}); COMP_CWORD=${words.length - 1}; _credentials_updater 2>/dev/null; printf '%s\\n' "\${COMPREPLY[@]}"`;
  const { stdout } = await run('bash', ['--norc', '-c', program], { cwd: directory, timeout, env });
  expect(await readdir(directory)).not.toContain('ran');
  return stdout.trim().split('\n');
}

async function inFish(line: string): Promise<string[]> {
  const { directory, script, env } = await prepare('fish');
  const { stdout } = await run('fish', ['--no-config', '-c', `source ${script}; complete -C '${line}'`], {
    cwd: directory,
    timeout,
    env,
  });
  return stdout
    .trim()
    .split('\n')
    .map((offered) => offered.split('\t')[0] ?? '');
}

/** The line as zsh leaves it after one Tab, where there is one way to go on. */
async function inZsh(line: string): Promise<string> {
  const { directory, script, env } = await prepare('zsh');
  const session = `
    zmodload zsh/zpty
    zpty session zsh -f -i
    zpty -w session "PS1=; unsetopt zle_bracketed_paste; autoload -Uz compinit; compinit -u -D; source ${script}; print re''ady"
    zpty -r session output '*ready*'
    zpty -w -n session $'${line}\\t\\C-a\\C-kprint -r -- "\\C-y"; print do\\'\\'ne\\n'
    zpty -r session output '*done*'
    print -r -- "$output"`;
  const { stdout } = await run('zsh', ['-f', '-c', session], {
    cwd: directory,
    timeout,
    env: { ...env, TERM: 'dumb' },
  });
  return stdout;
}

describe('in bash', () => {
  test.each([
    ['credentials-updater st', ['status']],
    ['credentials-updater plan --deta', ['--detailed-exitcode']],
    ['credentials-updater plan --output ', ['text', 'wide', 'name', 'json', 'yaml']],
    ['credentials-updater plan -o ', ['text', 'wide', 'name', 'json', 'yaml']],
    ['credentials-updater status --output=w', ['wide']],
    ['credentials-updater sync --plan pl', ['plan.json', 'plans']],
    ['credentials-updater --first', ['--first-run']],
    ['credentials-updater --plan plan.', ['plan.json']],
    ['credentials-updater sync --plan no', ['']],
    ['credentials-updater plan --context p', ['pks']],
    ['credentials-updater plan --context ', ['home', 'pks', '\\$\\(touch\\ ran\\)']],
    ['credentials-updater revoke k', ['kim']],
    ['credentials-updater kubeconfig l', ['lee']],
    ['credentials-updater revoke --ye', ['--yes']],
    ['credentials-updater completion z', ['zsh']],
    ['credentials-updater policies ad', ['adopt']],
    ['credentials-updater policies provide --conten', ['--contents']],
    ['credentials-updater help rev', ['revoke']],
    ['credentials-updater plan --token-lifetime ', ['']],
  ])('%j is completed by %j', async (line, expected) => {
    expect((await inBash(line)).toSorted()).toEqual(expected.toSorted());
  });

  test('the commands are those of --help', async () => {
    const offered = await inBash('credentials-updater ');
    const { stdout: help } = await runCommand(['--help']);
    const listed = [...help.matchAll(/^ {2}([a-z-]+)(?: \[| <| {2})/gm)].map(([, name]) => name);
    expect(new Set(offered)).toEqual(new Set(listed));
    expect(offered).toHaveLength(listed.length);
  });
});

describe.skipIf(!isInPath('fish'))('in fish', () => {
  test.each([
    ['credentials-updater st', ['status']],
    ['credentials-updater plan --deta', ['--detailed-exitcode']],
    ['credentials-updater plan --output ', ['text', 'wide', 'name', 'json', 'yaml']],
    ['credentials-updater plan -o ', ['text', 'wide', 'name', 'json', 'yaml']],
    ['credentials-updater sync --plan plan.', ['plan.json']],
    ['credentials-updater plan --context p', ['pks']],
    ['credentials-updater revoke l', ['lee']],
    ['credentials-updater revoke --context pks k', ['kang']],
    ['credentials-updater --first', ['--first-run']],
    ['credentials-updater completion z', ['zsh']],
    ['credentials-updater policies ad', ['adopt']],
    ['credentials-updater policies provide --conten', ['--contents']],
  ])('%j is completed by %j', async (line, expected) => {
    expect((await inFish(line)).toSorted()).toEqual(expected.toSorted());
  });
});

describe.skipIf(!isInPath('zsh'))('in zsh', () => {
  test.each([
    ['credentials-updater st', 'credentials-updater status'],
    ['credentials-updater plan --deta', 'credentials-updater plan --detailed-exitcode'],
    ['credentials-updater plan --output js', 'credentials-updater plan --output json'],
    ['credentials-updater plan -o js', 'credentials-updater plan -o json'],
    ['credentials-updater sync --plan plan.', 'credentials-updater sync --plan plan.json'],
    ['credentials-updater plan --context p', 'credentials-updater plan --context pks'],
    ['credentials-updater revoke l', 'credentials-updater revoke lee'],
    ['credentials-updater --first', 'credentials-updater --first-run'],
    ['credentials-updater completion fi', 'credentials-updater completion fish'],
  ])('%j becomes %j', async (line, expected) => {
    expect(await inZsh(line)).toContain(expected);
  });
});

/** What PowerShell offers for the end of a line. */
async function inPowershell(line: string): Promise<string[]> {
  const { directory, script, env } = await prepare('powershell');
  const command = `Get-Content -Raw '${script}' | Invoke-Expression; (TabExpansion2 -inputScript '${line}' -cursorColumn ${line.length}).CompletionMatches | ForEach-Object { $_.CompletionText }`;
  const { stdout } = await run('pwsh', ['-NoProfile', '-Command', command], { cwd: directory, timeout, env });
  return stdout.trim().split('\n');
}

describe.skipIf(!isInPath('pwsh'))('in PowerShell', () => {
  test.each([
    ['credentials-updater st', ['status']],
    ['credentials-updater plan --deta', ['--detailed-exitcode']],
    ['credentials-updater plan -o j', ['json']],
    ['credentials-updater sync --plan pl', ['plan.json']],
    ['credentials-updater plan --context p', ['pks']],
    ['credentials-updater revoke k', ['kim']],
    ['credentials-updater --first', ['--first-run']],
  ])('%j is completed by %j', async (line, expected) => {
    expect((await inPowershell(line)).toSorted()).toEqual(expected.toSorted());
  });
});

test('the script for PowerShell quotes every text as PowerShell reads it', async () => {
  const { stdout } = await runCommand(['completion', 'powershell']);
  const entries = stdout.split('\n').filter((line) => / = @\{ Help = /.test(line));
  expect(entries.length).toBeGreaterThan(12);
  // A quote in a text is doubled: without texts, nothing is left but the structure.
  for (const entry of entries)
    expect(entry.replaceAll(/'(?:[^']|'')*'/g, 'T').replaceAll(/@\((?:T(?:, )?)*\)/g, 'L')).toMatch(
      /^ +T = @\{ Help = T; Words = L; Argument = T; Flags = (?:L|@\((?:@\{ Names = L; Help = T; Value = T; Words = L \}(?:, )?)+\)) \}$/,
    );
});
