/** A command line that can't be read is told in both languages; what somebody gave to a flag is not repeated. */
import { expect, test } from 'vitest';
import { Failure } from '../lib/failure.ts';
import { ko } from '../lib/message.ts';
import { runProgram } from './program.ts';

const { stdout, stderr } = process;
const environment = { env: {}, program: ['credentials-updater'], stdout, stderr, signal: new AbortController().signal };

async function refusalOf(...args: string[]): Promise<readonly (string | undefined)[]> {
  try {
    await runProgram(args, environment);
  } catch (error) {
    if (error instanceof Failure && error.kind === 'usage' && error.advised !== undefined)
      return [error.message, ko(error.said), ko(error.advised)];
    throw error;
  }
  throw new Error('it was not refused');
}

test.each([
  [
    ['plna'],
    "unknown command 'plna' (Did you mean plan?)",
    "알 수 없는 명령 'plna' (혹시 plan인가요?)",
    '`credentials-updater --help`로 명령을 볼 수 있습니다',
  ],
  [
    ['plan', '--al'],
    "unknown option '--al' (Did you mean --all?)",
    "알 수 없는 플래그 '--al' (혹시 --all인가요?)",
    '`credentials-updater plan --help`로 플래그와 예제를 볼 수 있습니다',
  ],
  [
    ['sync', '--plan'],
    "option '--plan <file>' argument missing",
    "플래그 '--plan <file>'에 값이 필요합니다",
    '`credentials-updater sync --help`로 플래그와 예제를 볼 수 있습니다',
  ],
  [
    ['sync', '--notify-url=https://hooks.example.org/secret'],
    "unknown option '--notify-url'",
    "알 수 없는 플래그 '--notify-url'",
    'NOTIFY_URL 설정은 비밀 값이어서 환경 변수로만 읽습니다',
  ],
])('%j', async (args, english, korean, advice) => {
  expect(await refusalOf(...args)).toEqual([english, korean, advice]);
});
