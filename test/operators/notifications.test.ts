/** Notifications: what operators get, when, and that sending them never changes what a run does. */
import { randomUUID } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { expectWorkingTokens } from '../accounts.ts';
import { type Club, useClub } from '../club.ts';
import { expectExit, logLines, runCommand } from '../command.ts';
import { findLeaks } from '../leaks.ts';
import { letAnotherHoldTheLock, refuseAccount } from '../obstacles.ts';
import { changeLease } from '../promises/lease.ts';
import { openWire } from '../promises/wire.ts';
import { type Received, type Receiver, type ReceiverOptions, startReceiver } from './receivers.ts';

/** What makes the addresses secret: anyone who knows it can post. */
const hookSecret = 'T00DCAFE00/B00DCAFE00/xYz0123456789abcdefghij';
const pingSecret = '0d6f8f5e-7a51-4e1c-9d4b-b1a7ef3c2a10';

interface ToldClub extends Club {
  readonly chat: Receiver;
  readonly monitor: Receiver;
}

const loginIds = ['minjun', 'Kim+1', '풀씨회원'];

/** A club with members whose names are easily recognised, and two receivers of its notifications. */
async function useToldClub(options: ReceiverOptions = {}): Promise<ToldClub> {
  const club = await useClub();
  for (const loginId of loginIds) await club.api.addMember({ loginId });
  const chat = await startReceiver(options);
  const monitor = await startReceiver(options);
  for (const secret of [hookSecret, ...hookSecret.split('/'), pingSecret]) club.secrets.add(secret);
  const env = {
    ...club.env,
    NOTIFY_URL: `${chat.origin}/services/${hookSecret}`,
    HEARTBEAT_URL: `${monitor.origin}/${pingSecret}`,
  };
  return {
    ...club,
    chat,
    monitor,
    env,
    run: (args, runOptions = {}) => club.run(args, { ...runOptions, env: { ...env, ...runOptions.env } }),
  };
}

function receiversOf({ env }: ToldClub): Record<string, string> {
  return Object.fromEntries(Object.entries(env).filter(([name]) => /^(NOTIFY|HEARTBEAT)_URL$/.test(name)));
}

const messageSchema = z.object({
  source: z.literal('credentials-updater'),
  title: z.string(),
  text: z.string(),
  run: z.looseObject({ outcome: z.string(), exitCode: z.number(), namespace: z.string() }),
});

/** The one message that arrived, after a look that it says nothing it must not. */
function theMessage({ chat, secrets, api }: ToldClub): z.infer<typeof messageSchema> {
  expect(chat.received).toHaveLength(1);
  const [message] = chat.received;
  if (message === undefined) throw new Error('Nobody was notified');
  expectNoNames(message, [...secrets, ...api.storedTokens().values()]);
  expect(message).toMatchObject({ method: 'POST', path: `/services/${hookSecret}` });
  expect(message.headers['content-type']).toBe('application/json');
  return messageSchema.parse(JSON.parse(message.body));
}

function expectNoNames({ body }: Received, secrets: readonly string[]): void {
  expect(findLeaks(body, secrets)).toEqual([]);
  for (const loginId of loginIds) expect(body).not.toContain(loginId);
}

describe('a run that went well', () => {
  test('sends a heartbeat, and says nothing', async () => {
    const club = await useToldClub();

    expectExit(await club.run(['sync'], { env: { SCHEDULE: '0 15 * * *' } }), 0);

    expect(club.monitor.received).toMatchObject([{ method: 'GET', path: `/${pingSecret}`, body: '' }]);
    expect(club.chat.received).toEqual([]);
  });

  test('is reported all the same when there is no renewal margin', async () => {
    const club = await useToldClub();

    expectExit(await club.run(['sync'], { env: { SCHEDULE: '0 15 * * 0' } }), 0);

    const { title, text, run } = theMessage(club);
    expect(title).toMatch(/no renewal margin/);
    expect(text).toMatch(/tokens live 7d, runs are up to 7d apart.*locked out for up to/);
    expect(run).toMatchObject({ outcome: 'done', exitCode: 0, members: 3, delivered: 3 });
    expect(club.monitor.received).toHaveLength(1);
  });
});

describe('a run that did not go well is reported, without a heartbeat', () => {
  test('when the guard refuses', async () => {
    const club = await useToldClub();

    expectExit(await club.run(['sync'], { env: { MIN_MEMBERS: '10' } }), 4);

    const { title, text, run } = theMessage(club);
    expect(title).toMatch(/^refused \(exit code 4\).*nothing was changed/);
    expect(text).toMatch(/3 members, 0 created, 0 would have been removed/);
    expect(run).toMatchObject({
      outcome: 'refused',
      exitCode: 4,
      step: 'plan',
      namespace: club.cluster.systemNamespace,
      membersNamespace: club.cluster.usersNamespace,
      directory: new URL(club.api.url).host,
    });
    expect(club.monitor.received).toEqual([]);
  });

  test('when it fails', async () => {
    const club = await useToldClub();

    expectExit(await club.run(['sync'], { env: { POOLC_API_ENDPOINT: `${club.api.url}/elsewhere` } }), 1);

    const { title, text } = theMessage(club);
    expect(title).toBe('failed (exit code 1, step fetch): the directory could not be read');
    expect(text).toMatch(/No delivered token was harmed/);
    expect(club.monitor.received).toEqual([]);
  });

  test('when some members have no fresh token', async () => {
    const club = await useToldClub();
    await refuseAccount(club, 'minjun');

    expectExit(await club.run(['sync'], { env: { MAX_UNDELIVERED: '1' } }), 3);

    const { title, run } = theMessage(club);
    expect(title).toBe('partly done (exit code 3): 1 members have no fresh token');
    expect(run).toMatchObject({ outcome: 'partial', delivered: 2, undelivered: 1 });
    expect(club.monitor.received).toEqual([]);
  });

  test('when it loses the run lock on the way', async () => {
    const club = await useToldClub();
    const wire = await openWire(club);
    const never = new Promise<never>(() => {});
    const { hit } = wire.addFault('mint a token', { kind: 'hold', until: never, answered: false });
    const run = wire.run(['sync'], { env: { ...receiversOf(club), LOCK_DURATION: '5s' } });
    await hit;
    await changeLease(club, { holderIdentity: 'somebody-else' });

    expectExit(await run, 5);

    expect(theMessage(club).title).toBe('stopped (exit code 5), because the run lock was lost on the way');
    expect(club.monitor.received).toEqual([]);
  });

  test('when it could not even begin, as a Job', async () => {
    const club = await useToldClub();
    const env = { JOB_NAME: 'credentials-updater-1', JOB_UID: randomUUID(), SCHEDULE: 'now and then' };

    expectExit(await club.run(['sync'], { env }), 2);

    const { title, text } = theMessage(club);
    expect(title).toBe('failed (exit code 2, step start): the configuration is wrong');
    expect(text).toContain(`kubectl -n ${club.cluster.systemNamespace} logs job/credentials-updater-1`);
    expect(club.monitor.received).toEqual([]);
  });
});

describe('nobody is notified', () => {
  test('by plan, whatever it sees', async () => {
    const club = await useToldClub();
    expectExit(await club.run(['plan'], { env: { MIN_MEMBERS: '10' } }), 0);
    expect([...club.chat.received, ...club.monitor.received]).toEqual([]);
  });

  test('by a run that only waited for another', async () => {
    const club = await useToldClub();
    await letAnotherHoldTheLock(club);
    expectExit(await club.run(['sync'], { env: { LOCK_WAIT: '1s' } }), 5);
    expect([...club.chat.received, ...club.monitor.received]).toEqual([]);
  });

  test('by a run that somebody stopped', async () => {
    const club = await useToldClub();
    const wire = await openWire(club);
    const { hit } = wire.addFault('mint a token', {
      kind: 'hold',
      until: new Promise<never>(() => {}),
      answered: false,
    });
    const result = await wire.run(['sync'], {
      env: receiversOf(club),
      onStart: (running) => void hit.then(() => running.kill('SIGTERM')),
    });
    expectExit(result, 143);
    expect([...club.chat.received, ...club.monitor.received]).toEqual([]);
  });
});

test('a Job that tries again and again reports once how it fails, and again when it fails otherwise', async () => {
  const club = await useToldClub();
  const job = { JOB_NAME: 'credentials-updater-1', JOB_UID: randomUUID() };
  const titles = () => club.chat.received.map(({ body }) => messageSchema.parse(JSON.parse(body)).title);
  const broken = { POOLC_API_ENDPOINT: `${club.api.url}/elsewhere` };

  for (let attempt = 0; attempt < 3; attempt++) expectExit(await club.run(['sync'], { env: { ...job, ...broken } }), 1);
  expect(titles()).toEqual([expect.stringContaining('the directory could not be read')]);

  expectExit(await club.run(['sync'], { env: { ...job, MIN_MEMBERS: '10' } }), 4);
  expect(titles()).toEqual([expect.stringMatching(/^failed/), expect.stringMatching(/^refused/)]);

  const nextJob = { JOB_NAME: 'credentials-updater-2', JOB_UID: randomUUID() };
  expectExit(await club.run(['sync'], { env: { ...nextJob, MIN_MEMBERS: '10' } }), 4);
  expect(titles()).toHaveLength(3);

  // By hand each run is reported: somebody may look at the chat rather than at the terminal.
  expectExit(await club.run(['sync'], { env: { MIN_MEMBERS: '10' } }), 4);
  expect(titles()).toHaveLength(4);
});

describe('a receiver that fails', () => {
  test.each<[string, ReceiverOptions, RegExp]>([
    ['answers with 500', { status: 500 }, /answered with 500/],
    ['answers with 404', { status: 404 }, /answered with 404/],
    [
      'redirects',
      { status: 302, location: 'http://127.0.0.1:1/' },
      /answered with 302, a redirect, which is not followed/,
    ],
    ['hangs', { hangs: true }, /no answer within 5 s/],
    [
      'has a certificate that nobody knows',
      { tls: true },
      /the certificate of the server of (NOTIFY|HEARTBEAT)_URL can't be trusted/,
    ],
  ])('and %s is a warning a channel, and the run is what it was', async (_, options, why) => {
    const club = await useToldClub(options);

    const result = await club.run(['sync'], { env: { SCHEDULE: '0 15 * * 0', LOG_LEVEL: 'debug' } });

    expectExit(result, 0);
    await expectWorkingTokens(club);
    expect(JSON.parse(result.termination)).toMatchObject({ outcome: 'done', exitCode: 0 });
    const warnings = logLines(result).filter(({ msg }) => /(NOTIFY|HEARTBEAT)_URL/.test(msg));
    expect(warnings.map(({ level, msg }) => [level, msg])).toEqual([
      ['warn', expect.stringMatching(why)],
      ['warn', expect.stringMatching(why)],
    ]);
    expect(logLines(result).at(-1)).toMatchObject({ outcome: 'done', exitCode: 0 });
  });

  test('by not being there is a warning too, also when the run fails', async () => {
    const club = await useToldClub();
    const nobody = `http://127.0.0.1:1/services/${hookSecret}`;

    const result = await club.run(['sync'], { env: { NOTIFY_URL: nobody, MIN_MEMBERS: '10' } });

    expectExit(result, 4);
    const [warning, ...others] = logLines(result).filter(({ msg }) => msg.includes('NOTIFY_URL'));
    expect(warning).toMatchObject({
      level: 'warn',
      msg: expect.stringMatching(
        /^nobody was notified of this run .*the server of NOTIFY_URL can't be reached: nothing listens there/,
      ),
    });
    expect(others).toEqual([]);
  });

  test('does not keep the next run waiting: the lock is free by then', async () => {
    const club = await useToldClub({ hangs: true });
    const first = club.run(['sync'], { env: { SCHEDULE: '0 15 * * 0' } });
    await expect.poll(() => club.monitor.received.length, { timeout: 60_000 }).toBe(1);

    expectExit(await club.run(['sync'], { env: { LOCK_WAIT: '0s', NOTIFY_URL: '', HEARTBEAT_URL: '' } }), 0);
    expectExit(await first, 0);
  });
});

describe('an address', () => {
  test.each([
    ['is no URL', 'hooks.example.org/services/s3cret-part-of-it', /it is not a URL/],
    ['goes over plain http', 'http://hooks.example.org/services/s3cret-part-of-it', /in the clear; use https/],
    ['is neither', 'slack://hooks.example.org/services/s3cret-part-of-it', /neither https nor http/],
  ])('that %s is said without a word of it, and members get their tokens', async (_, address, why) => {
    const club = await useToldClub();
    club.secrets.add('s3cret-part-of-it');

    const result = await club.run(['sync'], { env: { NOTIFY_URL: address } });

    expectExit(result, 0);
    const warnings = logLines(result).filter(({ level }) => level === 'warn');
    expect(warnings.map(({ msg }) => msg)).toEqual([expect.stringMatching(why)]);
    await expectWorkingTokens(club);
  });

  test('given as a flag is refused, and not repeated', async () => {
    const secret = 'https://hooks.example.org/services/s3cret-part-of-it';
    const result = await runCommand(['sync', `--notify-url=${secret}`], { secrets: () => ['s3cret-part-of-it'] });
    expect(result.exitCode).toBe(2);
    expect(result.stderr).toMatch(/unknown option '--notify-url'.*read from the environment alone/s);
  });

  test('is not shown by --help, which names the variable', async () => {
    const env = { NOTIFY_URL: `https://hooks.slack.com/services/${hookSecret}` };
    const { stdout } = await runCommand(['sync', '--help=all'], { env, secrets: () => [hookSecret] });
    expect(stdout).toMatch(/In the environment alone[^]*NOTIFY_URL/);
  });
});
