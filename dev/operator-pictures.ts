/**
 * `npm run operator-pictures`: what an operator sees of plan, sync and status, in a real terminal against a real control
 * plane, as pictures for docs/commands.md. A script and not a test, as dev/member-pictures.ts is, and for its reasons.
 */
import { match } from 'node:assert/strict';
import { mkdir, mkdtemp, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { setPoolcStage } from './demo/poolc-club.ts';
import { openTerminal } from './terminal-picture/index.ts';

const project = join(import.meta.dirname, '..');
const pictures = join(project, 'docs/pictures');

await using opened = new AsyncDisposableStack();
const stage = opened.use(await setPoolcStage(0, (line) => console.log(line)));
for (const loginId of ['jimin20', 'siwoo29', 'haeun', 'doyun', 'MinJun', 'c++lover', 'ji_woo', '풀씨회원', 'yuna'])
  await stage.api.addMember({ loginId });
const leaver = await stage.api.addMember({ loginId: 'minjun' });
const computer = opened.adopt(await mkdtemp(join(tmpdir(), 'pks-picture-')), (path) => rm(path, { recursive: true }));
const bin = join(computer, 'bin');
await mkdir(bin);
await symlink(join(project, 'dist/credentials-updater.mjs'), join(bin, 'credentials-updater'));
const terminal = opened.use(
  await openTerminal({
    env: {
      ...stage.settings,
      HOME: computer,
      PATH: [bin, process.env['PATH']].join(delimiter),
      LANG: 'C.UTF-8',
      SCHEDULE: '0 15 * * *',
    },
  }),
);

await terminal.type({ type: 'credentials-updater sync' });
match(await terminal.screen(), /done: 10 members have a fresh token/);
stage.api.setActive(leaver.uuid, false);
await stage.api.addMember({ loginId: 'Seo+yeon' });

for (const [command, shown] of [
  ['plan', /1 to create|create +1|Seo\+yeon/],
  ['sync', /done: 10 members have a fresh token/],
  ['status', /10 in poolc-users/],
] as const) {
  await terminal.clear();
  await terminal.type({ type: `credentials-updater ${command}` });
  match(await terminal.screen(), shown);
  await terminal.takePicture(join(pictures, `operators-${command}.png`));
}
