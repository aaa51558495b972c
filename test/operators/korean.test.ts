/** What operators read where the locale is Korean; JSON stays as it is for programs. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { temporaryDirectory } from '../../dev/control-plane/testing.ts';
import { useClub } from '../club.ts';

const korean = { LANG: 'ko_KR.UTF-8' };

test('a plan, a run and a failure are in Korean; documents and logs are in English', async () => {
  const club = await useClub();
  await club.api.addMember({ loginId: 'kim' });
  const run = async (args: readonly string[], env: Readonly<Record<string, string>> = korean) =>
    club.run(args, { env });

  const plan = await run(['plan', '-o', 'text']);
  expect(plan.stdout).toContain('회원 1명: 계정 유지 0명, 가입 1명, 탈퇴 0명\n');
  expect(plan.stdout).toContain('안전장치가 허용합니다. sync를 실행하면 적용됩니다');
  const done = await run(['sync', '-o', 'text']);
  expect(done.stdout).toMatch(/^ {2}회원 {12}1\n {2}유지 {12}0\n {2}가입 {12}1 \(kim\)\n/);
  expect(done.stdout).toContain('✓ 완료: 회원 1명에게 새 토큰을 발급했습니다\n');
  expect((await run(['plan', '-o', 'text'])).stdout).toContain('계정 유지 1명(--all로 볼 수 있습니다)');

  const administrator = { ...korean, KUBECONFIG: club.cluster.kubeconfig };
  const status = (await run(['status', '-o', 'wide'])).stdout;
  expect(status).toMatch(/\bkim +kim +ok +7일 +6일 23시간 +\S+ 전 /);
  expect(status).toMatch(
    /\n\S+에 1명: 1 ok\n마지막 실행: \S+ \S+ \S+, \S+ 전; 토큰 1개 전달, 걸린 시간 \S+초\n토큰 만료: \S+ \S+ \S+, 6일 23시간 후\n갱신 여유: 알 수 없음\(SCHEDULE을 알 수 없습니다\)\n$/,
  );
  expect((await run(['status', '--devices', '-o', 'text'], administrator)).stdout).toMatch(
    /^\S+에 연결된 기기가 없습니다\n$/,
  );
  const alone = { ...korean, POOLC_API_ENDPOINT: 'http://127.0.0.1:9' };
  expect((await run(['status', '-o', 'text'], alone)).stdout).toContain(
    '명부를 읽을 수 없어 로그인 ID 대신 계정 이름을 표시합니다: ',
  );

  const away = { ...korean, POOLC_API_ENDPOINT: 'http://api.example.org' };
  const failed = await run(['sync', '-o', 'text'], { ...korean, KUBECONFIG: '/nonexistent' });
  expect(failed).toMatchObject({ exitCode: 2, stderr: expect.stringContaining('; 할 일: ') });
  expect(await run(['plan'], away)).toMatchObject({ exitCode: 2 });

  const hangul = /\p{Script=Hangul}/u;
  for (const command of ['plan', 'sync', 'status', 'preflight']) {
    const { stdout } = await run([command, '-o', 'json']);
    expect({ command, isEnglish: !hangul.test(stdout) }).toEqual({ command, isEnglish: true });
  }
});

test('a refusal, its reasons and what allows it are in Korean; the record for programs is in English', async () => {
  const club = await useClub();
  const members = [];
  for (let number = 1; number <= 6; number++) members.push(await club.api.addMember({ loginId: `member${number}` }));
  expect(await club.run(['sync'])).toMatchObject({ exitCode: 0 });
  for (const { uuid } of members.slice(0, 4)) club.api.setActive(uuid, false);
  await club.api.addMember({ loginId: '김' });
  const file = join(await temporaryDirectory(), 'plan.json');
  const run = async (...args: string[]) => club.run(args, { env: korean });

  const plan = await run('plan', '-o', 'text', '--all', '--out', file);
  expect(plan.stdout).toMatch(/^ {2}member5 {2}member5: 계속 회원입니다$/m);
  expect(plan.stdout).toMatch(
    /^\+ member-\S+ {2}김: 로그인 ID를 그대로 쓸 수 없어, 쓸 수 있는 글자에 UUID의 일부를 붙입니다$/m,
  );
  expect(plan.stdout).toMatch(/^- member1 {2}명부에 없습니다$/m);
  expect(plan.stdout).toMatch(/\n안전장치가 거부합니다: 계정 6개 중 4개\(66\.7%\)가 삭제됩니다\. 한도는 절반입니다\n$/);
  expect(plan.stderr).toContain('파일에 썼습니다. 이대로는 sync가 거부합니다\n먼저 명부를 확인하세요. ');
  expect(plan.stderr).toMatch(/ sync .*--allow-removals 4/);

  const refused = await run('sync', '-o', 'text');
  expect(refused.stdout).toContain(
    '✗ 거부 (단계: plan): 아무것도 바꾸지 않았고 아무것도 보내지 않았습니다: 계정 6개 중 4개(66.7%)가 삭제됩니다. 한도는 절반입니다. 삭제될 계정: member1, member2, member3, member4\n  할 일: 먼저 명부를 확인하세요. 정말 이대로 바꾸려면 실행하세요:\n',
  );
  club.api.setActive(members[0]?.uuid ?? '', true);
  const stale = await run('sync', '-o', 'text', '--plan', file);
  expect(stale.stdout).toContain('member1: 다시 회원이 되었습니다. 계정(member1)을 그대로 두게 됩니다');
  expect(stale.stdout).toContain('\n1. 만들기: ');

  const hangul = /\p{Script=Hangul}/u;
  const document = JSON.parse(await readFile(file, 'utf8'));
  expect(hangul.test(JSON.stringify({ ...document, create: [] }))).toBe(false);
  expect(document.guard.refusals).toEqual(['4 of 6 accounts (66.7%) would be removed; the limit is half of them']);
  for (const args of [['plan'], ['sync'], ['sync', '--plan', file]]) {
    const { stdout, stderr } = await run(...args, '-o', 'json');
    expect({ args, isEnglish: !hangul.test(`${stdout}${stderr}`.replaceAll('김', '')) }).toEqual({
      args,
      isEnglish: true,
    });
  }
});
