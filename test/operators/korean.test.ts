/** What operators read where the locale is Korean; JSON stays as it is for programs. */
import { expect, test } from 'vitest';
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
