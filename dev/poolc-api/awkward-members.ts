/**
 * Members as a club really has them: most with an ordinary login id, and one of every kind that a program which turns
 * login ids into names has to live with. The same numbers give the same members, so that a failure can be repeated.
 */
import { createHash } from 'node:crypto';

export interface SeedMember {
  uuid: string;
  loginId: string | null;
}

/** Every awkward kind, by what is awkward about it. The number tells members of one kind from each other. */
const awkwardKinds: Record<string, (number: number) => string | null> = {
  'upper case': (number) => `MinJun${tail(number)}`,
  'collides with the next once lower-cased': (number) => `SeoYeon${tail(number)}`,
  'collides with the one before once lower-cased': (number) => `seoyeon${tail(number - 1)}`,
  plus: (number) => `c++lover${tail(number)}`,
  underscore: (number) => `ji_woo${tail(number)}`,
  dot: (number) => `ha.eun${tail(number)}`,
  Korean: (number) => `풀씨회원${tail(number)}`,
  'Korean, letters decomposed': (number) => `풀씨회원${tail(number)}`.normalize('NFD'),
  'Korean and Latin': (number) => `민수Kim${tail(number)}`,
  'no login id': () => null,
  reserved: (number) => `default${tail(number)}`,
  '40 characters': (number) => `forty${'x'.repeat(35 - tail(number).length)}${tail(number)}`,
  '40 characters of Korean': (number) => `${'가'.repeat(40 - tail(number).length)}${tail(number)}`,
  'digits only': (number) => `2024${String(number).padStart(6, '0')}`,
  'signs only': (number) => setOf(number).toString(2).padStart(4, '0').replaceAll('0', '+').replaceAll('1', '_'),
  'hyphens at the ends': (number) => `-dohyun${tail(number)}-`,
  'a space': (number) => `lee seo${tail(number)}`,
  'a mail address': (number) => `yuna${tail(number)}@example.com`,
  emoji: (number) => `🦭${tail(number)}`,
  'the name that another member would be given': (number) => {
    const other = number - (number % awkwardCycle);
    return `minjun${tail(other)}-${uuidOf(other).slice(-4)}`;
  },
};

const makers = Object.values(awkwardKinds);
/** After each whole set of awkward kinds come this many ordinary members. */
const ordinaryPerSet = 60;
const awkwardCycle = makers.length + ordinaryPerSet;
const givenNames = ['jimin', 'hyunwoo', 'sooah', 'yejun', 'chaewon', 'dongha', 'nari', 'taeyang', 'gaeun', 'siwoo'];

/** `count` members, those with the numbers `first` to `first + count - 1`; two ranges that don't overlap never collide. */
export function awkwardMembers(count: number, first = 0): SeedMember[] {
  return Array.from({ length: count }, (_, index) => {
    const number = first + index;
    const awkward = makers[number % awkwardCycle];
    return { uuid: uuidOf(number), loginId: awkward === undefined ? ordinaryLoginId(number) : awkward(number) };
  });
}

function ordinaryLoginId(number: number): string {
  return `${givenNames[number % givenNames.length]}${number}`;
}

/** Nothing for the first set, so that its login ids are the pure examples of their kind; then the set's number. */
function tail(number: number): string {
  return setOf(number) === 0 ? '' : String(setOf(number));
}

function setOf(number: number): number {
  return Math.floor(number / awkwardCycle);
}

/** A random-looking UUID (version 4 in form) that depends on the number alone. */
function uuidOf(number: number): string {
  const bytes = createHash('sha256').update(`member ${number}`).digest().subarray(0, 16);
  bytes.writeUInt8((bytes.readUInt8(6) & 0x0f) | 0x40, 6);
  bytes.writeUInt8((bytes.readUInt8(8) & 0x3f) | 0x80, 8);
  const hex = bytes.toString('hex');
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
}
