/** `kubeconfig`: what it makes works in the real kubectl, and what it merges into keeps all it had. */
import { execFile } from 'node:child_process';
import { chmod, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';
import { temporaryDirectory } from '../../dev/control-plane/testing.ts';
import { clusterInfoSchema } from '../../dev/poolc-api/cluster-info.ts';
import { type Club, useClub } from '../club.ts';

const program = join(import.meta.dirname, '../../dist/credentials-updater.mjs');

/** A club of two that has run once, and a directory for files. */
async function useClubOfTwo() {
  const club = await useClub();
  const kim = await club.api.addMember({ loginId: 'kim' });
  const lee = await club.api.addMember({ loginId: 'Lee+1' });
  expect(await club.run(['sync'])).toMatchObject({ exitCode: 0 });
  const directory = await temporaryDirectory();
  return { ...club, kim, lee, file: join(directory, 'config'), directory };
}

async function whoIs({ cluster }: Club, kubeconfig: string, ...args: string[]): Promise<string> {
  const { stdout, stderr } = await cluster.kubectl(
    ['auth', 'whoami', '-o', 'jsonpath={.status.userInfo.username}', ...args],
    {
      kubeconfig,
    },
  );
  return stdout || stderr;
}

const userOf = ({ cluster }: Club, name: string) => `system:serviceaccount:${cluster.usersNamespace}:${name}`;
const modeOf = async (file: string) => ((await stat(file)).mode & 0o777).toString(8);

describe('a kubeconfig of its own', () => {
  test('lets kubectl in as the member, from a file for its owner alone', async () => {
    const club = await useClubOfTwo();

    const result = await club.run(['kubeconfig', 'kim', '--out', club.file]);

    expect(result).toMatchObject({ exitCode: 0, stdout: '' });
    expect(result.stderr).toMatch(
      /^context kim@pks: the token of poolc-users-\w+\/kim expires at \d{4}-\d\d-\d\d \d\d:\d\d \S+, in (7d|6d23h)\nuse it:\n/,
    );
    expect(await modeOf(club.file)).toBe('600');
    expect(await whoIs(club, club.file)).toBe(userOf(club, 'kim'));
    expect(await readFile(club.file, 'utf8')).not.toContain('insecure');
  });

  test('is printed where no file is named', async () => {
    const club = await useClubOfTwo();
    const { stdout } = await promisify(execFile)(process.execPath, [program, 'kubeconfig', 'kim'], {
      env: { ...club.env, PATH: process.env['PATH'] },
    });
    await writeFile(club.file, stdout);
    expect(await whoIs(club, club.file)).toBe(userOf(club, 'kim'));
  });

  test('names the API server as members reach it, and the lifetime that was asked for', async () => {
    const club = await useClubOfTwo();
    const server = club.cluster.server.replace('127.0.0.1', 'localhost');
    const { stderr } = await club.run(['kubeconfig', 'kim', '--out', club.file, '--token-lifetime', '30d'], {
      env: { CLUSTER_PUBLIC_SERVER: `${server}/` },
    });
    expect(parse(await readFile(club.file, 'utf8')).clusters[0].cluster.server).toBe(server);
    expect(await whoIs(club, club.file)).toBe(userOf(club, 'kim'));
    expect(stderr).toMatch(/in (7d|6d23h) \(30d were asked for\)/);
  });

  test('is found by login id, UUID and ServiceAccount name, the last two without the directory', async () => {
    const club = await useClubOfTwo();
    const without = { POOLC_API_ENDPOINT: '' };
    const names = [];
    for (const [number, [member, env]] of (
      [
        ['Lee+1', {}],
        [club.lee.uuid.toUpperCase(), without],
        [`lee-1-${club.lee.uuid.slice(0, 8)}`, without],
      ] as const
    ).entries()) {
      const file = `${club.file}-${number}`;
      expect(await club.run(['kubeconfig', member, '--out', file], { env })).toMatchObject({ exitCode: 0 });
      names.push(await whoIs(club, file));
    }
    expect(new Set(names)).toEqual(new Set([userOf(club, `lee-1-${club.lee.uuid.slice(0, 8)}`)]));
  });
});

describe('a merge', () => {
  const existing = (club: Club) => `# keep me
apiVersion: v1
kind: Config
clusters:
- cluster:
    server: ${club.cluster.server} # where I work
    certificate-authority: ${club.cluster.certificateAuthorityFile}
  name: work
contexts:
- context:
    cluster: work
    namespace: default
    user: me
  name: work
current-context: work
users:
- name: me
  user:
    client-certificate: ${club.cluster.adminCertificateFile}
    client-key: ${club.cluster.adminKeyFile}
`;

  test('adds the member and keeps the rest, which kubectl still uses', async () => {
    const club = await useClubOfTwo();
    await writeFile(club.file, existing(club));
    await chmod(club.file, 0o644);

    for (const member of ['kim', 'Lee+1', 'kim'])
      expect(await club.run(['kubeconfig', member, '--out', club.file, '--merge'])).toMatchObject({ exitCode: 0 });

    const merged = await readFile(club.file, 'utf8');
    for (const line of existing(club).split('\n')) expect(merged).toContain(line);
    expect(await modeOf(club.file)).toBe('600');
    expect(await readdir(club.directory)).toEqual(['config']);
    expect(await whoIs(club, club.file)).not.toContain('serviceaccount');
    expect(await whoIs(club, club.file, '--context', 'kim@pks')).toBe(userOf(club, 'kim'));
    const { stdout } = await club.cluster.kubectl(['config', 'get-contexts', '-o', 'name'], { kubeconfig: club.file });
    expect(stdout.trim().split('\n').sort()).toEqual(
      ['kim@pks', `lee-1-${club.lee.uuid.slice(0, 8)}@pks`, 'work'].sort(),
    );
  });

  test('is offered where the file is there already; and how to use it is said, in a command that works', async () => {
    const club = await useClubOfTwo();
    const { file } = club;
    const used = async (stderr: string) => {
      const [command = ''] = /^kubectl .*$/m.exec(stderr) ?? [];
      const { stdout } = await club.cluster.kubectl(
        command.replace('get namespaces', 'auth whoami').split(' ').slice(1),
      );
      return [command, stdout.includes(userOf(club, 'kim'))];
    };
    const alone = await club.run(['kubeconfig', 'kim', '--out', file]);
    expect(await used(alone.stderr)).toEqual([`kubectl --kubeconfig ${file} get namespaces`, true]);

    const again = await club.run(['kubeconfig', 'kim', '--out', file]);
    expect(again).toMatchObject({ exitCode: 2, stderr: expect.stringMatching(/exists already; .* add --merge /) });

    await writeFile(file, existing(club));
    const merged = await club.run(['kubeconfig', 'kim', '--out', file, '--merge']);
    expect(await used(merged.stderr)).toEqual([`kubectl --kubeconfig ${file} --context kim@pks get namespaces`, true]);
    // kubectl reads it by itself.
    const env = { KUBECONFIG: [club.account.kubeconfig, file].join(delimiter) };
    const read = await club.run(['kubeconfig', 'kim', '--out', file, '--merge'], { env });
    expect(read.stderr).toContain('\nkubectl --context kim@pks get namespaces\n');
  });

  test('makes the new context the current one where that is asked for', async () => {
    const club = await useClubOfTwo();
    await writeFile(club.file, existing(club));
    await club.run(['kubeconfig', 'kim', '--out', club.file, '--merge', '--use']);
    expect(await whoIs(club, club.file)).toBe(userOf(club, 'kim'));
  });

  test('touches nothing where a name is taken by another cluster, until it may', async () => {
    const club = await useClubOfTwo();
    const taken = existing(club).replaceAll('work', 'pks').replace(club.cluster.server, 'https://other.example:6443');
    await writeFile(club.file, taken);

    const refused = await club.run(['kubeconfig', 'kim', '--out', club.file, '--merge']);
    expect(refused.exitCode).toBe(2);
    expect(refused.stderr).toContain(
      `${club.file} has a cluster "pks" already, at another address (https://other.example:6443)`,
    );
    expect(await readFile(club.file, 'utf8')).toBe(taken);

    const named = await club.run(['kubeconfig', 'kim', '--out', club.file, '--merge', '--name', 'club']);
    expect(named.exitCode).toBe(0);
    expect(await whoIs(club, club.file, '--context', 'kim@club')).toBe(userOf(club, 'kim'));

    const replaced = await club.run(['kubeconfig', 'kim', '--out', club.file, '--merge', '--replace']);
    expect(replaced.exitCode).toBe(0);
    expect(await whoIs(club, club.file, '--context', 'kim@pks')).toBe(userOf(club, 'kim'));
  });
});

describe('the description of the cluster', () => {
  test('is what the site and members need, and no more', async () => {
    const club = await useClub();
    const { stdout, exitCode } = await club.run(['kubeconfig', '--cluster-info', '--name', 'club'], {
      env: { POOLC_API_ENDPOINT: '', POOLC_API_KEY_FILE: '' },
    });
    expect(exitCode).toBe(0);
    expect(clusterInfoSchema.parse(JSON.parse(stdout))).toEqual({
      name: 'club',
      server: club.cluster.server,
      certificateAuthority: club.cluster.certificateAuthority.trim().concat('\n'),
    });
  });

  test('can be taken by the PoolC API as it is', async () => {
    const club = await useClub();
    const { stdout } = await club.run(['kubeconfig', '--cluster-info']);
    club.api.describeCluster(clusterInfoSchema.parse(JSON.parse(stdout)));
    const answer = await fetch(`${club.api.url}/kubernetes/cluster-info`);
    expect(z.object({ name: z.string() }).parse(await answer.json())).toEqual({ name: 'pks' });
  });

  test('says what the operators tell a member who cannot reach the cluster', async () => {
    const club = await useClub();
    const text = '학교 밖에서는 VPN을 켜세요: https://vpn.example.org';
    const { stdout } = await club.run(['kubeconfig', '--cluster-info', '--when-unreachable', text]);
    expect(clusterInfoSchema.parse(JSON.parse(stdout)).whenUnreachable).toBe(text);
    for (const none of [' ', 'x'.repeat(301)])
      expect(await club.run(['kubeconfig', '--cluster-info', '--when-unreachable', none])).toMatchObject({
        exitCode: 2,
        stderr: expect.stringContaining('a text of 1 to 300 characters is needed'),
      });
  });

  test('needs a CA, from the kubeconfig or a file', async () => {
    const club = await useClub();
    const file = join(await temporaryDirectory(), 'config');
    const careless = parse(await readFile(club.account.kubeconfig, 'utf8'));
    careless.clusters[0].cluster = { server: club.cluster.server, 'insecure-skip-tls-verify': true };
    await writeFile(file, JSON.stringify(careless));
    const env = { KUBECONFIG: file };

    const refused = await club.run(['kubeconfig', '--cluster-info'], { env });
    expect(refused).toMatchObject({ exitCode: 2, stdout: '' });
    expect(refused.stderr).toContain('skips TLS verification and names no CA');
    const ca = club.cluster.certificateAuthorityFile;
    const given = await club.run(['kubeconfig', '--cluster-info', '--certificate-authority', ca], { env });
    expect(given.exitCode).toBe(0);
  });
});

test('what can not be is said in one line, with exit code 2', async () => {
  const club = await useClub();
  const gone = await club.api.addMember({ loginId: 'gone' });
  await club.api.addMember({ loginId: 'kim' });
  await club.run(['sync']);
  club.api.setActive(gone.uuid, false);
  await club.api.addMember({ loginId: 'late' });

  for (const [args, message] of [
    [['nobody'], 'nobody is unknown: neither the directory nor the cluster knows them'],
    [['gone'], 'is no longer in the directory, so no token is made for them'],
    [['late'], 'has no account yet'],
    [[], 'nobody is named: whose kubeconfig?'],
    [['kim', '--merge'], '--merge needs the file to merge into'],
    [['kim', '--use', '--out', 'x'], '--use goes with --merge'],
    [['kim', '--when-unreachable', 'x'], '--when-unreachable goes with --cluster-info'],
    [['kim', '--cluster-info'], '--cluster-info describes the cluster for everybody'],
    [['--cluster-info', '--out', 'x'], '--cluster-info prints; it does not go with --out'],
    [['kim', '--out', '/proc/none/config'], "/proc/none/config can't be written"],
    [['kim', '--out', '/dev/null'], '/dev/null exists already; nothing was changed in it'],
    [['kim', '--certificate-authority', '/nonexistent'], "the CA file /nonexistent can't be read"],
  ] as const) {
    const result = await club.run(['kubeconfig', ...args]);
    expect.soft(result).toMatchObject({ exitCode: 2, stdout: '' });
    expect.soft(result.stderr.split('\n')[0]).toContain(message);
  }
});
