import { execFileSync } from 'node:child_process';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { shellCommand, wordsOf } from './shell-command.ts';

/** `sh` is the least of them: dash on Debian, BusyBox in many images. */
const shells = ['sh', 'bash'];

const wordsRead = (shell: string, command: string): string[] =>
  execFileSync(shell, ['-c', `show() { printf '%s\\0' "$@"; }\n${command}`], { encoding: 'utf8' })
    .split('\0')
    .slice(0, -1);

describe('a command line', () => {
  it('leaves ordinary words as they are', () => {
    const words = ['kubectl', '-n', 'poolc-users', 'delete', 'secret/kim-token', '--from-file=API_KEY=./API_KEY'];
    expect(shellCommand(words)).toBe(words.join(' '));
  });

  it('is made from a template whose parts stay whole', () => {
    const name = 'a b; c';
    expect(
      shellCommand(wordsOf`kubectl -n ${'lab'} delete
      rolebinding/${name} --now`),
    ).toBe(`kubectl -n lab delete 'rolebinding/a b; c' --now`);
  });

  it('quotes what a shell would act on', () => {
    expect(shellCommand(['delete', 'rolebinding/$(reboot)', "it's", ''])).toBe(
      `delete 'rolebinding/$(reboot)' 'it'\\''s' ''`,
    );
  });

  it('shows what a terminal would hide', () => {
    expect(shellCommand(['a\u001b[2Jb\u202e'])).toBe(`"$(printf %b 'a\\0033[2Jb\\0342\\0200\\0256')"`);
  });

  it.each(shells)('keeps line breaks, quotes and what else %s would act on', (shell) => {
    const words = [
      'a\nb',
      'at the end\n\n',
      '\n',
      '\'"$(touch x)`touch x`\u001b\\c%s\\0041!x',
      "it's!\n",
      '--all',
      '-n',
      '=ls',
      '~',
      '한\u200b글',
    ];
    const command = shellCommand(['show', ...words]);
    expect(wordsRead(shell, command)).toEqual(words);
    expect(command).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u);
  });

  it.each(shells)('is read back by %s as the same words', (shell) => {
    const word = fc.string({ unit: 'grapheme', minLength: 0, maxLength: 12 }).filter((text) => !text.includes('\0'));
    fc.assert(
      fc.property(fc.array(word, { minLength: 1, maxLength: 4 }), (words) => {
        expect(wordsRead(shell, shellCommand(['show', ...words]))).toEqual(words);
      }),
      { numRuns: 60 },
    );
  });
});
