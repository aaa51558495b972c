/** Any answer at all gives the whole list or a failure: never a part of it. */
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Failure } from '../../lib/failure.ts';
import { compileExpressions, type Expressions } from './expressions.ts';
import { readPages } from './pages.ts';

const first = new URL('https://api.example.org/members');
const all: Expressions = {
  members: 'data',
  id: 'user.id',
  login: 'login',
  active: 'active',
  next: 'next',
  total: 'total',
};

const read = (pages: readonly unknown[], expressions: Expressions = all) =>
  readPages(first, compileExpressions(expressions), async (url) => {
    const page = Number(url.searchParams.get('page') ?? 1);
    return pages[page - 1];
  });

interface Person {
  readonly user: { readonly id: string | number };
  readonly login: string | null;
  readonly active: boolean;
}

const people = fc.uniqueArray(
  fc.record<Person>({
    user: fc.record({ id: fc.oneof(fc.stringMatching(/^[a-z]{1,8}$/), fc.maxSafeInteger()) }),
    login: fc.option(fc.string()),
    active: fc.boolean(),
  }),
  { selector: ({ user }) => String(user.id), maxLength: 30 },
);
const pageSize = fc.integer({ min: 1, max: 7 });

interface Page {
  readonly data: readonly unknown[];
  readonly total: unknown;
  readonly next?: unknown;
}

/** As an honest API answers. */
function pagesOf(list: readonly Person[], size: number): Page[] {
  const count = Math.max(1, Math.ceil(list.length / size));
  return Array.from({ length: count }, (_, index) => ({
    data: list.slice(index * size, (index + 1) * size),
    total: list.length,
    ...(index === count - 1 ? {} : { next: `?page=${index + 2}` }),
  }));
}

const expected = (list: readonly Person[]) =>
  list.filter(({ active }) => active).map(({ user, login }) => ({ id: `http:api.example.org:${user.id}`, login }));

async function failureOf(reading: Promise<unknown>): Promise<Failure | undefined> {
  try {
    await reading;
    return undefined;
  } catch (error) {
    if (error instanceof Failure) return error;
    throw error;
  }
}

test('an honest API: every active member, once, however it is cut into pages', async () => {
  await fc.assert(
    fc.asyncProperty(people, pageSize, async (list, size) => {
      expect(await read(pagesOf(list, size))).toEqual(expected(list));
    }),
  );
});

test('members that are missing, on whichever page, are a failure where there is a total', async () => {
  await fc.assert(
    fc.asyncProperty(people, pageSize, fc.nat(), async (list, size, at) => {
      fc.pre(list.length > 0);
      const left = list.toSpliced(at % list.length, 1);
      const pages = pagesOf(left, size).map((page) => ({ ...page, total: list.length }));
      expect((await failureOf(read(pages)))?.kind).toBe('directory');
    }),
  );
});

test('one page of several in another shape is a failure', async () => {
  const others = fc.oneof(
    fc.constantFrom(null, {}, [], 'error', { data: null, total: 3 }, { error: 'quota', data: {}, total: 3 }),
    fc.jsonValue(),
  );
  await fc.assert(
    fc.asyncProperty(people, pageSize, fc.nat(), others, async (list, size, at, other) => {
      const pages: unknown[] = pagesOf(list, size);
      expect((await failureOf(read(pages.with(at % pages.length, other))))?.kind).toBe('directory');
    }),
  );
});

test.each<[string, (value: unknown) => boolean, (value: unknown) => object]>([
  ['active', (value) => typeof value === 'boolean', (active) => ({ active })],
  ['login', (value) => typeof value === 'string' || value === null, (login) => ({ login })],
  ['id', (value) => typeof value === 'string' || Number.isSafeInteger(value), (id) => ({ user: { id } })],
])('%s of one member with a value of another type is a failure', async (_, isRight, fieldsWith) => {
  const wrong = fc.jsonValue().filter((value) => !isRight(value));
  await fc.assert(
    fc.asyncProperty(people, fc.nat(), wrong, async (list, at, value) => {
      fc.pre(list.length > 0);
      const index = at % list.length;
      const others: object[] = [...list];
      const data = others.with(index, { ...list[index], ...fieldsWith(value) });
      expect((await failureOf(read([{ data, total: list.length }])))?.kind).toBe('directory');
    }),
  );
});

test('any JSON at all, under any of these expressions, is a list or a failure of the directory', async () => {
  const expression = fc.constantFrom('@', 'a', 'a.b', '[]', '[*].a', 'values(@)', 'length(@)', 'toString', '@[0]');
  await fc.assert(
    fc.asyncProperty(
      fc.jsonValue(),
      fc.tuple(expression, expression, expression, expression),
      async (document, [members, id, login, total]) => {
        const failure = await failureOf(read([document], { members, id, login, total }));
        expect(['directory', undefined]).toContain(failure?.kind);
      },
    ),
  );
});

describe('an expression that is none is named before anything is asked', () => {
  test.each([
    ['members', 'a['],
    ['id', 'a b'],
    ['login', 'nobody(a)'],
    ['active', '`{`'],
    ['next', 'a)'],
    ['total', 'length(@, @)'],
    ['id', '@), @) || map(&(a'],
  ])('%s: %s', (field, expression) => {
    expect(() => compileExpressions({ ...all, [field]: expression })).toThrow(
      expect.objectContaining({
        kind: 'usage',
        message: expect.stringContaining(`spec.directory.http.${field} is not a JMESPath expression: `),
      }),
    );
  });
});

test('a function that an answer does not fit is a failure that names the field', async () => {
  expect((await failureOf(read([{ data: 1 }], { members: 'keys(data)', id: 'id' })))?.message).toMatch(
    /^spec\.directory\.http\.members can't be evaluated for the answer: .*keys/,
  );
});
