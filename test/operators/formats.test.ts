/** `-o` in the formats of kubectl, and `status --watch`. */
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { useClub } from '../club.ts';
import type { RunningCommand } from '../command.ts';

test('status, plan, preflight and reserve --list print what kubectl would: json and yaml say the same, name and wide', async () => {
  const club = await useClub();
  const kim = await club.api.addMember({ loginId: 'kim' });
  await club.api.addMember({ loginId: 'lee' });
  await club.run(['sync']);
  club.api.setActive(kim.uuid, false);
  await club.api.addMember({ loginId: 'Park' });
  const print = async (...args: string[]) => (await club.run(args)).stdout;

  expect(await print('status', '-o', 'name')).toBe('serviceaccount/kim\nserviceaccount/lee\n');
  expect(await print('plan', '-o', 'name')).toMatch(/^serviceaccount\/kim\nserviceaccount\/park-[0-9a-f]{4}\n$/);
  expect(await print('reserve', '--list', '-o', 'name')).toBe('serviceaccount/kim\nserviceaccount/lee\n');
  expect(await print('plan', '-o', 'wide')).toMatch(new RegExp(`- kim +${kim.uuid} `));

  const withoutTimes = (text: string) => text.replace(/\d{4}-\d\d-\d\dT[\d:.]+Z|(?<=Seconds|secondsAgo|Ago).*/gi, '');
  for (const command of ['status', 'plan', 'preflight', 'reserve --list']) {
    const [json, yaml] = [
      await print(...command.split(' '), '-o', 'json'),
      await print(...command.split(' '), '-o', 'yaml'),
    ];
    expect(yaml).not.toContain('{');
    const same = (document: unknown) => withoutTimes(JSON.stringify(document, undefined, 1));
    expect({ command, document: same(parse(yaml)) }).toEqual({ command, document: same(JSON.parse(json)) });
  }
  expect(await club.run(['status', '-o', 'table'])).toMatchObject({ exitCode: 2 });
  expect(await club.run(['reserve', 'kim', kim.uuid, '-o', 'json'])).toMatchObject({
    exitCode: 2,
    stderr: expect.stringContaining('--output goes with --list'),
  });
});

test('times are local, with date and zone; those of documents are UTC', async () => {
  const club = await useClub();
  await club.api.addMember({ loginId: 'kim' });
  await club.run(['sync']);
  const env = { TZ: 'Asia/Seoul' };
  const time = /last run: \d{4}-\d\d-\d\d \d\d:\d\d GMT\+9, .*\ntokens expire: \d{4}-\d\d-\d\d \d\d:\d\d GMT\+9, in /;
  expect((await club.run(['status', '-o', 'text'], { env })).stdout).toMatch(time);
  expect((await club.run(['status', '-o', 'json'], { env })).stdout).toMatch(/"acknowledgedAt": ".*Z"/);
});

test('status --watch prints the members again when one of them changes, and ends with Ctrl-C', async () => {
  const club = await useClub();
  await club.api.addMember({ loginId: 'kim' });
  await club.run(['sync']);
  const started = Promise.withResolvers<RunningCommand>();
  const watching = club.run(['status', '--watch', '-o', 'name'], { onStart: started.resolve });
  const running = await started.promise;
  await running.printed(/^serviceaccount\/kim\n$/);
  const account = ['serviceaccount', 'kim', '-n', club.cluster.usersNamespace];
  expect(await club.cluster.kubectl(['delete', ...account])).toMatchObject({ exitCode: 0 });
  await club.api.addMember({ loginId: 'lee' });
  expect(await club.run(['sync'])).toMatchObject({ exitCode: 0 });
  await running.printed(/serviceaccount\/kim\nserviceaccount\/lee\n$/);
  running.kill('SIGINT');

  const { exitCode, stdout, stderr } = await watching;

  expect([exitCode, stderr]).toEqual([130, '']);
  // Not once for each time that it has looked.
  expect(stdout.split('serviceaccount/kim\n').length).toBeLessThan(6);
});
