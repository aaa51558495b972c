/** The examples of a club without PoolC: each is read by the real parser, and does on a cluster what its page says. */
import { execFile } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, onTestFinished, test } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { z } from 'zod';
import { type Reply, startGithub } from '../dev/github/index.ts';
import { createOrganization } from '../dev/github/organization.ts';
import { group, person, personDN, reader, startSlapd } from '../dev/ldap/index.ts';
import { createUpdaterAccount } from '../dev/updater-account.ts';
import { parseMemberSync } from '../src/config/member-sync-file.ts';
import { parseMemberFile } from '../src/directories/file-text.ts';
import { Failure } from '../src/lib/failure.ts';
import { accountsOf } from './accounts.ts';
import { createNamespace, type TestCluster, useCluster } from './cluster.ts';
import { expectExit, runCommand } from './command.ts';
import { removeNamespace } from './namespace-removal.ts';

const run = promisify(execFile);
const root = join(import.meta.dirname, '..');
const folder = join(root, 'docs/examples');
const example = (name: string) => readFile(join(folder, name), 'utf8');
const pages = ['docs/another-club', 'docs/directories', 'docs/deliveries'].flatMap((page) => [
  `${page}.md`,
  `${page}.ko.md`,
]);

/** The text of every block that is fenced as this language. */
function blocksOf(text: string, language: string): string[] {
  return [...text.matchAll(new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\`$`, 'gms'))].map(([, block = '']) => block);
}

describe('every example is a MemberSync that -f reads', () => {
  test('those in docs/examples', async () => {
    const names = (await readdir(folder)).filter((name) => !name.endsWith('rbac.yaml'));
    expect(names.toSorted()).toEqual([
      'course-staff.yaml',
      'course-students.yaml',
      'lab-csv-files.yaml',
      'lab-csv-secrets.yaml',
      'lab-github.yaml',
      'lab-ldap.yaml',
    ]);
    for (const name of names) {
      const [, who] = /^course-(\w+)\.yaml$/.exec(name) ?? [];
      expect(parseMemberSync(await example(name), name, 'none')).toMatchObject({
        metadata:
          who === undefined ? { name: 'lab', namespace: 'lab-system' } : { name: who, namespace: 'course-system' },
        accounts: { namespace: who ?? 'lab-users' },
      });
    }
    expect(await example('course-students.yaml')).toBe(
      (await example('course-staff.yaml')).replaceAll('staff', 'students'),
    );
  });

  test.each(pages)('those in %s', async (page) => {
    const text = await readFile(join(root, page), 'utf8');
    const documents = blocksOf(text, 'yaml').filter((block) => /^kind: MemberSync$/m.test(block));
    expect(documents.length).toBeGreaterThan(0);
    for (const document of documents) expect(parseMemberSync(document, page, 'none').metadata.name).not.toBe('');
  });

  test.each([
    ['docs/another-club', 'lab-csv-files.yaml'],
    ['docs/directories', 'lab-ldap.yaml'],
    ['docs/directories', 'course-staff.yaml'],
    ['docs/directories', 'lab-github.yaml'],
    ['docs/deliveries', 'lab-csv-secrets.yaml'],
  ])('%s shows %s as it is, in both languages', async (page, name) => {
    const text = await example(name);
    for (const file of [`${page}.md`, `${page}.ko.md`])
      expect(blocksOf(await readFile(join(root, file), 'utf8'), 'yaml')).toContain(text);
  });
});

test.each(['docs/directories.md', 'docs/directories.ko.md'])(
  'the list in %s is the same as CSV and as YAML',
  async (page) => {
    const text = await readFile(join(root, page), 'utf8');
    const lists = [
      ...blocksOf(text, 'csv'),
      ...blocksOf(text, 'yaml').filter((block) => block.startsWith('members:')),
    ].map((list) =>
      parseMemberFile(Buffer.from(list), (what) => new Failure('directory', what)).map(({ id, login, keys }) => ({
        id,
        login,
        keys,
      })),
    );
    expect(lists).toHaveLength(2);
    expect(lists[1]).toEqual(lists[0]);
  },
);

interface Lab {
  readonly cluster: TestCluster;
  readonly folder: string;
  readonly credentialsNamespace: string;
  /** With the namespaces of the test. */
  readonly inPlace: (text: string) => string;
  /** The example, with its files in the lab's folder. */
  readonly write: (text: string) => Promise<string>;
}

async function useLab(): Promise<Lab> {
  const cluster = await useCluster();
  const credentialsNamespace = cluster.usersNamespace.replace('users', 'credentials');
  onTestFinished(() => removeNamespace(cluster, credentialsNamespace));
  await createNamespace(cluster, credentialsNamespace);
  const temporary = await mkdtemp(join(tmpdir(), 'pks-examples-'));
  onTestFinished(() => rm(temporary, { recursive: true, force: true }));
  const inPlace = (text: string) =>
    text
      .replaceAll('lab-system', cluster.systemNamespace)
      .replaceAll('lab-users', cluster.usersNamespace)
      .replaceAll('lab-credentials', credentialsNamespace);
  return {
    cluster,
    folder: temporary,
    credentialsNamespace,
    inPlace,
    write: async (text) => {
      const document = join(temporary, 'lab.yaml');
      const files = inPlace(text).replaceAll(/(members\.csv|kubeconfigs|ldap-ca\.crt)/g, (name) =>
        join(temporary, name),
      );
      await writeFile(document, files);
      return document;
    },
  };
}

async function useKey(lab: Lab): Promise<{ readonly publicKey: string; readonly privateKey: string }> {
  const privateKey = join(lab.folder, 'id_ed25519');
  await run('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', 'kim@home', '-f', privateKey]);
  return { privateKey, publicKey: (await readFile(`${privateKey}.pub`, 'utf8')).trim() };
}

const roleSchema = z.object({
  kind: z.literal('Role'),
  metadata: z.object({ namespace: z.string() }),
  rules: z.array(
    z.object({
      apiGroups: z.array(z.string()),
      resources: z.array(z.string()),
      resourceNames: z.array(z.string()).optional(),
      verbs: z.array(z.string()),
    }),
  ),
});

const namesSchema = z.object({ items: z.array(z.object({ metadata: z.object({ name: z.string() }) })) });

async function secretsOf({ cluster, credentialsNamespace }: Lab): Promise<string[]> {
  const { body } = await cluster.request('GET', `/api/v1/namespaces/${credentialsNamespace}/secrets`);
  return namesSchema.parse(body).items.map(({ metadata }) => metadata.name);
}

test('lab-csv-secrets.yaml works with the rights of lab-secrets-rbac.yaml alone', async () => {
  const lab = await useLab();
  const roles = parseAllDocuments(lab.inPlace(await example('lab-secrets-rbac.yaml')))
    .map((document) => roleSchema.safeParse(document.toJS()).data)
    .filter((role) => role !== undefined)
    .map(({ metadata: { namespace }, rules }) => ({ namespace, rules }));
  expect(roles.map(({ namespace }) => namespace)).toContain(lab.credentialsNamespace);
  const { kubeconfig } = await createUpdaterAccount(lab.cluster, lab.cluster, roles);
  const file = await lab.write(await example('lab-csv-secrets.yaml'));
  const sync = async (csv: string, ...flags: readonly string[]) => {
    await writeFile(join(lab.folder, 'members.csv'), csv);
    const result = await runCommand(['sync', '-f', file, ...flags], {
      env: { KUBECONFIG: kubeconfig, POOLC_API_KEY_FILE: '' },
    });
    expectExit(result, 0);
    expect(`${result.stdout}${result.stderr}`).not.toMatch(/forbidden/i);
    return secretsOf(lab);
  };
  expect(await sync('id,login\n1,kim\n2,lee\n', '--first-run')).toEqual(['credentials-kim', 'credentials-lee']);
  expect(await sync('id,login\n1,kim\n')).toEqual(['credentials-kim']);
});

test('lab-ldap.yaml takes the members of the group, and switching to another directory is refused', async () => {
  const lab = await useLab();
  const { publicKey } = await useKey(lab);
  const ldif = [
    ...['kim', 'lee', 'park'].map((uid) => person(uid)),
    group('lab', [personDN('kim'), personDN('lee')]),
  ].join('');
  await using slapd = await startSlapd({ ldif });
  await writeFile(join(lab.folder, 'ldap-ca.crt'), slapd.authority);
  const text = (await example('lab-ldap.yaml')).replace('ldaps://ldap.example.org', slapd.url.href);
  const env = { KUBECONFIG: lab.cluster.kubeconfig, POOLC_API_KEY_FILE: '', LDAP_PASSWORD: reader.password };
  const sync = async (document: string) =>
    runCommand(['sync', '-f', await lab.write(document), '--first-run'], { env, secrets: () => [reader.password] });

  expectExit(await sync(text), 0);
  const before = await accountsOf(lab.cluster);
  expect([...before.keys()].toSorted()).toEqual(['kim', 'lee']);
  expect(await secretsOf(lab)).toEqual(['credentials-kim', 'credentials-lee']);

  await writeFile(join(lab.folder, 'members.csv'), `id,login,keys\n1,kim,${publicKey}\n2,lee,${publicKey}\n`);
  const refused = await sync(await example('lab-csv-files.yaml'));
  expectExit(refused, 4);
  expect(`${refused.stdout}${refused.stderr}`).toContain('have ids of another directory');
  expect(await accountsOf(lab.cluster)).toEqual(before);
});

test('lab-github.yaml takes the members of the team and the teams below, and their keys', async () => {
  const lab = await useLab();
  const { publicKey, privateKey } = await useKey(lab);
  const token = 'github_pat_the-token-of-the-lab';
  const organization = createOrganization({
    login: 'my-lab',
    members: {
      ...Object.fromEntries(
        ['kim', 'lee', 'choi'].map((login, index) => [login, { id: index + 1, keys: [publicKey] }]),
      ),
      park: { id: 9, isPublic: true },
    },
    teams: { platform: { members: ['kim', 'choi'] }, 'platform-ops': { members: ['lee'], parent: 'platform' } },
    tokens: { [token]: { user: 'park' } },
  });
  let reply: Reply | undefined;
  let lists = Number.POSITIVE_INFINITY;
  await using github = await startGithub({
    organization,
    interfere: ({ path }) => (path.endsWith('/members') && lists-- > 0 ? reply : undefined),
  });
  const text = (await example('lab-github.yaml')).replace('github:', `github:\n      apiURL: ${github.apiURL.href}`);
  const file = await lab.write(text);
  const env = { KUBECONFIG: lab.cluster.kubeconfig, POOLC_API_KEY_FILE: '', GITHUB_TOKEN: token };
  const sync = (...flags: readonly string[]) =>
    runCommand(['sync', '-f', file, ...flags], { env, secrets: () => [token] });

  expectExit(await sync('--first-run'), 0);
  const before = await accountsOf(lab.cluster);
  expect([...before.keys()].toSorted()).toEqual(['choi', 'kim', 'lee']);
  const { stdout } = await run('age', ['-d', '-i', privateKey, join(lab.folder, 'kubeconfigs/lee.kubeconfig.age')]);
  expect(stdout).toContain('token');

  reply = { headers: { 'x-github-sso': 'partial-results; organizations=1' }, body: [] };
  const partly = await sync();
  expectExit(partly, 1);
  expect(`${partly.stdout}${partly.stderr}`).toContain('X-GitHub-SSO: partial-results');
  expect(await accountsOf(lab.cluster)).toEqual(before);

  // A page that moved: one complete read without lee, and then one with lee.
  reply = {
    body: [
      { id: 1, login: 'kim' },
      { id: 3, login: 'choi' },
    ],
  };
  lists = 2;
  expectExit(await sync(), 0);
  expect(await accountsOf(lab.cluster)).toEqual(before);

  reply = undefined;
  organization.people.delete('lee');
  expectExit(await sync(), 0);
  expect([...(await accountsOf(lab.cluster)).keys()].toSorted()).toEqual(['choi', 'kim']);
  expect(github.objections).toEqual([]);
});
