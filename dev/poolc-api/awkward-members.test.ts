import { expect, test } from 'vitest';
import { awkwardMembers } from './awkward-members.ts';
import { listed, listMembers, poolcApi } from './test-client.ts';

const loginIds = (count: number) => awkwardMembers(count).map(({ loginId }) => loginId);

test('forty members hold every kind of login id that a name has to be made of', () => {
  const ids = loginIds(40);
  const kinds: [string, (loginId: string) => boolean][] = [
    ['upper case', (id) => /^[A-Za-z]+$/.test(id) && /[A-Z]/.test(id)],
    ['a plus', (id) => id.includes('+')],
    ['an underscore', (id) => id.includes('_')],
    ['a dot', (id) => id.includes('.')],
    ['Korean', (id) => /^[가-힣]+$/.test(id)],
    ['reserved', (id) => id === 'default'],
    ['40 characters that fit a name', (id) => /^[a-z]{40}$/.test(id)],
    ['40 characters that do not', (id) => /^[가-힣]{40}$/.test(id)],
    ['equal to another once lower-cased', (id) => id !== id.toLowerCase() && ids.includes(id.toLowerCase())],
    ['equal to another once normalised', (id) => id !== id.normalize() && ids.includes(id.normalize())],
    ['nothing that a name may hold', (id) => !/[A-Za-z0-9]/.test(id)],
    ['ordinary', (id) => /^[a-z]{4,8}[0-9]{1,3}$/.test(id)],
  ];
  const texts = ids.filter((id) => id !== null);
  expect(kinds.filter(([, fits]) => !texts.some(fits)).map(([kind]) => kind)).toEqual([]);
  expect(ids).toContain(null);
});

test('one login id is the name that lower case and the end of the UUID make of another member', () => {
  const members = awkwardMembers(40);
  const taken = new Set(members.map(({ loginId }) => loginId));
  expect(members.filter(({ uuid, loginId }) => taken.has(`${loginId?.toLowerCase()}-${uuid.slice(-4)}`))).toHaveLength(
    1,
  );
});

test('the same numbers give the same members, and the directory takes 50,000 of them', async () => {
  expect(awkwardMembers(10, 35)).toEqual(awkwardMembers(45).slice(35));
  const api = await poolcApi();
  expect(api.seed(50_000)).toHaveLength(50_000);
  expect(listed(await listMembers(api))).toHaveLength(50_000);
});

test('a second seed goes on where the first ended, also when a member of it has left', async () => {
  const api = await poolcApi();
  const [first] = api.seed(3);
  api.removeMember(first?.uuid ?? '');
  expect(api.seed(2).map(({ uuid }) => uuid)).toEqual(awkwardMembers(2, 3).map(({ uuid }) => uuid));
});

test('a UUID is one in form', () => {
  for (const { uuid } of awkwardMembers(500)) {
    expect(uuid).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  }
});
