/** test/parts.json: what each part came to when it was last run, and of which state of the repository that was. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { root } from '../programs.ts';

const recordSchema = z.record(
  z.string(),
  z.object({
    /** With `+changes` where files differed from it. */
    commit: z.string(),
    date: z.iso.date(),
    took: z.string(),
    versions: z.record(z.string(), z.string()),
    counts: z.looseObject({ passed: z.number(), failed: z.number() }),
  }),
);
/** By the part's name. */
export type PartsRecord = z.infer<typeof recordSchema>;

const file = join(root, 'test/parts.json');

/** Empty where no part has been run yet. */
export function readRecord(): PartsRecord {
  return existsSync(file) ? recordSchema.parse(JSON.parse(readFileSync(file, 'utf8'))) : {};
}

export function writeRecord(record: PartsRecord): void {
  writeFileSync(file, `${JSON.stringify(record, undefined, 2)}\n`);
}
