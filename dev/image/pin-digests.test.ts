import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { pinDigests } from './pin-digests.ts';

const name = 'ghcr.io/poolc/pks-credentials-updater';
const digest = `sha256:${'a'.repeat(64)}`;

describe.each(['overlays/production', 'overlays/staging', 'overlays/test', 'preflight', 'gateway'])(
  '%s, with a digest for its image',
  (directory) => {
    it('runs that image, and is otherwise as it was', async () => {
      const before = await readFile(new URL(`../../deploy/${directory}/kustomization.yaml`, import.meta.url), 'utf8');
      const after = pinDigests(before, [{ name, digest }]);

      expect(parse(after).images).toContainEqual({ name, digest });
      expect({ ...parse(after), images: [] }).toEqual({ ...parse(before), images: [] });
      for (const comment of before.match(/#.*/g) ?? []) expect(after).toContain(comment);
      expect(pinDigests(after, [{ name, digest }])).toBe(after);
    });
  },
);
