/**
 * The versions that this program is tested with, of each part of a cluster that it meets. `npm test` runs everything on the
 * newest and repeats on the oldest what depends on the version (docs/versions.md); a test compares this with what is built.
 */

/** Of one part, e.g. `1.33.0`: minor versions are what counts, and what is in between is taken to work. */
export interface SupportedVersions {
  readonly name: string;
  readonly oldest: string;
  readonly newest: string;
}

export const supported = {
  kubernetes: { name: 'Kubernetes', oldest: '1.33.0', newest: '1.36.3' },
  kyverno: { name: 'Kyverno', oldest: '1.15.2', newest: '1.19.1' },
  argoCd: { name: 'Argo CD', oldest: '3.1.0', newest: '3.5.7' },
} as const satisfies Readonly<Record<string, SupportedVersions>>;

export type Age = 'too old' | 'supported' | 'newer';

/** @param version as a server or an image's tag writes it, e.g. `v1.33.4+k3s1`; undefined where it is no version */
export function ageOf(version: string, { oldest, newest }: SupportedVersions): Age | undefined {
  const found = minorOf(version);
  if (found === undefined) return undefined;
  if (compare(found, minorOf(oldest) ?? found) < 0) return 'too old';
  return compare(found, minorOf(newest) ?? found) > 0 ? 'newer' : 'supported';
}

/** `1.33` of `1.33.0`: what people call a version. */
export function shortVersion(version: string): string {
  return version.split('.').slice(0, 2).join('.');
}

type Minor = readonly [major: number, minor: number];

function minorOf(version: string): Minor | undefined {
  const [, major, minor] = /^v?(\d{1,6})\.(\d{1,6})(?![\d])/.exec(version) ?? [];
  return major === undefined || minor === undefined ? undefined : [Number(major), Number(minor)];
}

function compare([major, minor]: Minor, [otherMajor, otherMinor]: Minor): number {
  return major === otherMajor ? minor - otherMinor : major - otherMajor;
}
