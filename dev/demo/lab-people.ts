/** The people of a club that is not PoolC, and where their tokens go. */
import type { Roles } from './stage.ts';

export const credentialsNamespace = 'poolc-credentials';

const families = ['kim', 'lee', 'park', 'choi', 'jung'];
const given = ['minjun', 'seoyeon', 'jiwoo', 'haeun', 'doyun', 'seojun', 'yuna', 'sora'];

/** Their logins, which are good names for accounts. */
export function labPeople(): Set<string> {
  return new Set(given.flatMap((name) => families.map((family) => `${family}-${name}`)));
}

export const labRoles: Roles = {
  leaver: 'lee-haeun',
  otherLeaver: 'choi-jiwoo',
  stayer: 'park-seojun',
  joiner: 'kang-saessak',
};
