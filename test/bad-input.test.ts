/** Bad settings, flags and directories: each gives one clear line, and nothing has changed. */
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { updaterNodeFlags } from '../bench/image-flags.ts';
import { createCertificateAuthority } from '../dev/control-plane/certificates.ts';
import { startPoolcApi } from '../dev/poolc-api/index.ts';
import { answering, expectRefusal, useClubWithHistory } from './bad-input.ts';
import { useClub } from './club.ts';
import { runCommand } from './command.ts';

/** A file that goes when the test ends. */
async function fileWith(content: string): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'pks-input-'));
  onTestFinished(() => rm(directory, { recursive: true, force: true }));
  const path = join(directory, 'file');
  await writeFile(path, content);
  return path;
}

const address = /give an address such as https:\/\/api\.example\.org/;

describe('a setting that cannot be used', () => {
  test.each<[name: string, env: Record<string, string>, says: RegExp[]]>([
    ['no endpoint', { POOLC_API_ENDPOINT: '' }, [/POOLC_API_ENDPOINT is not set/, /--poolc-api-endpoint https/]],
    [
      'an endpoint without https://',
      { POOLC_API_ENDPOINT: 'api.example.org' },
      [/=api\.example\.org .*not a URL/, address],
    ],
    [
      'an endpoint of another kind',
      { POOLC_API_ENDPOINT: 'ftp://api' },
      [/=ftp:\/\/api .*neither https nor http/, address],
    ],
    [
      'plain http to another host',
      { POOLC_API_ENDPOINT: 'http://api.example.org' },
      [/plain http would send the API key and every token in the clear/, /use https; http is for loopback only/],
    ],
    ['a name that only begins like loopback', { POOLC_API_ENDPOINT: 'http://127.0.0.1.example.org' }, [/in the clear/]],
    [
      'an endpoint with a password',
      { POOLC_API_ENDPOINT: 'https://me:secret@api' },
      [/user name or password/, /POOLC_API_KEY_FILE/],
    ],
    ['an endpoint with a query', { POOLC_API_ENDPOINT: 'https://api/?a=b' }, [/has a query/, address]],
    [
      'a key file that is not there',
      { POOLC_API_KEY_FILE: '/nowhere/key' },
      [/\/nowhere\/key does not exist/, /name another file with POOLC_API_KEY_FILE/],
    ],
    ['a key file that is a directory', { POOLC_API_KEY_FILE: '/' }, [/key file \/ is a directory/]],
    [
      'a lifetime in words',
      { TOKEN_LIFETIME: 'a week' },
      [/TOKEN_LIFETIME=a week .*such as 7d, 12h or 90m, is needed/],
    ],
    ['a lifetime below what Kubernetes grants', { TOKEN_LIFETIME: '9m' }, [/TOKEN_LIFETIME=9m .* from 10m/]],
    [
      'a namespace that is none',
      { TARGET_NAMESPACE: 'PoolC' },
      [/TARGET_NAMESPACE=PoolC .*name of a namespace .*is needed/],
    ],
    ['a number that is none', { MAX_REMOVALS: 'many' }, [/MAX_REMOVALS=many .*whole number from 0 .*is needed/]],
    ['a percentage beyond 100', { MAX_REMOVAL_PERCENT: '101' }, [/MAX_REMOVAL_PERCENT=101 .*from 0 to 100/]],
    ['a schedule of three fields', { SCHEDULE: '0 15 *' }, [/SCHEDULE .*five fields .*"0 15 \*"/]],
    ['a schedule that never comes', { SCHEDULE: '0 0 30 2 *' }, [/SCHEDULE .*"0 0 30 2 \*" never comes/]],
    ['a time zone that is none', { SCHEDULE: '@daily', SCHEDULE_TIMEZONE: 'Seoul' }, [/"Seoul" is not a time zone/]],
    ['a log level that is none', { LOG_LEVEL: 'loud' }, [/LOG_LEVEL=loud .*one of debug, info, warn, error is needed/]],
    ['a value of two lines', { LOG_LEVEL: 'in\nfo' }, [/LOG_LEVEL=in\\u\{a\}fo/]],
  ])('%s', async (_, env, says) => {
    await expectRefusal(await useClubWithHistory(), ['sync'], { env, exitCode: 2, says });
  });

  test('an empty key file', async () => {
    const env = { POOLC_API_KEY_FILE: await fileWith(' \n') };
    await expectRefusal(await useClubWithHistory(), ['sync'], { env, exitCode: 2, says: [/key file .+ is empty/] });
  });

  test('a key file that holds more than a key, without a word of it', async () => {
    const env = { POOLC_API_KEY_FILE: await fileWith('key: not-for-the-log\n') };
    const { stderr } = await expectRefusal(await useClubWithHistory(), ['sync'], {
      env,
      exitCode: 2,
      says: [/holds characters that no HTTP header can carry/, /the key and nothing else/],
    });
    expect(stderr).not.toContain('not-for-the-log');
  });

  test('a key file that may not be read', async () => {
    const file = await fileWith('key');
    await chmod(file, 0);
    // Root may read any file, but not this one.
    const env = { POOLC_API_KEY_FILE: process.getuid?.() === 0 ? '/proc/self/mem' : file };
    await expectRefusal(await useClubWithHistory(), ['sync'], {
      env,
      exitCode: 2,
      says: [/can't be read \(E[A-Z]+\)/],
    });
  });

  test('the key in the place of its file is not repeated', async () => {
    const { api, run } = await useClub();
    const result = await run(['sync'], { env: { POOLC_API_KEY_FILE: api.apiKey } });
    expect(result).toMatchObject({
      exitCode: 2,
      stderr: expect.stringContaining('the API key file that POOLC_API_KEY_FILE names does not exist'),
    });
  });

  test('the key in the place of the endpoint is not repeated', async () => {
    const { api, run } = await useClub();
    const result = await run(['sync'], { env: { POOLC_API_ENDPOINT: api.apiKey } });
    expect(result).toMatchObject({ exitCode: 2, stderr: expect.stringContaining('POOLC_API_ENDPOINT') });
  });
});

describe('arguments that cannot be used', () => {
  test.each<[name: string, args: string[], says: RegExp]>([
    ['an unknown flag', ['sync', '--outptu', 'json'], /unknown option '--outptu' \(Did you mean --output\?\)/],
    ['an unknown flag without a command', ['--poolc-api-enpoint', 'x'], /Did you mean --poolc-api-endpoint\?/],
    ['an unknown flag, near to none', ['plan', '--colour-scheme'], /unknown option '--colour-scheme';/],
    ['an unknown command', ['snyc'], /unknown command 'snyc' \(Did you mean sync\?\)/],
    ['an argument too many', ['plan', 'now'], /too many arguments for 'plan'/],
    ['a flag without its value', ['sync', '--output'], /option '-o, --output <format>' argument missing/],
    [
      'an output that is none',
      ['sync', '--output', 'yaml'],
      /'-o, --output <format>' argument 'yaml' is invalid\. Allowed choices are text, json/,
    ],
    ['a setting as a flag', ['sync', '--token-lifetime', '1'], /--token-lifetime=1 can't be used/],
  ])('%s', async (_, args, says) => {
    await expectRefusal(await useClubWithHistory(), args, { exitCode: 2, says: [says] });
  });

  test('without any setting at all, the first that is missing is named', async () => {
    const result = await runCommand([]);
    expect(result).toMatchObject({
      exitCode: 2,
      stdout: '',
      stderr: expect.stringContaining('POOLC_API_ENDPOINT is not set'),
    });
  });
});

describe('a PoolC API that answers otherwise than agreed', () => {
  const agreed = /It must answer \{"activeMembers":/;

  test('a wrong key', async () => {
    const env = { POOLC_API_KEY_FILE: await fileWith('the-key-of-last-semester') };
    await expectRefusal(await useClubWithHistory(), ['sync'], {
      env,
      exitCode: 1,
      says: [
        /GET http:.*\/kubernetes\/ was refused \(400\): Invalid API key/,
        /is the one in POOLC_API_KEY_FILE current/,
      ],
    });
  });

  test('404, because the address goes too deep', async () => {
    const club = await useClubWithHistory();
    await expectRefusal(club, ['sync'], {
      env: { POOLC_API_ENDPOINT: `${club.api.url}/v1` },
      exitCode: 1,
      says: [/\/v1\/kubernetes\/ does not exist \(404\)/, /must be the address before \/kubernetes\//],
    });
  });

  test.each(['', '/', '/kubernetes', '/kubernetes/'])('the address with "%s" at its end is understood', async (end) => {
    const club = await useClubWithHistory();
    const result = await club.run(['sync'], { env: { POOLC_API_ENDPOINT: `${club.api.url}${end}` } });
    expect(result.exitCode).toBe(0);
    expect(club.api.storedTokens().size).toBe(2);
  });

  test('301 to https is not followed, since the key would go with it', async () => {
    const authority = await createCertificateAuthority('a test of redirects');
    const { certificate: cert, key } = await authority.issue({ commonName: 'localhost', hosts: ['127.0.0.1'] });
    await using behindTls = await startPoolcApi({ tls: { cert, key }, redirectPort: 0 });
    await expectRefusal(await useClubWithHistory(), ['sync'], {
      env: { POOLC_API_ENDPOINT: behindTls.redirectUrl ?? '' },
      exitCode: 1,
      says: [
        /answered with 301, a redirect to https:\/\/127\.0\.0\.1:\d+\/kubernetes\//,
        /not followed/,
        /the one with https/,
      ],
    });
  });

  test.each<[name: string, body: string, says: RegExp[]]>([
    ['a page of HTML', '<!doctype html><title>Welcome</title>', [/it is an HTML page, not JSON/, agreed]],
    ['nothing', '', [/it is empty/, agreed]],
    [
      'half of the JSON',
      '{"activeMembers":[{"member_uuid":"1c9b',
      [/not valid JSON \(38 bytes, cut off before its end\)/, agreed],
    ],
    ['other JSON', '[]', [/the answer is not as agreed: expected object, found array/, agreed]],
    ['no activeMembers', '{"members":[]}', [/activeMembers is not as agreed: expected array, found nothing/, agreed]],
    [
      'activeMembers that is no list',
      '{"activeMembers":{"0":{}}}',
      [/activeMembers .*expected array, found object/, agreed],
    ],
    [
      'a member without a UUID',
      '{"activeMembers":[{"login_id":"a"}]}',
      [/activeMembers\.0\.member_uuid .*expected string, found nothing/],
    ],
    [
      'an invalid UUID',
      '{"activeMembers":[{"member_uuid":"17","login_id":"a"}]}',
      [/activeMembers\.0\.member_uuid is not a UUID: "17"/],
    ],
    [
      'a login id that is a number',
      '{"activeMembers":[{"member_uuid":"1c9b2c44-9a80-4c52-a9c1-b8a0c7b30b0e","login_id":7}]}',
      [/activeMembers\.0\.login_id .*found number/],
    ],
  ])('%s', async (_, body, says) => {
    const env = { POOLC_API_ENDPOINT: await answering(body) };
    await expectRefusal(await useClubWithHistory(), ['sync'], {
      env,
      exitCode: 1,
      says: [...says, /nothing was changed/],
    });
  });

  test('the same UUID twice, in other letters', async () => {
    const uuid = '1c9b2c44-9a80-4c52-a9c1-b8a0c7b30b0e';
    const activeMembers = [uuid, uuid.toUpperCase()].map((member_uuid) => ({ member_uuid, login_id: null }));
    const env = { POOLC_API_ENDPOINT: await answering(JSON.stringify({ activeMembers })) };
    await expectRefusal(await useClubWithHistory(), ['sync'], {
      env,
      exitCode: 1,
      says: [new RegExp(`activeMembers\\.0 and \\.1 have the same member_uuid ${uuid}`)],
    });
  });

  test.each<[name: string, body: string, says: RegExp]>([
    ['of objects without anything', `{"activeMembers":[${'{},'.repeat(150_000)}{}]}`, /has 150001 members/],
    ['of numbers', `{"activeMembers":[${'0,'.repeat(99_000)}0]}`, /activeMembers\.0 .*expected object, found number/],
    ['of more numbers', `[${'0,'.repeat(5_000_000)}0]`, /has more than 400000 values/],
    [
      'of lists within lists',
      `${'['.repeat(300_000)}${']'.repeat(300_000)}`,
      /the answer is not as agreed: expected object/,
    ],
    ['of more members than any club has', manyMembers(200_000), /has more than 400000 values/],
    ['of half as many', manyMembers(120_000), /has 120000 members/],
  ])("a large answer %s, in the image's heap", async (_, body, says) => {
    await expectRefusal(await useClubWithHistory(), ['sync'], {
      env: { POOLC_API_ENDPOINT: await answering(body) },
      nodeFlags: updaterNodeFlags,
      exitCode: 1,
      says: [says, /nothing was changed/],
    });
  });

  test('100 MB of JSON, of which no more than 16 are read', async () => {
    const body = Buffer.from(`{"activeMembers":[${' '.repeat(100_000_000)}]}`);
    const env = { POOLC_API_ENDPOINT: await answering(body) };
    await expectRefusal(await useClubWithHistory(), ['sync'], {
      env,
      exitCode: 1,
      says: [
        /the answer of the PoolC API \(127\.0\.0\.1:\d+\) is larger than 16 MiB/,
        /is POOLC_API_ENDPOINT the PoolC API\?/,
      ],
    });
  });

  test('a directory without members is refused by the guard', async () => {
    const env = { POOLC_API_ENDPOINT: await answering('{"activeMembers":[]}') };
    await expectRefusal(await useClubWithHistory(), ['sync'], {
      env,
      exitCode: 4,
      says: [
        /nothing was changed and nothing was sent: the directory says that there are no members at all/,
        /directory must be right first/,
      ],
    });
  });
});

function manyMembers(count: number): string {
  const member = (index: number) =>
    `{"member_uuid":"00000000-0000-4000-8000-${String(index).padStart(12, '0')}","login_id":"m${index}"}`;
  return `{"activeMembers":[${Array.from({ length: count }, (_, index) => member(index)).join(',')}]}`;
}
