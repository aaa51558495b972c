import { expect, it } from 'vitest';
import { linesOf } from './lines.ts';

async function* pieces(bytes: Buffer, size: number): AsyncGenerator<Buffer> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

async function read(text: string, size: number, longest = 100): Promise<string[]> {
  const lines: string[] = [];
  const tooLong = () => new Error('too long');
  for await (const line of linesOf(pieces(Buffer.from(text), size), longest, tooLong)) lines.push(line);
  return lines;
}

it.each([1, 2, 3, 5, 100])(
  'are whole wherever they are cut, such as in a character: pieces of %i bytes',
  async (size) => {
    expect(await read('{"a":"풀씨"}\n{"b":"😀"}\r\n\n\nlast', size)).toEqual(['{"a":"풀씨"}', '{"b":"😀"}', 'last']);
    expect(await read('one\n', size)).toEqual(['one']);
    expect(await read('', size)).toEqual([]);
  },
);

it.each([1, 7, 1_000])('of more bytes than allowed are refused, in pieces of %i bytes', async (size) => {
  expect(await read(`${'x'.repeat(100)}\n`, size)).toHaveLength(1);
  await expect(read(`short\n${'x'.repeat(101)}`, size)).rejects.toThrow('too long');
});

it('of more bytes than allowed are refused before their end has come', async () => {
  let given = 0;
  async function* endless(): AsyncGenerator<Buffer> {
    for (;;) {
      given++;
      yield Buffer.alloc(64, 'x');
    }
  }
  const reading = (async () => {
    for await (const line of linesOf(endless(), 1_000, () => new Error('too long'))) expect(line).toBe('never');
  })();
  await expect(reading).rejects.toThrow('too long');
  expect(given).toBe(16);
});
