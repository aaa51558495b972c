/** Logging in and out: what is asked, what is stored, what becomes of the kubeconfig. */
import { chmod, mkdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { createCertificateAuthority } from '../../dev/control-plane/certificates.ts';
import { plainCommands, pluginCommands } from '../../dev/poolc-api/page/commands.js';
import { findLeaks } from '../leaks.ts';
import { type Computer, filesUnder, memberBundle } from './computer.ts';
import { useMembership } from './membership.ts';
import { atTerminal } from './terminal.ts';

describe('at a terminal', () => {
  test('login id and password are asked for; the password is neither shown nor kept', async () => {
    const { sync, computer, clusterInfo, member, user, whoAmI } = await useMembership();
    await sync();

    const { exitCode, shown } = await atTerminal(computer, `credentials-updater login --cluster ${clusterInfo}`, [
      { at: 'Login id: ', type: 'kim\r' },
      { at: 'Password: ', type: `${member.password}\r` },
    ]);

    expect(exitCode).toBe(0);
    expect(shown).toMatch(/^Log in to PoolC \(127\.0\.0\.1:\d+\)\nLogin id: kim\nPassword: \nLogged in to PoolC/);
    expect(findLeaks(shown, [member.password])).toEqual([]);
    for (const [name, { text }] of await filesUnder(computer.home))
      expect([name, text.includes(member.password)]).toEqual([name, false]);
    expect(await whoAmI()).toEqual({ user, stderr: '' });

    const again = await atTerminal(computer, 'credentials-updater login', [
      { at: 'Login id [kim]: ', type: '\r' },
      { at: 'Password: ', type: `${member.password}\r` },
    ]);
    expect(again).toMatchObject({ exitCode: 0, shown: expect.stringContaining('as kim.') });
  });

  test('a typed password can be corrected, and Ctrl-C ends it with nothing changed', async () => {
    const { sync, computer, clusterInfo, member } = await useMembership();
    await sync();

    const command = `credentials-updater login --cluster ${clusterInfo} --login-id kim`;
    const stopped = await atTerminal(computer, command, [{ at: 'Password: ', type: 'half\u0003' }]);
    expect(stopped).toMatchObject({ exitCode: 130, shown: expect.stringContaining('stopped by Ctrl-C') });
    expect([...(await filesUnder(computer.home)).keys()]).toEqual([]);

    const corrected = await atTerminal(computer, command, [{ at: 'Password: ', type: `${member.password}x\u007F\r` }]);
    expect(corrected.exitCode).toBe(0);
  });

  test('an access token that is pasted is not shown either', async () => {
    const { sync, computer, clusterInfo, club, member, user, whoAmI } = await useMembership();
    await sync();
    const accessToken = await siteToken(club.api.url, member.password);

    const command = `credentials-updater login --cluster ${clusterInfo} --access-token-file -`;
    const { exitCode, shown } = await atTerminal(computer, command, [
      { at: 'Access token: ', type: `${accessToken}\r` },
    ]);

    expect(exitCode).toBe(0);
    expect(findLeaks(shown, [accessToken])).toEqual([]);
    expect(await whoAmI()).toEqual({ user, stderr: '' });
  });
});

describe('without a terminal', () => {
  test('an access token comes from standard input or a file, and one that is no good changes nothing', async () => {
    const { sync, computer, clusterInfo, club, member, user, whoAmI } = await useMembership();
    await sync();
    const accessToken = await siteToken(club.api.url, member.password);
    const command = ['login', '--cluster', clusterInfo, '--access-token-file'];

    const bad = await computer.updater([...command, '-'], { input: 'eyJub3BlIjoxfQ.e30.bm9wZQ' });
    expect(bad).toMatchObject({ exitCode: 1, stderr: expect.stringContaining('does not accept this access token') });
    expect([...(await filesUnder(computer.home)).keys()]).toEqual([]);
    for (const input of ['', 'two words', 'two\nlines'])
      expect(await computer.updater([...command, '-'], { input })).toMatchObject({ exitCode: 2 });

    expect(await computer.updater([...command, '-'], { input: `Bearer ${accessToken}\n` })).toMatchObject({
      exitCode: 0,
    });
    expect(await whoAmI()).toEqual({ user, stderr: '' });
    const file = path.join(computer.home, 'access-token');
    await writeFile(file, accessToken);
    expect(await computer.updater([...command, file])).toMatchObject({ exitCode: 0, stderr: '' });
  });

  test('a wrong password changes nothing, and an earlier login goes on working', async () => {
    const { sync, login, computer, clusterInfo, user, whoAmI } = await useMembership();
    await sync();
    await login();
    const before = await filesUnder(computer.home);

    const wrong = await computer.updater(['login', '--cluster', clusterInfo], { input: 'kim\nwrong\n' });
    expect(wrong).toMatchObject({ exitCode: 1, stderr: expect.stringMatching(/refused the login id or the password/) });
    for (const input of ['', 'kim\n', '\n\n', 'kim\n\n'])
      expect(await computer.updater(['login', '--cluster', clusterInfo], { input })).toMatchObject({ exitCode: 2 });

    expect(await filesUnder(computer.home)).toEqual(before);
    expect(await whoAmI()).toEqual({ user, stderr: '' });
  });
});

describe('what is stored', () => {
  test('is readable by its owner alone, and holds no password', async () => {
    const { sync, login, computer, whoAmI } = await useMembership();
    await sync();
    await login();
    await whoAmI();

    const files = await filesUnder(computer.home);
    const ours = [...files].filter(([name]) => !name.startsWith('.kube/cache/'));
    const modes = new Map(ours.map(([name, { mode }]) => [name.replace(/\d+/, 'PID'), mode]));
    expect(modes).toEqual(
      new Map([
        ['.config/credentials-updater/pks.json', 0o600],
        ['.cache/credentials-updater/pks/token.json', 0o600],
        ['.cache/credentials-updater/pks/given-to-PID.json', 0o600],
        ['.kube/config', 0o600],
      ]),
    );
    for (const folder of [computer.logins, computer.tokens, path.join(computer.tokens, 'pks')])
      expect((await stat(folder)).mode & 0o777).toBe(0o700);
  });

  test('goes with a logout but for the address, so that logging in again takes no more', async () => {
    const { sync, login, computer, member, user, whoAmI } = await useMembership();
    await sync();
    await login();

    expect(await computer.updater(['logout'])).toMatchObject({ exitCode: 0, stderr: '' });
    const files = await filesUnder(computer.home);
    expect([...files.values()].flatMap(({ text }) => findLeaks(text, []))).toEqual([]);
    expect(await whoAmI()).toMatchObject({
      user: undefined,
      stderr: expect.stringContaining('you are logged out of pks'),
    });

    expect(await computer.updater(['login'], { input: `kim\n${member.password}\n` })).toMatchObject({ exitCode: 0 });
    expect(await whoAmI()).toEqual({ user, stderr: '' });
  });

  test('is never taken for the next member who logs in on the same computer', async () => {
    const { sync, login, computer, club, whoAmI, user } = await useMembership();
    const lee = await club.api.addMember({ loginId: 'lee' });
    await sync();
    await login();
    expect(await whoAmI()).toEqual({ user, stderr: '' });

    const tokenFile = path.join(computer.tokens, 'pks/token.json');
    const kims = await readFile(tokenFile, 'utf8');
    await computer.updater(['login'], { input: `lee\n${lee.password}\n` });
    // A plugin that was still under way for kim writes what it has fetched.
    await writeFile(tokenFile, kims);
    expect(await whoAmI()).toEqual({ user: user.replace(/kim$/, 'lee'), stderr: '' });
  });

  test('and damaged is said in one line, with what to do', async () => {
    const { sync, login, computer, whoAmI } = await useMembership();
    await sync();
    await login();

    await writeFile(path.join(computer.tokens, 'pks/token.json'), '{"token":');
    expect(await whoAmI()).toMatchObject({ stderr: '' });
    await writeFile(path.join(computer.logins, 'pks.json'), 'not JSON');
    const { exitCode, stderr } = await computer.updater(['get-token', '--name', 'pks']);
    expect(exitCode).toBe(2);
    expect(stderr).toMatch(
      /^credentials-updater: \S+pks\.json is not a login that .*\n {2}what to do: delete it and log in again/,
    );
  });
});

describe('the kubeconfig', () => {
  const existing = `# mine, since 2024
apiVersion: v1
kind: Config
clusters:
- cluster:
    server: https://home.example:6443 # the cellar
  name: home
contexts:
- context:
    cluster: home
    user: me
  name: home
current-context: home
users:
- name: me
  user:
    username: me
    password: hers-and-mine
`;

  test('keeps everything that was in it, and gets one context more', async () => {
    const { sync, login, computer, clusterInfo, member, user, whoAmI, club } = await useMembership();
    await sync();
    await writeKubeconfig(computer, existing);

    const keep = ['login', '--cluster', clusterInfo, '--keep-context', '--namespace', club.cluster.usersNamespace];
    expect(await computer.updater(keep, { input: `kim\n${member.password}\n` })).toMatchObject({ exitCode: 0 });

    const merged = await readFile(computer.kubeconfig, 'utf8');
    for (const line of existing.split('\n')) expect(merged).toContain(line);
    expect(parse(merged)['current-context']).toBe('home');
    expect(await whoAmI('--context', 'pks')).toEqual({ user, stderr: '' });
    const namespace = await computer.kubectl(
      'config',
      'view',
      '-o',
      'jsonpath={.contexts[?(@.name=="pks")].context.namespace}',
    );
    expect(namespace.stdout).toBe(club.cluster.usersNamespace);

    await login();
    expect(await readFile(computer.kubeconfig, 'utf8')).toBe(
      merged.replace('current-context: home', 'current-context: pks'),
    );
  });

  test('that cannot be read or has such an entry already is refused before a password is asked for', async () => {
    const { sync, login, computer, clusterInfo, member, asked, user, whoAmI } = await useMembership();
    await sync();
    const foreign = existing.replaceAll('home', 'pks');
    for (const [text, why] of [
      ['users: [', /config is not a kubeconfig: /],
      ['a: 1\n---\nb: 2\n', /config is not a kubeconfig: /],
      [foreign, /config has a cluster "pks" already, at another address \(https:\/\/pks\.example:6443\)/],
    ] as const) {
      await writeKubeconfig(computer, text);
      asked();
      const { exitCode, stderr } = await login();
      expect([exitCode, stderr]).toEqual([2, expect.stringMatching(why)]);
      expect(stderr).not.toContain('hers-and-mine');
      expect(asked()).toEqual(['/kubernetes/cluster-info']);
      expect(await readFile(computer.kubeconfig, 'utf8')).toBe(text);
    }

    const input = `kim\n${member.password}\n`;
    const renamed = await computer.updater(['login', '--cluster', clusterInfo, '--name', 'club'], { input });
    expect(renamed).toMatchObject({ exitCode: 0 });
    expect(await whoAmI('--context', 'club')).toEqual({ user, stderr: '' });
    for (const line of foreign.replace('current-context: pks\n', '').split('\n'))
      expect(await readFile(computer.kubeconfig, 'utf8')).toContain(line);

    expect(await computer.updater(['login', '--cluster', clusterInfo, '--replace'], { input })).toMatchObject({
      exitCode: 0,
    });
    expect(await whoAmI('--context', 'pks')).toEqual({ user, stderr: '' });
  });

  test("may be the one that the site's plain commands made: the plugin takes the copied token's place", async () => {
    const { sync, login, computer, club, member, user, whoAmI } = await useMembership();
    await sync();
    const { server, certificateAuthority } = club.cluster;
    const token = club.api.storedTokens().get(member.uuid) ?? '';
    for (const command of plainCommands({ name: 'pks', server, certificateAuthority }, token))
      expect(await computer.run('sh', ['-c', command])).toMatchObject({ exitCode: 0 });
    expect(await readFile(computer.kubeconfig, 'utf8')).toContain(token);

    await login();

    expect(findLeaks(await readFile(computer.kubeconfig, 'utf8'), [token])).toEqual([]);
    expect(await whoAmI()).toEqual({ user, stderr: '' });
  });

  test("names the program as PATH does, or by Node and its file where it isn't on PATH; one takes the other's place", async () => {
    const { sync, computer, clusterInfo, member, user, whoAmI } = await useMembership();
    await sync();
    const input = `kim\n${member.password}\n`;
    const execOf = async () => parse(await readFile(computer.kubeconfig, 'utf8')).users[0].user.exec;

    const PATH = (computer.env['PATH'] ?? '').split(path.delimiter).slice(1).join(path.delimiter);
    const node = path.join(computer.bin, 'node');
    const asFile = await computer.run(node, [memberBundle, 'login', '--cluster', clusterInfo], {
      input,
      env: { PATH },
    });
    expect(asFile).toMatchObject({ exitCode: 0 });
    expect((await execOf()).args).toEqual([memberBundle, 'get-token', '--name', 'pks']);
    expect(await whoAmI()).toEqual({ user, stderr: '' });

    expect(await computer.updater(['login', '--cluster', clusterInfo], { input })).toMatchObject({ exitCode: 0 });
    expect(await execOf()).toEqual({
      apiVersion: 'client.authentication.k8s.io/v1',
      command: 'credentials-updater',
      args: ['get-token', '--name', 'pks'],
      interactiveMode: 'Never',
      provideClusterInfo: false,
      installHint: expect.stringContaining(`credentials-updater login --cluster ${clusterInfo}`),
    });
    expect(await whoAmI()).toEqual({ user, stderr: '' });
  });
});

describe('the description of the cluster', () => {
  test("may be a file, with the site's address beside it", async () => {
    const { sync, computer, club, clusterInfo, member, user, whoAmI } = await useMembership();
    await sync();
    const file = path.join(computer.home, 'pks.json');
    await writeFile(file, await (await fetch(clusterInfo)).text());
    const input = `kim\n${member.password}\n`;

    const nowhere = await computer.updater(['login', '--cluster', file], { input });
    expect(nowhere).toMatchObject({ exitCode: 2, stderr: expect.stringContaining('but not where to log in') });
    const here = await computer.updater(['login', '--cluster', file, '--site', `${club.api.url}/kubernetes/`], {
      input,
    });
    expect(here).toMatchObject({ exitCode: 0 });
    expect(await whoAmI()).toEqual({ user, stderr: '' });
  });

  test.each([
    ['no JSON', () => '<html>', 'it is not JSON'],
    ['a list', () => '[]', 'the whole is missing or of the wrong type'],
    [
      'no CA',
      (good: object) => JSON.stringify({ ...good, certificateAuthority: undefined }),
      'certificateAuthority is missing',
    ],
    [
      'a CA that is none',
      (good: object) => JSON.stringify({ ...good, certificateAuthority: 'yes' }),
      'not a certificate in PEM',
    ],
    [
      'a server in the clear',
      (good: object) => JSON.stringify({ ...good, server: 'http://x' }),
      'http://x, is not an https address',
    ],
    [
      'a name that is a path',
      (good: object) => JSON.stringify({ ...good, name: '../../x' }),
      `"../../x" can't be used`,
    ],
  ])('with %s is refused in one line', async (_, spoil, why) => {
    const { computer, clusterInfo } = await useMembership();
    const file = path.join(computer.home, 'spoilt.json');
    await writeFile(file, spoil(JSON.parse(await (await fetch(clusterInfo)).text())));

    const { exitCode, stderr } = await computer.updater(['login', '--cluster', file, '--site', 'https://x.example']);

    expect(exitCode).toBe(2);
    expect(stderr.split('\n')).toEqual([expect.stringContaining(why), expect.stringMatching(/^ {2}what to do: /), '']);
  });

  test('is taken from an address that answers itself, over https or from this computer', async () => {
    const { computer, club } = await useMembership();
    const says = async (cluster: string, ...more: string[]) =>
      (await computer.updater(['login', '--cluster', cluster, ...more])).stderr;

    expect(await says('http://api.example.org/kubernetes/cluster-info')).toContain(
      'plain http would send your password and your token in the clear',
    );
    expect(await says('https://kim:secret-word@api.example.org/')).toMatch(
      /\[redacted\]@.*holds a user name or password/,
    );
    expect(await says(`${club.api.url}/nowhere`)).toMatch(/is not available: 404\n/);
    expect(await says('http://127.0.0.1:1/kubernetes/cluster-info')).toContain('nothing listens there');
    expect(await says('/nowhere/pks.json')).toContain('/nowhere/pks.json does not exist');
  });

  test("comes over https from a site whose CA is one's own, and not from one whose CA is unknown", async () => {
    const authority = await createCertificateAuthority('club');
    const { certificate, key } = await authority.issue({ commonName: 'site', hosts: ['127.0.0.1'] });
    const membership = await useMembership({ api: { tls: { cert: certificate, key }, redirectPort: 0 } });
    const { computer, clusterInfo, club, member } = membership;
    const ca = path.join(computer.home, 'ca.crt');
    await writeFile(ca, authority.certificate);
    const input = `kim\n${member.password}\n`;

    const unknown = await computer.updater(['login', '--cluster', clusterInfo], { input });
    expect(unknown).toMatchObject({ exitCode: 1, stderr: expect.stringContaining("can't be trusted") });
    expect(unknown.stderr).toContain('NODE_EXTRA_CA_CERTS');
    const moved = await computer.updater(['login', '--cluster', `${club.api.redirectUrl}/kubernetes/cluster-info`], {
      input,
    });
    expect(moved).toMatchObject({
      exitCode: 1,
      stderr: expect.stringMatching(/is not available: 301, it sends on to https:/),
    });

    const known = await computer.updater(['login', '--cluster', clusterInfo], {
      input,
      env: { NODE_EXTRA_CA_CERTS: ca },
    });
    expect(known).toMatchObject({
      exitCode: 0,
      stdout: expect.stringContaining('tokens are issued to active members only'),
    });
  });
});

describe("the page's commands", () => {
  test('pasted into a shell, give a kubectl that works', async () => {
    const { sync, computer, club, member } = await useMembership();
    await sync();

    const [login = '', ...rest] = pluginCommands(club.api.url);
    expect(await computer.run('sh', ['-c', login], { input: `kim\n${member.password}\n` })).toMatchObject({
      exitCode: 0,
    });

    for (const command of rest) {
      const { stderr } = await computer.run('sh', ['-c', command]);
      // The cluster knows who asks; what members may list is up to the operators' policies, which this one lacks.
      expect(stderr).toMatch(/^Error from server \(Forbidden\): .* User "system:serviceaccount:\S+:kim" cannot list/);
    }
  });
});

async function siteToken(url: string, password: string): Promise<string> {
  const body = JSON.stringify({ loginID: 'kim', password });
  const answer = await fetch(`${url}/login`, { method: 'POST', headers: { 'Content-Type': 'application/json' }, body });
  return /"accessToken":"([^"]+)"/.exec(await answer.text())?.[1] ?? '';
}

async function writeKubeconfig({ kubeconfig }: Computer, text: string): Promise<void> {
  await mkdir(path.dirname(kubeconfig), { recursive: true });
  await rm(kubeconfig, { force: true });
  await writeFile(kubeconfig, text);
  await chmod(kubeconfig, 0o600);
}
