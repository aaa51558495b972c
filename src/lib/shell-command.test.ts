import { execFileSync } from 'node:child_process';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { shellCommand, wordsOf } from './shell-command.ts';

const wordsThatBashReads = (command: string): string[] =>
  execFileSync('bash', ['-c', `printf '%s\\0' ${command}`], { encoding: 'utf8' })
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
    expect(shellCommand(['a\u001b[2Jb\u202e'])).toBe(`$'a\\x1b[2Jb\\xe2\\x80\\xae'`);
  });

  it('is read back by a shell as the same words', () => {
    const word = fc.string({ unit: 'grapheme', minLength: 0, maxLength: 12 }).filter((text) => !text.includes('\0'));
    fc.assert(
      fc.property(fc.array(word, { minLength: 1, maxLength: 4 }), (words) => {
        expect(wordsThatBashReads(shellCommand(words))).toEqual(words);
      }),
      { numRuns: 60 },
    );
  });
});
