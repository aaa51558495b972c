import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { displayWidth, table, terminalJson, wrapLine, wrapMessage } from './terminal-text.ts';

const red = (text: string) => `\u001b[31m${text}\u001b[39m`;

describe('width on a terminal', () => {
  it.each([
    ['alice', 5],
    ['풀씨회원', 8],
    ['풀씨회원'.normalize('NFD'), 8],
    [red('alice'), 5],
    ['🦭', 2],
    ['e\u0301', 1],
  ])('%j takes %i columns', (text, columns) => {
    expect(displayWidth(text)).toBe(columns);
  });
});

describe('a line that is too long', () => {
  it('is broken between words, and goes on indented', () => {
    expect(wrapLine('- minji  no longer in the directory', 20, 4)).toBe('- minji  no longer\n    in the directory');
  });

  it('keeps its own indent', () => {
    expect(wrapLine('  what to do: look at the log', 20, 4)).toBe('  what to do: look\n    at the log');
  });

  it('counts Korean as it is shown', () => {
    expect(wrapLine('풀씨회원 풀씨회원 풀씨회원', 18)).toBe('풀씨회원 풀씨회원\n풀씨회원');
  });

  it('never breaks a word that is there to be copied', () => {
    const address = 'https://api.example.org/a/very/long/path';
    expect(wrapLine(`see ${address} now`, 20)).toBe(`see\n${address}\nnow`);
  });

  it('stays as it is where nobody looks', () => {
    const line = 'word '.repeat(100);
    expect(wrapLine(line, undefined)).toBe(line);
  });

  it('loses nothing but spaces, and no line is longer than its longest word or the width', () => {
    const word = fc.stringMatching(/^[a-z풀씨]{1,12}$/);
    fc.assert(
      fc.property(fc.array(word, { minLength: 1 }), fc.integer({ min: 20, max: 80 }), (words, columns) => {
        const wrapped = wrapLine(words.join(' '), columns, 2);
        expect(wrapped.split(/\s+/).filter((piece) => piece !== '')).toEqual(words);
        for (const line of wrapped.split('\n')) expect(displayWidth(line)).toBeLessThanOrEqual(Math.max(columns, 26));
      }),
    );
  });
});

describe('a message with commands below it', () => {
  it('wraps the sentence and leaves the commands whole', () => {
    const command = 'kubectl -n poolc-system create job --from=cronjob/credentials-updater again';
    expect(wrapMessage(`check the directory, then run:\n${command}`, 20)).toBe(
      `check the directory,\nthen run:\n${command}`,
    );
  });
});

describe('a table', () => {
  it('lines its columns up, in Korean and in colour too', () => {
    const lines = table(
      ['LOGIN', 'STATE', 'SINCE'],
      [
        ['풀씨회원', red('expired'), '3d'],
        ['kim', 'ok', ''],
      ],
      undefined,
    );
    expect(lines).toEqual(['LOGIN     STATE    SINCE', `풀씨회원  ${red('expired')}  3d`, 'kim       ok']);
  });

  it('puts the rest of a row below a name that leaves it no room, and keeps the others in line', () => {
    const name = 'a'.repeat(36);
    const lines = table(
      ['LOGIN', 'SERVICEACCOUNT', 'STATE'],
      [
        ['kim', 'kim', 'ok'],
        [name, name, 'ok'],
      ],
      72,
    );
    expect(lines[1]).toBe(`kim                       kim                       ok`);
    expect(lines[2]).toBe(`${name}\n    ${name}  ok`);
  });
});

it('prints JSON that means the same, with nothing in it that a terminal obeys', () => {
  const data = { names: ['a\u009b2J\u007f', '\u202eabc\u2028', '\u{e0001}', '\u001b[2J\n', '한글'] };
  const text = terminalJson(data);
  expect(JSON.parse(text)).toEqual(data);
  expect(text.replaceAll('\n', '')).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u);
  expect(text).toContain('한글');
});
