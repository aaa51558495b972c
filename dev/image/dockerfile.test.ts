import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { imageNames, imageSettings } from './images.ts';

/** The instructions of one stage, and of those that it stands on. */
async function stage(name: string): Promise<string> {
  const dockerfile = await readFile(new URL('../../Dockerfile', import.meta.url), 'utf8');
  const found = dockerfile.split(/^(?=FROM )/m).find((part) => new RegExp(`^FROM .* AS ${name}$`, 'm').test(part));
  if (found === undefined) throw new Error(`The Dockerfile has no stage ${name}`);
  const parent = /^FROM (\S+)/.exec(found)?.[1] ?? '';
  return parent === 'base' ? `${await stage('base')}\n${found}` : found;
}

describe.each(imageNames)('the Dockerfile, for %s', (name) => {
  it('starts the image as its stand-in is started', async () => {
    const instructions = await stage(name);
    const { entrypoint, environment, userId } = imageSettings(name);
    const written = z.array(z.string()).parse(JSON.parse(/^ENTRYPOINT (.+)$/m.exec(instructions)?.[1] ?? '[]'));
    expect(written).toEqual(entrypoint);
    const assignments = Object.entries(environment).map(([variable, value]) => `${variable}=${value}`);
    expect(/^ENV (.+)$/m.exec(instructions)?.[1]?.split(' ')).toEqual(assignments);
    expect(instructions.match(/^USER .*$/gm)?.at(-1)).toBe(`USER ${userId}:${userId}`);
  });
});

describe('the Dockerfile', () => {
  it('makes the updater unless it is asked for something else', async () => {
    const dockerfile = await readFile(new URL('../../Dockerfile', import.meta.url), 'utf8');
    expect(dockerfile.match(/^FROM .* AS (.+)$/gm)?.at(-1)).toContain(' AS credentials-updater');
  });
});
