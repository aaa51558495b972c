import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Failure } from '../lib/failure.ts';
import { fileDirectory, pathSource } from './file.ts';

const read = (content: string | Buffer) =>
  fileDirectory({ name: 'the file members.csv', read: async () => Buffer.from(content) }).members({
    signal: AbortSignal.timeout(5_000),
  });

describe('a CSV file', () => {
  test('has one member a line, in any order of columns, and others are passed over', async () => {
    expect(await read('name,login,id\nKim,kim,1\n"Lee, Jimin",jimin,2\n')).toEqual([
      { id: 'file:1', login: 'kim' },
      { id: 'file:2', login: 'jimin' },
    ]);
  });

  test('is read as Excel writes it in Korea: byte order mark, CRLF, quotes, Korean names', async () => {
    expect(await read('\ufeffID,Login,이름\r\n2024001,"kim ",김민준\r\n2024002,,"이, 지민"\r\n\r\n')).toEqual([
      { id: 'file:2024001', login: 'kim' },
      { id: 'file:2024002', login: null },
    ]);
  });

  test('has several keys in one field, by line or semicolon', async () => {
    expect(await read('id,login,keys\n1,kim,"age1abc;ssh-ed25519 AAAA kim@home"\n')).toEqual([
      { id: 'file:1', login: 'kim', keys: ['age1abc', 'ssh-ed25519 AAAA kim@home'] },
    ]);
  });

  test('may have several lines in a field of a column that is passed over', async () => {
    expect(await read('id,login,address\n1,kim,"Seoul, Mapo\nroom 3"\n')).toEqual([{ id: 'file:1', login: 'kim' }]);
  });

  test.each<[what: string, content: string | Buffer, says: RegExp]>([
    ['nothing', '', /is empty/],
    ['white space', ' \n\n', /is empty/],
    ['no header', '1,kim\n2,lee\n', /first line must be the header id,login\[,keys\]: id and login are missing/],
    ['half a header', 'id,name\n1,kim\n', /login is missing, and it has id, name/],
    ['a header twice', 'id,login,id\n1,kim,2\n', /column id twice/],
    ['an empty id', 'id,login\n1,kim\n ,lee\n', /line 3 has no id/],
    ['a repeated id', 'id,login\n1,kim\n2,lee\n1,park\n', /line 2 and line 4 have the same id 1/],
    ['an open quote', 'id,login\n1,"kim\n2,lee\n', /quote is opened and never closed/],
    ['a stray quote', 'id,login\n1,k"im\n', /quotes are not those of CSV/],
    ['a quote that swallows lines', 'id,login\n1,"kim\n2,lee\n3,park"\n', /line 4 has a line break in login/],
    [
      'a quote that swallows lines in another column',
      'id,login,note\n1,kim,"5 inch\n2,lee,\n3,park,6 inch"\n4,choi,\n',
      /field that ends on line 4 holds whole lines/,
    ],
    ['a short line', 'id,login\n1\n', /line 2 has 1 columns, and the header has 2/],
    ['a long line', 'id,login\n1,kim,extra\n', /line 2 has 3 columns/],
    ['CP949', Buffer.concat([Buffer.from('id,login\n1,'), Buffer.from([0xb1, 0xe8])]), /not UTF-8; Excel in Korea/],
    ['UTF-16', Buffer.from('\ufeffid,login\n1,kim\n', 'utf16le'), /UTF-16/],
    ['NUL characters', 'id,login\n1,k\0im\n', /NUL/],
    ['a page', '<!doctype html><title>Log in</title>', /must be the header/],
  ])('with %s is refused by name', async (_, content, says) => {
    const failure = await read(content).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(Failure);
    expect(failure).toMatchObject({ kind: 'directory', message: expect.stringMatching(says) });
    expect(failure).toMatchObject({ message: expect.stringContaining('the file members.csv') });
  });
});

describe('YAML and JSON', () => {
  test.each([
    ['YAML', 'members:\n  - id: 0042\n    login: kim\n  - {id: "2", login: null, keys: [age1abc]}\n'],
    ['JSON', '{"members": [{"id": "0042", "login": "kim"}, {"id": 2, "login": null, "keys": ["age1abc"]}]}'],
  ])('%s: ids are the text as it was written, a login may be missing', async (_, content) => {
    expect(await read(content)).toEqual([
      { id: 'file:0042', login: 'kim' },
      { id: 'file:2', login: null, keys: ['age1abc'] },
    ]);
  });

  test.each([
    ['no list', 'members: null\n', /members must be a list/],
    ['another root', '{"activeMembers": []}', /field activeMembers; only members is known/],
    ['an unknown field', 'members: [{id: 1, login: kim, email: x}]', /members\.0 \(line 1\) has the field email/],
    ['no id', 'members:\n  - login: kim\n', /members\.0 \(line 2\) has no id/],
    ['a boolean id', 'members: [{id: true, login: kim}]', /has no id: a text or a whole number/],
    ['a list as login', 'members: [{id: 1, login: [a]}]', /login of members\.0 .* is not a text/],
    ['a field twice', '{"members": [], "members": []}', /neither YAML nor JSON at line 1/],
    ['a cut', '{"members": [{"id": "1", "login": "ki', /neither YAML nor JSON/],
    ['the same id in two spellings', 'members: [{id: 1, login: a}, {id: "1", login: b}]', /have the same id 1/],
  ])('with %s are refused by name', async (_, content, says) => {
    await expect(read(content)).rejects.toThrow(says);
  });
});

test('any text is a list of members or a failure that says why, and never another error', async () => {
  const any = fc.oneof(
    fc.string(),
    fc.string({ unit: 'binary' }),
    fc.string().map((text) => `id,login\n${text}`),
    fc.string().map((text) => `members: ${text}`),
    fc.json().map((text) => `{"members": ${text}}`),
  );
  await fc.assert(
    fc.asyncProperty(any, async (text) => {
      const outcome = await read(text).catch((error: unknown) => error);
      if (Array.isArray(outcome)) return;
      expect(outcome).toBeInstanceOf(Failure);
      expect(outcome).toMatchObject({ kind: 'directory' });
    }),
    { numRuns: 500 },
  );
});

test('ids with other characters stay apart, and none of them reaches a terminal as it is', async () => {
  const members = await read('id,login\n김민준,kim\n"a b",lee\na%20b,park\n"\u001b[2J",choi\n');
  expect(members.map(({ id }) => id)).toEqual([
    'file:%EA%B9%80%EB%AF%BC%EC%A4%80',
    'file:a%20b',
    'file:a%2520b',
    'file:%1B[2J',
  ]);
});

test('a file that is not there is named, and what to do', async () => {
  const missing = fileDirectory(pathSource('/nowhere/members.csv')).members({ signal: AbortSignal.timeout(5_000) });
  await expect(missing).rejects.toThrow('the file /nowhere/members.csv does not exist; nothing was changed');
});
