/** P3: the guard's limits on the command itself: one less, exactly, one more. */
import { expect, test } from 'vitest';
import { z } from 'zod';
import { type Club, useClub } from '../club.ts';
import { expectExit } from '../command.ts';
import { newUuid, validAnswer } from './directory-fuzz.ts';
import { type DirectoryServer, startDirectoryServer } from './directory-server.ts';
import { objectsOf, ownAccounts, ownedUuids } from './objects.ts';
import { chanceOf } from './random.ts';

type Settings = Readonly<Record<string, string>>;

interface Boundary {
  readonly club: Club;
  readonly server: DirectoryServer;
  readonly settings: Settings;
  readonly allowed: readonly (readonly string[])[];
  readonly refused: readonly string[];
}

const chance = chanceOf(3_000);
const uuids = (count: number) => Array.from({ length: count }, () => newUuid(chance));
const range = (length: number) => Array.from({ length }, (_, index) => index);

test.each<[owned: number, most: number, settings: Settings]>([
  // Beyond half of four or more; of fewer, the last one alone is kept by the rule that a directory is never empty.
  [3, 2, {}],
  [4, 2, {}],
  [5, 2, {}],
  // Beyond 10 accounts and 25%.
  [40, 10, {}],
  [44, 11, {}],
  [20, 3, { MAX_REMOVALS: '3', MAX_REMOVAL_PERCENT: '5' }],
  [20, 5, { MAX_REMOVALS: '0' }],
  [20, 4, { MAX_REMOVALS: '0', MAX_REMOVAL_PERCENT: '20' }],
  [20, 12, { ALLOW_REMOVALS: '12' }],
])('P3: of %i accounts %i may be removed, and not one more %o', async (count, most, settings) => {
  const [club, server, owned] = [await useClub(), await startDirectoryServer(), uuids(count)];
  await ownAccounts(club, owned);
  const without = (leaving: number) => owned.slice(leaving);
  await expectBoundary({
    club,
    server,
    settings,
    allowed: [without(most - 1), without(most)],
    refused: without(most + 1),
  });
});

test.each<[owned: number, most: number, settings: Settings]>([
  // Beyond 50 accounts and 100%.
  [4, 50, {}],
  [50, 50, {}],
  [52, 52, {}],
  [4, 6, { MAX_ADDITIONS: '6' }],
  [4, 53, { ALLOW_ADDITIONS: '53' }],
])('P3: to %i accounts %i may be added, and not one more %o', async (count, most, settings) => {
  const [club, server, owned, others] = [await useClub(), await startDirectoryServer(), uuids(count), uuids(most + 1)];
  await ownAccounts(club, owned);
  const and = (joining: number) => [...owned, ...others.slice(0, joining)];
  await expectBoundary({ club, server, settings, allowed: [and(most - 1), and(most)], refused: and(most + 1) });
});

test('P3: with MIN_MEMBERS=5, a directory of 6 or 5 is believed, one of 4 is not', async () => {
  const [club, server, owned] = [await useClub(), await startDirectoryServer(), uuids(6)];
  await ownAccounts(club, owned);
  await expectBoundary({
    club,
    server,
    settings: { MIN_MEMBERS: '5' },
    allowed: [owned, owned.slice(1)],
    refused: owned.slice(2),
  });
});

const planSchema = z.object({ guard: z.object({ allowed: z.boolean() }) });

/** `plan` says so of each of them; `sync` refuses the one, changing nothing, and then does the last of the others. */
async function expectBoundary({ club, server, settings, allowed, refused }: Boundary): Promise<void> {
  const directories = [...allowed, refused];
  for (const [key, members] of directories.entries()) server.answer(key, validAnswer(members));
  const env = (key: number) => ({ ...settings, POOLC_API_ENDPOINT: server.endpoint(key) });
  const verdicts = await Promise.all(
    range(directories.length).map(async (key) => {
      const plan = await club.run(['plan', '--output', 'json'], { env: env(key) });
      expectExit(plan, 0);
      return planSchema.parse(JSON.parse(plan.stdout)).guard.allowed;
    }),
  );
  expect(verdicts).toEqual([true, true, false]);

  const before = await objectsOf(club);
  const [exactly, oneMore] = [allowed.length - 1, allowed.length];
  expectExit(await club.run(['sync'], { env: env(oneMore) }), 4);
  expect(await objectsOf(club)).toEqual(before);
  expect(server.deliveries(oneMore)).toEqual([]);

  expectExit(await club.run(['sync'], { env: env(exactly) }), 0);
  expect(await ownedUuids(club)).toEqual(allowed[exactly]?.toSorted());
  expect(server.deliveries(exactly)).toHaveLength(1);
}
