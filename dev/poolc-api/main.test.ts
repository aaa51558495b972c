import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { z } from 'zod';

const program = join(import.meta.dirname, 'main.ts');

async function temporaryDirectory(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'poolc-api-command-'));
  onTestFinished(() => rm(directory, { recursive: true }));
  return directory;
}

/** The command as a process in a directory of its own, with nothing in its environment but what is given. */
function start(args: string[], cwd: string, env: Record<string, string> = {}) {
  const child = spawn(process.execPath, [program, ...args], { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] });
  onTestFinished(() => void child.kill('SIGKILL'));
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
  }
  const ended = once(child, 'close').then(([code]: unknown[]) => code);
  return {
    output: () => output,
    ended,
    stop: (signal: NodeJS.Signals) => child.kill(signal),
    /** Resolves with the first match of the output; rejects when the process ends without one. */
    async says(pattern: RegExp): Promise<RegExpExecArray> {
      for (;;) {
        const match = pattern.exec(output);
        if (match !== null) return match;
        const more = await Promise.race([once(child.stdout, 'data'), ended.then(() => 'ended')]);
        if (more === 'ended' && !pattern.test(output)) throw new Error(`ended without ${pattern}: ${output}`);
      }
    },
  };
}

test('starts alone, seeds members, shows whom to log in as but not the key, and stops cleanly on Ctrl-C', async () => {
  const directory = await temporaryDirectory();
  const server = start(['--port', '0', '--members', '7'], directory);
  const [, url = ''] = await server.says(/PoolC API server +(\S+)\//);
  const [, loginID = '', password = ''] = await server.says(/^ {2}(MinJun) {2,}(\S+)$/m);
  const key = (await readFile(join(directory, 'poolc-api.key'), 'utf8')).trim();
  expect((await stat(join(directory, 'poolc-api.key'))).mode & 0o777).toBe(0o600);

  const members = await fetch(`${url}/kubernetes/?not=logged`, { headers: { 'X-API-KEY': key } });
  expect(z.object({ activeMembers: z.array(z.unknown()) }).parse(await members.json()).activeMembers).toHaveLength(7);
  const login = await fetch(`${url}/login`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ loginID, password }),
  });
  expect(login.status).toBe(200);
  await server.says(/POST \/login 200/);

  server.stop('SIGINT');
  expect(await server.ended).toBe(0);
  expect(server.output()).toContain('GET /kubernetes/ 200');
  expect(server.output()).not.toContain('not=logged');
  expect(server.output()).not.toContain(key);
});

test('started again on its data file, seeds nobody and keeps key and passwords', async () => {
  const directory = await temporaryDirectory();
  const runs: { members: string; key: string }[] = [];
  for (let run = 0; run < 2; run++) {
    const server = start([], directory, { PORT: '0', DATA: 'club.db', API_KEY_FILE: 'key', SEED_MEMBERS: '5' });
    await server.says(/Ctrl-C stops it/);
    runs.push({
      members: /log in as[\s\S]+Ctrl-C/.exec(server.output())?.[0] ?? '',
      key: await readFile(join(directory, 'key'), 'utf8'),
    });
    expect(server.output()).toContain(run === 0 ? '5 members seeded' : '5 members)');
    server.stop('SIGTERM');
    expect(await server.ended).toBe(0);
  }
  expect(runs[1]).toEqual(runs[0]);
});

test('the log shows a path as text, whatever bytes were asked for', async () => {
  const directory = await temporaryDirectory();
  const server = start(['--port', '0'], directory);
  const [, url = ''] = await server.says(/PoolC API server +(\S+)\//);
  await fetch(`${url}/%1b[31m`);
  await server.says(/ 404 /);
  expect(server.output()).toContain('GET /%1b[31m 404');
});

test.each([
  [['--port', 'http'], /--port.*'http'.*whole number/],
  [['--colour'], /unknown option '--colour'/],
  [['--key-file', 'no/such/folder/key'], /cannot write no\/such\/folder\/key: ENOENT/],
  [['--key-file', 'empty'], /the key file empty is empty/],
  [['--data', 'no/such/folder/db'], /cannot open the data file no\/such\/folder\/db/],
  [['--data', 'html'], /cannot open the data file html/],
  [['--cluster-info', 'html'], /html does not describe a cluster.*JSON/],
  [['--cluster-info', 'incomplete.json'], /incomplete\.json does not describe a cluster.*certificateAuthority/],
  [['--tls-cert', 'html'], /--tls-cert and --tls-key belong together/],
  [['--tls-cert', 'html', '--tls-key', 'html'], /cannot use the certificate html with the key html/],
])('given %j, says in one line what is wrong, and exits 2', async (args, message) => {
  const directory = await temporaryDirectory();
  await writeFile(join(directory, 'empty'), '\n');
  await writeFile(join(directory, 'html'), '<html></html>'.repeat(1_000));
  await writeFile(join(directory, 'incomplete.json'), '{"name":"pks","server":"https://pks.example.org"}');
  const server = start(['--port', '0', ...args], directory);
  expect(await server.ended).toBe(2);
  expect(server.output()).toMatch(message);
  expect(server.output().trim().split('\n')).toHaveLength(1);
});

test('says that a port is taken, and exits 1', async () => {
  const directory = await temporaryDirectory();
  const first = start(['--port', '0'], directory);
  const [, port = ''] = await first.says(/PoolC API server +\S+:(\d+)\//);
  const second = start(['--port', port, '--data', 'other.db'], directory);
  expect(await second.ended).toBe(1);
  expect(second.output()).toMatch(new RegExp(`^poolc-api: .*${port}.*\\n$`));
});
