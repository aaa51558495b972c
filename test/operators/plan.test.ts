/** `plan` as people read it: what changes, and those who stay when they are asked for. */
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { useClub } from '../club.ts';

const planSchema = z.object({ keep: z.array(z.object({ name: z.string() })) });

/** Lines of accounts: everything above the empty line. */
const accountsIn = (stdout: string) =>
  (stdout.split('\n\n')[0] ?? '').split('\n').map((line) => line.split('  ')[0] ?? '');

async function clubOfSix() {
  const club = await useClub();
  const leavers = [];
  for (const loginId of ['zoe', 'adam']) leavers.push(await club.api.addMember({ loginId }));
  for (const loginId of ['stay1', 'stay2', 'stay3', 'stay4']) await club.api.addMember({ loginId });
  expect(await club.run(['sync'])).toMatchObject({ exitCode: 0 });
  return { ...club, leavers };
}

describe('a plan in text', () => {
  test('shows what changes, sorted, removals last; --all shows those who stay above it', async () => {
    const club = await clubOfSix();
    for (const { uuid } of club.leavers) club.api.setActive(uuid, false);
    for (const loginId of ['lee', 'ahn']) await club.api.addMember({ loginId });

    const changes = await club.run(['plan', '-o', 'text']);
    expect(accountsIn(changes.stdout)).toEqual(['+ ahn', '+ lee', '- adam', '- zoe']);
    expect(changes.stdout).toContain('6 members: 4 keep their account (--all shows them), 2 join, 2 leave\n');
    expect(changes.stdout).toContain('the guard allows this; sync would apply it\n');

    const all = await club.run(['plan', '-o', 'text', '--all']);
    const staying = ['stay1', 'stay2', 'stay3', 'stay4'].map((name) => `  ${name}`);
    expect(all.stdout.split('\n').slice(0, 4)).toEqual(staying.map((name) => expect.stringContaining(`${name}  `)));
    expect(all.stdout.split('\n').slice(4)).toEqual(changes.stdout.replace(' (--all shows them)', '').split('\n'));

    for (const args of [[], ['--all']]) {
      const { keep } = planSchema.parse(JSON.parse((await club.run(['plan', ...args])).stdout));
      expect(keep.map(({ name }) => name).toSorted()).toEqual(['stay1', 'stay2', 'stay3', 'stay4']);
    }
  });

  test('says nothing above the counts where nothing changes', async () => {
    const club = await clubOfSix();
    const { stdout } = await club.run(['plan', '-o', 'text']);
    expect(stdout).toMatch(/^6 members: 6 keep their account \(--all shows them\), 0 join, 0 leave\n/);
  });
});
