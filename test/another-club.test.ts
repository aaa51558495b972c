/** What a club without PoolC is told to type, typed as it is written: on a cluster, with npx, age and kubectl. */
import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { z } from 'zod';
import { type ControlPlane, startControlPlane } from '../dev/control-plane/index.ts';
import { startGithub } from '../dev/github/index.ts';
import { createOrganization } from '../dev/github/organization.ts';
import { group, person, personDN, reader, startSlapd } from '../dev/ldap/index.ts';
import { buildBundles } from './bundles.ts';
import { ownEnvironment } from './command.ts';

const run = promisify(execFile);
const root = join(import.meta.dirname, '..');
const read = (path: string) => readFile(join(root, path), 'utf8');
const packedSchema = z.tuple([z.object({ filename: z.string() })]);

/** Its own: namespaces are called as on the page. With a controller manager, which fills the ClusterRole `edit`. */
let cluster: ControlPlane;
/** Where the club works: the program is installed there, so that npx asks no registry. */
let folder: string;

beforeAll(async () => {
  buildBundles();
  cluster = await startControlPlane({ controllerManager: true, onProgress: (line) => console.error(line) });
  folder = await mkdtemp(join(tmpdir(), 'pks-another-club-'));
  await mkdir(join(folder, 'bin'));
  await symlink(process.execPath, join(folder, 'bin/node'));
  const { stdout } = await run('npm', ['pack', '--json', '--ignore-scripts', '--pack-destination', folder], {
    cwd: root,
  });
  const [{ filename }] = packedSchema.parse(JSON.parse(stdout));
  await type(`npm install ./${filename}`);
});
afterAll(async () => {
  await cluster?.stop();
  if (folder !== undefined) await rm(folder, { recursive: true, force: true });
});

/** As in a terminal. @returns what it printed */
async function type(line: string, env: Readonly<Record<string, string>> = {}): Promise<string> {
  const { stdout } = await run('bash', ['-c', line], {
    cwd: folder,
    env: {
      ...ownEnvironment(folder),
      PATH: [join(folder, 'bin'), dirname(cluster.kubectlPath), '/usr/bin', '/bin'].join(delimiter),
      KUBECONFIG: cluster.kubeconfig,
      npm_config_offline: 'true',
      npm_config_update_notifier: 'false',
      ...env,
    },
    timeout: 120_000,
  });
  return stdout;
}

/** The text of every block that is fenced as this language. */
const blocksOf = (text: string, language: string) =>
  [...text.matchAll(new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\`$`, 'gms'))].map(([, block = '']) => block);

/** Lines to type, in blocks: those that are indented by four, without what is said about them. */
function commandsOf(text: string): string[][] {
  const blocks = text.split('\n\n').filter((block) => /^ {4}\S/.test(block));
  return blocks.map((block) => block.split('\n').map((line) => line.trim().replace(/ +# .*$/, '')));
}

async function createKey(name: string): Promise<{ readonly publicKey: string; readonly privateKey: string }> {
  const privateKey = join(folder, name);
  await run('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', `${name}@home`, '-f', privateKey]);
  return { privateKey, publicKey: (await readFile(`${privateKey}.pub`, 'utf8')).trim() };
}

const page = 'docs/another-club.md';

test('both languages of the page have the same files and the same commands', async () => {
  const [english, korean] = [await read(page), await read(page.replace('.md', '.ko.md'))];
  for (const language of ['csv', 'yaml']) expect(blocksOf(korean, language)).toEqual(blocksOf(english, language));
  expect(commandsOf(korean)).toEqual(commandsOf(english));
});

test('three commands lead from a CSV file to encrypted kubeconfigs, each with a namespace of its own', async () => {
  const text = await read(page);
  const [csv = ''] = blocksOf(text, 'csv');
  const [document = ''] = blocksOf(text, 'yaml');
  const placeholder = /ssh-ed25519 \S+ (kim|lee)@home/g;
  const keys = { kim: await createKey('kim'), lee: await createKey('lee') };
  const list = csv.replaceAll(placeholder, (_, login) => (login === 'kim' ? keys.kim : keys.lee).publicKey);
  expect(list).not.toContain('…');
  await writeFile(join(folder, 'members.csv'), list);
  await writeFile(join(folder, 'lab.yaml'), document);
  const [three = [], [decrypt = '', look = ''] = [], [daily = ''] = []] = commandsOf(text);
  expect(three).toHaveLength(3);

  for (const command of three) await type(command);

  // As kim, who has nothing but their own key.
  const home = join(folder, 'home-of-kim');
  await mkdir(join(home, '.ssh'), { recursive: true });
  await mkdir(join(home, '.kube'));
  await cp(keys.kim.privateKey, join(home, '.ssh/id_ed25519'));
  const asKim = { HOME: home, KUBECONFIG: join(home, '.kube/config') };
  await type(`cd kubeconfigs && ${decrypt}`, asKim);
  await type(look, asKim);
  await type('kubectl -n kim--lab create configmap mine', asKim);
  await expect(type('kubectl -n lee--lab get configmaps', asKim)).rejects.toThrow(/cannot list resource "configmaps"/);
  const whose = await type('kubectl auth whoami -o jsonpath={..username}', asKim);
  expect(whose).toBe('system:serviceaccount:lab-users:kim');
  // Encrypted to lee alone.
  await expect(type(decrypt.replace('kim.kube', 'kubeconfigs/lee.kube'), asKim)).rejects.toThrow(/no identity matched/);

  // Every day; a leaver loses the rights, and the namespace stays.
  await type(daily);
  await writeFile(join(folder, 'members.csv'), list.replace(/^.*,lee,.*\n/m, ''));
  await type(daily);
  expect(await type('ls kubeconfigs')).toBe('index.json\nkim.kubeconfig.age\n');
  expect(
    await type('kubectl get rolebindings -A --no-headers -o custom-columns=:metadata.namespace,:roleRef.name'),
  ).toMatch(/kim--lab +edit/);
  await expect(type('kubectl -n lee--lab get rolebinding credentials-updater')).rejects.toThrow(/not found/);
  await type('kubectl get namespace lee--lab');
});

test.each(['README.md', 'README.ko.md'])('the three examples of %s run as they are', async (readme) => {
  const key = await createKey(`example-${readme}`);
  const token = 'github_pat_the-token-of-the-lab';
  await using slapd = await startSlapd({
    ldif: [...['kim', 'lee', 'park'].map((uid) => person(uid)), group('lab', ['kim', 'lee'].map(personDN))].join(''),
  });
  await using github = await startGithub({
    organization: createOrganization({
      login: 'my-lab',
      members: { kim: { id: 1, keys: [key.publicKey] }, lee: { id: 2, keys: [key.publicKey] }, park: { id: 3 } },
      teams: { platform: { members: ['kim', 'lee'] } },
      tokens: { [token]: { user: 'park' } },
    }),
  });
  await writeFile(join(folder, 'ldap-ca.crt'), slapd.authority);
  await writeFile(join(folder, 'members.csv'), `id,login,keys\n1,kim,${key.publicKey}\n2,lee,${key.publicKey}\n`);
  await mkdir(join(folder, 'docs/examples'), { recursive: true });
  const commands = (await read(readme))
    .split('\n')
    .filter((line) => /^ {4}npx .* -f docs\/examples/.test(line))
    .map((line) => line.trim().replace(/ +# .*$/, ''));
  expect(commands).toHaveLength(3);
  for (const [index, command] of commands.entries()) {
    const [, file = ''] = /-f (\S+)/.exec(command) ?? [];
    // Each on namespaces of its own, and with the addresses of this machine.
    const own = `${readme === 'README.md' ? 'en' : 'ko'}${index}`;
    const document = (await read(file))
      .replaceAll(/lab-(system|users|credentials)/g, `${own}-$1`)
      .replace('--lab', `--${own}`)
      .replace('ldaps://ldap.example.org', slapd.url.href)
      .replace('github:', `github:\n      apiURL: ${github.apiURL.href}`);
    await writeFile(join(folder, file), document);
    for (const name of ['system', 'users', 'credentials']) await type(`kubectl create namespace ${own}-${name}`);
    // A folder belongs to one MemberSync.
    await rm(join(folder, 'kubeconfigs'), { recursive: true, force: true });
    const env = { LDAP_PASSWORD: reader.password, GITHUB_TOKEN: token };

    const planned = await type(command, env);
    expect(planned).toMatch(/kim/);
    expect(planned).toMatch(/lee/);
    expect(planned).not.toMatch(/park/);
    await type(command.replace(' plan ', ' sync '), env);
    const accounts = await type(`kubectl -n ${own}-users get serviceaccounts -o name`);
    expect(accounts.split('\n').filter((name) => name !== 'serviceaccount/default' && name !== '')).toEqual([
      'serviceaccount/kim',
      'serviceaccount/lee',
    ]);
  }
  expect(github.objections).toEqual([]);
});

/** What is indented in the section that names this file, as one script. */
function scriptOf(text: string, file: string): string {
  const section = text.split(/^##+ /m).find((part) => part.includes(file)) ?? '';
  const withoutBlocks = section.replaceAll(/^```.*?^```$/gms, '');
  return [...withoutBlocks.matchAll(/^ {4}(.*)$/gm)].map(([, line]) => line).join('\n');
}

test('staff and students from one LDAP have accounts and rights of their own', async () => {
  const pageOf = 'docs/directories.md';
  const script = scriptOf(await read(pageOf), 'course-staff.yaml');
  expect(scriptOf(await read(pageOf.replace('.md', '.ko.md')), 'course-staff.yaml')).toBe(script);
  await using slapd = await startSlapd({
    ldif: [
      ...['kim', 'lee', 'park'].map((uid) => person(uid)),
      group('staff', ['kim', 'park'].map(personDN)),
      group('students', ['lee', 'park'].map(personDN)),
    ].join(''),
  });
  await writeFile(join(folder, 'ldap-ca.crt'), slapd.authority);
  for (const who of ['staff', 'students']) {
    const document = await read(`docs/examples/course-${who}.yaml`);
    await writeFile(join(folder, `course-${who}.yaml`), document.replace('ldaps://ldap.example.org', slapd.url.href));
  }
  await symlink(join(folder, 'node_modules/.bin/credentials-updater'), join(folder, 'bin/credentials-updater'));

  await type(`set -e\n${script.replace('LDAP_PASSWORD=...', `LDAP_PASSWORD='${reader.password}'`)}`);

  const as = async (who: string, account: string, command: string) => {
    const encoded = await type(
      `kubectl -n ${who}-credentials get secret credentials-${account} -o jsonpath={.data.kubeconfig}`,
    );
    const file = join(folder, `${who}-${account}.kubeconfig`);
    await writeFile(file, Buffer.from(encoded, 'base64'), { mode: 0o600 });
    return type(command, { KUBECONFIG: file });
  };
  const whoAmI = 'kubectl auth whoami -o jsonpath={..username}';
  expect(await as('staff', 'kim', whoAmI)).toBe('system:serviceaccount:staff:kim');
  expect(await as('students', 'lee', whoAmI)).toBe('system:serviceaccount:students:lee');
  expect(await as('staff', 'park', whoAmI)).toBe('system:serviceaccount:staff:park');
  expect(await as('students', 'park', whoAmI)).toBe('system:serviceaccount:students:park');
  await as('staff', 'kim', 'kubectl -n course create configmap exercise');
  expect(await as('students', 'lee', 'kubectl -n course get configmap exercise -o name')).toContain('exercise');
  for (const account of ['lee', 'park'])
    await expect(as('students', account, 'kubectl -n course delete configmap exercise')).rejects.toThrow(
      /cannot delete/,
    );
  const names = (who: string) => type(`kubectl -n ${who} get serviceaccounts -o name`);
  expect(await names('staff')).not.toContain('/lee');
  expect(await names('students')).not.toContain('/kim');

  // One's sync leaves the other's accounts as they are.
  const versions = () =>
    type(
      `kubectl -n students get serviceaccounts -o jsonpath='{.items[*].metadata.uid} {.items[*].metadata.resourceVersion}'`,
    );
  const before = await versions();
  await type('credentials-updater sync -f course-staff.yaml', { LDAP_PASSWORD: reader.password });
  expect(await versions()).toBe(before);
});
