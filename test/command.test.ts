/** The command as its users meet it: arguments, environment, exit codes, and what it prints. */
import { randomUUID } from 'node:crypto';
import { stripVTControlCharacters } from 'node:util';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import packageJson from '../package.json' with { type: 'json' };
import { settingDefinitions, settingGroups } from '../src/config/definitions.ts';
import { controllerGroup } from '../src/config/fields.ts';
import { accountsOf, expectWorkingTokens } from './accounts.ts';
import { expectRefusal, useClubWithHistory } from './bad-input.ts';
import { type Club, useClub } from './club.ts';
import { logLines, type RunningCommand, runCommand } from './command.ts';
import { findLeaks } from './leaks.ts';
import { letAnotherHoldTheLock, refuseAccount } from './obstacles.ts';

describe('help', () => {
  test('of the program names the commands and every exit code', async () => {
    const { exitCode, stdout, stderr } = await runCommand(['--help']);
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
    for (const command of ['sync', 'plan', 'revoke']) expect(stdout).toMatch(new RegExp(`^ +${command}\\b`, 'm'));
    for (const code of [0, 1, 2, 3, 4, 5, 10, 130]) expect(stdout).toMatch(new RegExp(`^ +${code} {2}\\S`, 'm'));
  });

  test('of sync names every setting as a flag and as a variable, with its default, and shows examples', async () => {
    const withoutFlag = settingGroups.filter((group) => group.environmentOnly).flatMap((group) => group.settings);
    const { exitCode, stdout } = await runCommand(['sync', '--help=all']);
    expect(exitCode).toBe(0);
    const text = stdout.replace(/\s+/g, ' ');
    expect(settingDefinitions.length).toBeGreaterThan(15);
    // The controller's are for the controller alone.
    for (const { name, default: fallback } of settingDefinitions.filter(({ group }) => group !== controllerGroup)) {
      const flag = `--${name.toLowerCase().replaceAll('_', '-')} <`;
      expect({ flag, isThere: text.includes(flag) }).toEqual({
        flag,
        isThere: !withoutFlag.some((setting) => setting.name === name),
      });
      expect(text).toContain(name);
      expect(text).toContain(fallback ?? '');
    }
    expect(text).toMatch(/Examples?: .*\$ .*credentials-updater/);
    for (const line of stdout.split('\n')) expect(line.length).toBeLessThanOrEqual(100);
  });

  test('of each command fits two screens, its own flags before what all of them share', async () => {
    const { stdout } = await runCommand(['--help']);
    const commands = [...stdout.matchAll(/^ {2}([a-z-]+) {2}/gm)].map(([, name = '']) => name);
    expect(commands.length).toBeGreaterThan(12);
    const helps = await Promise.all(
      ['', ...commands.filter((name) => name !== 'help')].map(async (name) => ({
        name,
        help: (await runCommand([...(name === '' ? [] : [name]), '--help'])).stdout,
      })),
    );
    for (const { name, help } of helps) {
      const lines = help.trimEnd().split('\n');
      expect({ name, lines: lines.length }).toEqual({ name, lines: expect.toSatisfy((count) => Number(count) <= 48) });
      for (const line of lines) expect(line.length).toBeLessThanOrEqual(80);
      expect(help).not.toContain('--token-lifetime');
    }
    const sync = helps.find(({ name }) => name === 'sync')?.help;
    expect(sync).toMatch(/--first-run[^]*--help=all: the exit codes, and the \d+ settings/);
  });

  test('the version is that of the package', async () => {
    expect(await runCommand(['--version'])).toMatchObject({ exitCode: 0, stdout: `${packageJson.version}\n` });
  });
});

describe('settings', () => {
  test('come from flags before the environment, and an empty variable counts as none', async () => {
    const club = await useClub();
    club.api.seed(3);
    const { TARGET_NAMESPACE = '', POOLC_API_KEY_FILE = '' } = club.env;
    const result = await club.run(
      ['sync', '--target-namespace', TARGET_NAMESPACE, '--poolc-api-key-file', POOLC_API_KEY_FILE],
      { env: { TARGET_NAMESPACE: 'another-namespace', POOLC_API_KEY_FILE: '/nowhere', MIN_MEMBERS: '', SCHEDULE: '' } },
    );
    expect(result.exitCode).toBe(0);
    await expectWorkingTokens(club);
  });

  test('without a command, it syncs: the image of the program before this one had none', async () => {
    const club = await useClub();
    club.api.seed(3);
    expect((await club.run([])).exitCode).toBe(0);
    await expectWorkingTokens(club);
  });

  test('a lifetime beyond what the API server grants is reported as what was granted', async () => {
    const club = await useClub();
    club.api.seed(2);
    const result = await club.run(['sync'], { env: { TOKEN_LIFETIME: '30d' } });
    expect(logLines(result).at(-1)).toMatchObject({ outcome: 'done', grantedSeconds: 168 * 3_600 });
  });

  test('a weekly schedule under a clamp of a week has no renewal margin: a warning with its numbers, and exit code 0', async () => {
    const club = await useClub();
    club.api.seed(2);
    const result = await club.run(['sync'], { env: { SCHEDULE: '0 15 * * 0' } });
    expect(result.exitCode).toBe(0);
    expect(logLines(result).filter(({ level }) => level === 'warn')).toEqual([
      expect.objectContaining({
        msg: expect.stringMatching(
          /^no renewal margin: tokens live 7d, runs are up to 7d apart .* locked out for up to .* s before/,
        ),
      }),
    ]);
  });
});

describe('what a run leaves to be read', () => {
  test('JSON lines, the last of which is the summary; a summary in the termination message and on the cluster', async () => {
    const club = await useClub();
    club.api.seed(25);
    const result = await club.run(['sync']);
    const summary = { members: 25, created: 25, removed: 0, delivered: 25, undelivered: 0 };
    const lines = logLines(result);
    expect(lines[0]).toMatchObject({ level: 'info', msg: expect.stringContaining('plan: 25 members') });
    expect(lines.at(-1)).toMatchObject({ level: 'info', msg: 'sync: done', exitCode: 0, ...summary });
    expect(JSON.parse(result.termination)).toMatchObject({ outcome: 'done', exitCode: 0, ...summary });

    const path = `/api/v1/namespaces/${club.cluster.systemNamespace}/configmaps`;
    const { body } = await club.cluster.request('GET', path);
    expect(findLeaks(JSON.stringify(body), [club.api.apiKey, ...club.api.storedTokens().values()])).toEqual([]);
    const kept = z
      .object({
        items: z.array(z.object({ metadata: z.object({ name: z.string() }), data: z.record(z.string(), z.string()) })),
      })
      .parse(body)
      .items.find(({ metadata }) => metadata.name === 'credentials-updater-summary');
    expect(JSON.parse(kept?.data['summary.json'] ?? '')).toMatchObject(summary);
  });

  test('a failed run says in its termination message what to do, in under 4 KB, however much there is to say', async () => {
    const club = await useClubWithHistory();
    const { termination } = await expectRefusal(club, ['sync'], {
      env: { POOLC_API_ENDPOINT: `${club.api.url}/${'long/'.repeat(2_000)}` },
      exitCode: 1,
      says: [/does not exist \(404\)/],
    });
    expect(Buffer.byteLength(termination)).toBeLessThanOrEqual(4_096);
    expect(JSON.parse(termination)).toMatchObject({
      outcome: 'failed',
      exitCode: 1,
      step: 'fetch',
      hint: expect.stringContaining('POOLC_API_ENDPOINT'),
    });
  });

  test('an Event on its Job, with counts and no names, when it was not all well', async () => {
    const club = await useClubWithHistory();
    const job = { name: 'credentials-updater-29000000', uid: randomUUID() };
    await expectRefusal(club, ['sync'], {
      env: { JOB_NAME: job.name, JOB_UID: job.uid, MIN_MEMBERS: '3' },
      exitCode: 4,
      says: [/the directory has 2 members, fewer than MIN_MEMBERS=3/],
    });
    const { body } = await club.cluster.request(
      'GET',
      `/apis/events.k8s.io/v1/namespaces/${club.cluster.systemNamespace}/events`,
    );
    const { items } = z.object({ items: z.array(z.looseObject({ note: z.string() })) }).parse(body);
    expect(items).toEqual([
      expect.objectContaining({ type: 'Warning', reason: 'SyncRefused', regarding: expect.objectContaining(job) }),
    ]);
    expect(items[0]?.note).toMatch(/^exit code 4 in step plan; 2 members, 0 delivered/);
    expect(items[0]?.note).not.toContain('jimin');
  });

  test('text for people: a table and a conclusion on stdout, what happens on stderr, and no colour in a file', async () => {
    const club = await useClub();
    club.api.seed(4);
    const { exitCode, stdout, stderr } = await club.run(['sync', '--output', 'text']);
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(/^ {2}members +4\n {2}kept +0\n {2}joined +4 \(.+\)\n {2}removed +0\n/);
    expect(stdout).toMatch(/✓ done: 4 members have a fresh token\n$/);
    expect(stderr).toMatch(/^• plan: 4 members; 0 keep their account, 4 join, 0 leave$/m);
    expect(`${stdout}${stderr}`).not.toContain('\u001B');
  });

  test('text for a failure: what, in which step, and what to do', async () => {
    const club = await useClubWithHistory();
    const { exitCode, stdout } = await club.run(['sync', '--output', 'text'], { env: { MIN_MEMBERS: '3' } });
    expect(exitCode).toBe(4);
    expect(stdout).toMatch(/^✗ refused \(step: plan\): nothing was changed and nothing was sent: .* MIN_MEMBERS=3/m);
    expect(stdout).toMatch(/^ {2}what to do: /m);
  });

  test.each([
    ['debug', ['debug', 'info']],
    ['info', ['info']],
    ['error', []],
  ])('LOG_LEVEL=%s: lines of the levels %j', async (level, levels) => {
    const club = await useClub();
    club.api.seed(2);
    const result = await club.run(['sync'], { env: { LOG_LEVEL: level } });
    expect(result.exitCode).toBe(0);
    expect(new Set(logLines(result).map((line) => line.level))).toEqual(new Set(levels));
  });

  test('debug tells nothing secret, not even of failures', async () => {
    const club = await useClub();
    club.api.seed(20);
    await club.run(['sync'], { env: { LOG_LEVEL: 'debug' } });
    const tokens = club.api.storedTokens();
    const { exitCode } = await club.run(['sync'], { env: { LOG_LEVEL: 'debug', POOLC_API_KEY_FILE: '/etc/hostname' } });
    expect(exitCode).not.toBe(0);
    expect(club.api.storedTokens()).toEqual(tokens);
  });
});

describe.skipIf(process.platform !== 'linux')('on a terminal', () => {
  /** The command under a terminal of its own, which util-linux's script makes. */
  async function onTerminal(club: Club, env: Readonly<Record<string, string>> = {}) {
    return club.run(['sync'], { env, terminal: true });
  }

  test('there are colours and a progress bar', async () => {
    const club = await useClub();
    club.api.seed(60);
    const { exitCode, stdout } = await onTerminal(club);
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(/minting [█░]{30} \d+\/60/);
    expect(stdout).toContain('\u001B[32m✓ done: 60 members have a fresh token');
  });

  test('NO_COLOR is honoured', async () => {
    const club = await useClub();
    club.api.seed(2);
    const { stdout } = await onTerminal(club, { NO_COLOR: '1' });
    expect(stdout).toContain('✓ done: 2 members have a fresh token');
    expect(stripVTControlCharacters(stdout.replaceAll('\u001B[K', ''))).toBe(stdout.replaceAll('\u001B[K', ''));
  });
});

describe('exit codes', () => {
  test('0 when all was done, though nobody read its output to the end (sync | head)', async () => {
    const club = await useClub();
    club.api.seed(5);
    const { exitCode, termination } = await club.run(['sync'], { onStart: (running) => running.closeOutput() });
    expect(exitCode).toBe(0);
    expect(termination).toContain('"outcome":"done"');
    await expectWorkingTokens(club);
  });

  test('plan: 0 when asked plainly, 10 with --detailed-exitcode while changes are pending, and it changes nothing', async () => {
    const club = await useClubWithHistory();
    const before = await accountsOf(club.cluster);
    for (const [args, exitCode] of [
      [['plan'], 0],
      [['plan', '--detailed-exitcode'], 10],
    ] as const) {
      expect((await club.run(args)).exitCode).toBe(exitCode);
      expect(await accountsOf(club.cluster)).toEqual(before);
    }
    expect(club.api.deliveries()).toHaveLength(1);
    await club.run(['sync']);
    expect((await club.run(['plan', '--detailed-exitcode'])).exitCode).toBe(0);
  });

  test('3 when some members have no fresh token and MAX_UNDELIVERED allows it; 1, and nothing sent, when it does not', async () => {
    const club = await useClub();
    club.api.seed(5);
    const refused = await club.api.addMember({ loginId: 'refused' });
    await refuseAccount(club, 'refused');

    const strict = await club.run(['sync']);
    expect(strict.exitCode).toBe(1);
    expect(logLines(strict).at(-1)?.msg).toMatch(
      /1 of 6 members have no fresh token, and MAX_UNDELIVERED is 0; nothing was sent.*refused: .*not this one/,
    );
    expect(club.api.deliveries()).toEqual([]);

    const tolerant = await club.run(['sync'], { env: { MAX_UNDELIVERED: '1' } });
    expect(tolerant.exitCode).toBe(3);
    expect(logLines(tolerant).at(-1)).toMatchObject({
      outcome: 'partial',
      delivered: 5,
      undelivered: 1,
      undeliveredMembers: [refused.uuid],
    });
    expect(club.api.storedTokens().size).toBe(5);
  });

  test('5 when another run holds the lock for longer than LOCK_WAIT', async () => {
    const club = await useClubWithHistory();
    await letAnotherHoldTheLock(club);
    await expectRefusal(club, ['sync'], {
      env: { LOCK_WAIT: '1s' },
      exitCode: 5,
      says: [
        /another run holds the lock: somebody-else since .* nothing was changed/,
        /wait for it, or look at its log/,
      ],
    });
  });

  test.each([
    ['SIGTERM', 143],
    ['SIGINT', 130],
  ] as const)('%s while it waits: %i, at once, and nothing has changed', async (signal, exitCode) => {
    const club = await useClubWithHistory();
    await letAnotherHoldTheLock(club);
    const before = await accountsOf(club.cluster);
    const started = Promise.withResolvers<RunningCommand>();
    const run = club.run(['sync'], { onStart: started.resolve });
    const running = await started.promise;
    await running.printed(/another run is at work/);
    running.kill(signal);
    const result = await run;
    expect(result.exitCode).toBe(exitCode);
    expect(logLines(result).at(-1)).toMatchObject({
      outcome: 'stopped',
      msg: expect.stringContaining(`stopped by ${signal}`),
    });
    expect(await accountsOf(club.cluster)).toEqual(before);
    expect(club.api.deliveries()).toHaveLength(1);
  });
});
