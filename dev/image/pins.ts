/** What the image is made of: every package with its version and checksum, in pins.json (`npm run image:pins`). */
import { readFile, writeFile } from 'node:fs/promises';
import { z } from 'zod';
import { npmPackage } from '../npm-package.ts';

/** As Debian and OCI call the processor. */
export const architectures = ['amd64', 'arm64'] as const;
export type Architecture = (typeof architectures)[number];

const debianPackage = z.strictObject({
  name: z.string(),
  version: z.string(),
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
});
const pinsSchema = z.strictObject({
  /** Seconds since the epoch: the time that every file of the image bears. */
  sourceDateEpoch: z.int(),
  debianSuite: z.string(),
  architectures: z.record(z.enum(architectures), z.strictObject({ debian: z.array(debianPackage), node: npmPackage })),
});

export type DebianPackage = z.infer<typeof debianPackage>;
export type Pins = z.infer<typeof pinsSchema>;

const PINS_FILE = new URL('pins.json', import.meta.url);

/** @throws {z.ZodError} where pins.json has been edited into something else. */
export async function readPins(): Promise<Pins> {
  return pinsSchema.parse(JSON.parse(await readFile(PINS_FILE, 'utf8')));
}

export async function writePins(pins: Pins): Promise<void> {
  await writeFile(PINS_FILE, `${JSON.stringify(pins, null, 2)}\n`);
}

/** npm's word for the processor. */
export function npmArchitecture(architecture: Architecture): 'x64' | 'arm64' {
  return architecture === 'amd64' ? 'x64' : 'arm64';
}

/** The processor of this machine. @throws where no image is made for it. */
export function hostArchitecture(): Architecture {
  const found = architectures.find((architecture) => npmArchitecture(architecture) === process.arch);
  if (found === undefined)
    throw new Error(`No image is made for ${process.arch}: only for ${architectures.join(', ')}`);
  return found;
}
