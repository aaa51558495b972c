/** Every message, in every language. */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { isRecord } from '../json.ts';
import { languages } from '../message.ts';

const files = (await readdir(import.meta.dirname)).filter((file) => file.endsWith('.ts') && !file.endsWith('.test.ts'));
const modules: unknown[] = await Promise.all(files.map((file) => import(join(import.meta.dirname, file))));
const messages = modules.flatMap((module, index) =>
  Object.entries(isRecord(module) ? module : {}).flatMap(([catalogue, content]) =>
    Object.entries(isRecord(content) ? content : {}).map(([key, make]) => ({
      name: `${files[index]} ${catalogue}.${key}`,
      make,
    })),
  ),
);

/** Words that Korean engineers write as they are: what is left of a message that says nothing else. */
const sameInKorean = /^(kubectl|PoolC\(\S+\)|\W*‹.*›\W*)$/;

/** Stands for whatever a message is given: a word, a number, a list or another message. */
function marker(name: string): object {
  const text = `‹${name}›`;
  return { en: text, ko: text, length: 2, join: () => text, toString: () => text, valueOf: () => 90_061 };
}

/** @param without what it is not given */
function say(make: unknown, without?: string): { said: Record<string, string>; asked: ReadonlySet<string> } {
  if (typeof make !== 'function') throw new Error('a message is a function of what it is given');
  const asked = new Set<string>();
  const given = new Proxy(
    {},
    {
      get: (_, name) => {
        asked.add(String(name));
        return name === without ? undefined : marker(String(name));
      },
    },
  );
  const said: unknown = make(given);
  if (!isRecord(said)) throw new Error('a message is said in each language');
  return { said: Object.fromEntries(Object.entries(said).map(([key, text]) => [key, String(text)])), asked };
}

function expectTheSame(said: Record<string, string>): void {
  expect(Object.keys(said).toSorted()).toEqual([...languages].toSorted());
  const { en = '', ko = '' } = said;
  expect(en).not.toMatch(/\p{Script=Hangul}/u);
  expect(sameInKorean.test(ko) || /\p{Script=Hangul}/u.test(ko), `"${ko}" is not Korean`).toBe(true);
  const parts = (text: string) => new Set(text.match(/‹\w+›/g));
  expect(parts(ko)).toEqual(parts(en));
  // A flag and a setting are called the same in every language.
  const names = (text: string) => text.match(/(?<![\w-])--[a-z-]+|[A-Z]{2,}_[A-Z_]+/g)?.toSorted() ?? [];
  expect(names(ko)).toEqual(names(en));
}

test.each(messages)('$name says the same in both languages, whatever it is given', ({ make }) => {
  const { said, asked } = say(make);
  expectTheSame(said);
  for (const without of asked) {
    try {
      expectTheSame(say(make, without).said);
    } catch (error) {
      // It can't do without that one.
      if (!(error instanceof TypeError)) throw error;
    }
  }
});

test('there are as many as people are told', () => {
  expect(messages.length).toBeGreaterThan(100);
});
