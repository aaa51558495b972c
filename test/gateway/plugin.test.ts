/** The members' program with a gateway, and the real kubectl with it: log in once per device, then nothing. */
import { spawn } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { fieldOf, logInAs } from '../../dev/gateway/browser.ts';
import { ownEnvironment } from '../command.ts';
import { newOneTimeCode, runEnroll } from './enroll-command.ts';
import { type GatewayLab, startLab, usersNamespace } from './lab.ts';

const bundle = join(import.meta.dirname, '../../dist/member/credentials-updater-member.mjs');
let lab: GatewayLab;

beforeAll(async () => {
  lab = await startLab();
  await lab.addMember('min');
  await lab.startGateway();
});
afterAll(async () => {
  await lab[Symbol.asyncDispose]();
});

interface Ran {
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** One computer of a member's: a home, with the program on PATH. */
async function newComputer(language = 'en_US.UTF-8') {
  const home = await mkdtemp(join(tmpdir(), 'pks-device-'));
  onTestFinished(() => rm(home, { recursive: true, force: true }));
  const bin = join(home, 'bin');
  await mkdir(bin);
  await symlink(bundle, join(bin, 'credentials-updater'));
  const authority = join(home, 'ca.crt');
  await writeFile(authority, lab.authority);
  const inherited = ownEnvironment(home);
  const env = {
    ...inherited,
    PATH: `${bin}:${join(process.execPath, '..')}:${inherited.PATH}`,
    NODE_EXTRA_CA_CERTS: authority,
    KUBECONFIG: join(home, 'config'),
    LANG: language,
  };
  const run = (command: string, args: readonly string[], onStderr?: (text: string) => void): Promise<Ran> => {
    const child = spawn(command, args, { cwd: home, env, stdio: ['ignore', 'pipe', 'pipe'] });
    const output = { stdout: '', stderr: '' };
    child.stdout.setEncoding('utf8').on('data', (text: string) => (output.stdout += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      output.stderr += text;
      onStderr?.(output.stderr);
    });
    const { promise, resolve } = Promise.withResolvers<Ran>();
    child.once('close', (exitCode) => {
      resolve({ exitCode, ...output });
    });
    return promise;
  };
  return {
    home,
    run: (...args: readonly string[]) => run(join(bin, 'credentials-updater'), args),
    kubectl: (...args: readonly string[]) => run(lab.controlPlane.kubectlPath, args),
    /** Logs in as this member would: reads link and code at the terminal, and types the code in a browser. */
    logIn: async (member: string, ...flags: readonly string[]): Promise<Ran> => {
      const { promise: shown, resolve } = Promise.withResolvers<{ link: string; code: string }>();
      const running = run(join(bin, 'credentials-updater'), ['login', lab.origin, ...flags], (text) => {
        const [, link, code] =
          /(https:\/\/\S+\/enroll\?request=\S+)[\s\S]* ([0-9A-Z]{4}-[0-9A-Z]{4}) /.exec(text) ?? [];
        if (link !== undefined && code !== undefined) resolve({ link, code });
      });
      const { link, code } = await shown;
      const request = new URL(link).searchParams.get('request') ?? '';
      const { browser, page } = await logInAs(lab, member, request);
      await browser.post(`${lab.origin}/enroll`, { csrf: fieldOf(page, 'csrf'), request, code });
      await browser.close();
      return running;
    },
  };
}

test('a member logs in once, and kubectl works from then on', async () => {
  await lab.addMember('kim');
  const computer = await newComputer();
  const { exitCode, stdout, stderr } = await computer.logIn('kim', '--device-name', 'office');
  expect({ exitCode, stderr: stderr.match(/The page must show this key: \S+/) !== null }).toEqual({
    exitCode: 0,
    stderr: true,
  });
  expect(stdout).toMatch(/^This device is connected to the gateway \(localhost:\d+\), as kim\./);
  const whoami = await computer.kubectl('auth', 'whoami', '-o', 'jsonpath={.status.userInfo.username}');
  expect(whoami).toMatchObject({ exitCode: 0, stdout: `system:serviceaccount:${usersNamespace}:kim` });

  const folder = join(computer.home, '.config/credentials-updater/devices');
  const [file = ''] = await readdir(folder);
  expect((await stat(join(folder, file))).mode & 0o777).toBe(0o600);
  const key: string = JSON.parse(await readFile(join(folder, file), 'utf8')).key.d;
  const list = await computer.run('devices');
  expect(list.stdout).toMatch(/^DEVICE +CONNECTED +LAST USED +ID\noffice \(this one\) +\S/);
  for (const text of [stdout, stderr, list.stdout, await readFile(join(computer.home, 'config'), 'utf8')])
    expect(text).not.toContain(key);
  const shown = await computer.run('whoami');
  expect(shown.stdout).toMatch(/login +a device of kim at the gateway/);
  expect(shown.exitCode).toBe(0);
});

test('a device that is removed at another is shut out with one message, and the other goes on', async () => {
  await lab.addMember('lee');
  const [laptop, desktop] = [await newComputer(), await newComputer()];
  await laptop.logIn('lee', '--device-name', 'laptop');
  await desktop.logIn('lee', '--device-name', 'desktop');
  const removed = await desktop.run('devices', 'remove', 'laptop');
  expect(removed).toMatchObject({ exitCode: 0, stdout: 'laptop is removed; its access ends within 10 seconds.\n' });
  const refused: string[] = [];
  await expect
    .poll(
      async () => {
        const { stderr } = await laptop.kubectl('auth', 'whoami');
        refused.push(stderr);
        return stderr;
      },
      { timeout: 40_000, interval: 1_000 },
    )
    .toMatch(/this device is not connected any more: somebody removed it, or its account is gone/);
  const said = refused.at(-1) ?? '';
  expect(said.match(/this device is not connected/g)).toHaveLength(1);
  expect(said).toMatch(/what to do: log in again: credentials-updater login https:\/\/localhost:\d+/);
  expect((await desktop.kubectl('auth', 'whoami')).exitCode).toBe(0);
  expect(await desktop.run('devices', 'remove', 'laptop')).toMatchObject({
    exitCode: 2,
    stderr: expect.stringContaining('there is no device called laptop'),
  });
});

test('a member connects a computer by an operator’s code, and no browser', async () => {
  await lab.addMember('yun');
  const computer = await newComputer();
  const code = await newOneTimeCode(lab, 'yun');
  const file = join(computer.home, 'code');
  await writeFile(file, code, { mode: 0o600 });
  const { exitCode, stdout } = await computer.run('login', lab.origin, '--code-file', file, '--device-name', 'robot');
  expect({ exitCode, stdout }).toEqual({
    exitCode: 0,
    stdout: expect.stringMatching(/^This device is connected to the gateway \(localhost:\d+\), as yun\./),
  });
  const whoami = await computer.kubectl('auth', 'whoami', '-o', 'jsonpath={.status.userInfo.username}');
  expect(whoami).toMatchObject({ exitCode: 0, stdout: `system:serviceaccount:${usersNamespace}:yun` });
  const other = await newComputer('ko_KR.UTF-8');
  const again = await other.run('login', lab.origin, '--code-file', file);
  expect(again).toMatchObject({ exitCode: 1, stdout: '' });
  expect(again.stderr).toMatch(/게이트웨이가 이 코드를 받아들이지 않습니다.*운영진에게 새 코드를 요청하세요/s);
  expect(again.stderr).not.toContain(code);
  const elsewhere = await runEnroll(lab, ['yun', '--gateway', 'https://other.example.org']);
  await writeFile(file, elsewhere.stdout);
  const strangers = await other.run('login', lab.origin, '--code-file', file);
  expect(strangers).toMatchObject({
    exitCode: 2,
    stderr: expect.stringContaining('https://other.example.org에서 쓰는 코드입니다. 아무것도 보내지 않았습니다'),
  });
  await writeFile(file, '');
  expect((await other.run('login', lab.origin, '--code-file', file)).stderr).toContain('코드이(가) 없습니다');
  expect((await computer.run('login', '--code-file', file)).stderr).toContain("goes with a gateway's address");
});

test('logging out removes the device at the gateway, and the key from the computer', async () => {
  await lab.addMember('park');
  const [one, two] = [await newComputer('ko_KR.UTF-8'), await newComputer()];
  const { stdout } = await one.logIn('park', '--device-name', '노트북');
  expect(stdout).toContain('게이트웨이(localhost:');
  await two.logIn('park', '--device-name', 'two');
  expect((await two.run('devices')).stdout).toContain('노트북');
  expect((await one.run('logout')).exitCode).toBe(0);
  expect(await readdir(join(one.home, '.config/credentials-updater/devices'))).toEqual([]);
  expect((await two.run('devices')).stdout).not.toContain('노트북');
});

test.each([
  ['an address where no gateway answers', () => lab.provider.issuer.origin, /does not answer as a gateway/],
  ['an address without TLS', () => 'http://login.example.org', /https/],
  ['an address where nothing is', () => 'https://localhost:1', /the gateway \(localhost:1\)/],
])('%s is refused before anything is made', async (_, address, why) => {
  const computer = await newComputer();
  const { exitCode, stderr, stdout } = await computer.run('login', address());
  expect({ stdout, failed: exitCode !== 0 }).toEqual({ stdout: '', failed: true });
  expect(stderr).toMatch(why);
  expect(stderr).not.toMatch(/\n {4}at /);
  await expect(stat(join(computer.home, 'config'))).rejects.toThrow('ENOENT');
  await expect(stat(join(computer.home, '.config/credentials-updater'))).rejects.toThrow('ENOENT');
});
