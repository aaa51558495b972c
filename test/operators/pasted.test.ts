/** The command that a refusal prints is run by a real shell, as it is printed, where everything else points elsewhere. */
import { execFile } from 'node:child_process';
import { mkdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { delimiter, dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { expect, onTestFinished, test } from 'vitest';
import { parse, stringify } from 'yaml';
import { z } from 'zod';
import { temporaryDirectory } from '../../dev/control-plane/testing.ts';
import { shellCommand } from '../../src/lib/shell-command.ts';
import { accountsOf } from '../accounts.ts';
import { type Club, useClub } from '../club.ts';
import { bundledProgram, logLines, ownEnvironment } from '../command.ts';
import { findLeaks } from '../leaks.ts';

const checkout = join(import.meta.dirname, '../..');
const context = "the club's own";

/** A place that takes every connection, and answers nobody. */
async function openWrongPlace() {
  let connections = 0;
  const server = createServer((socket) => {
    connections++;
    socket.on('error', () => undefined).destroy();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  const { port } = z.object({ port: z.number() }).parse(server.address());
  return { url: `http://127.0.0.1:${port}`, connections: () => connections };
}

const kubeconfigSchema = z.looseObject({
  clusters: z.array(z.looseObject({})),
  users: z.array(z.looseObject({})),
  contexts: z.array(z.object({ name: z.string(), context: z.looseObject({}) })),
});

/** The updater's kubeconfig under another name of its context; what is current is the wrong place. */
async function withWrongCurrentContext(kubeconfig: string, wrong: string): Promise<string> {
  const right = kubeconfigSchema.parse(parse(await readFile(kubeconfig, 'utf8')));
  return stringify({
    ...right,
    clusters: [...right.clusters, { name: 'elsewhere', cluster: { server: wrong } }],
    users: [...right.users, { name: 'elsewhere', user: { token: 'nobody' } }],
    contexts: [
      ...right.contexts.map((each) => ({ ...each, name: context })),
      { name: 'elsewhere', context: { cluster: 'elsewhere', user: 'elsewhere' } },
    ],
    'current-context': 'elsewhere',
  });
}

/**
 * A club of eight with accounts, of whom six have left since; and an operator whose shell, but for the flags they give,
 * points to another cluster and another PoolC API.
 */
async function operator({ administrator = false } = {}) {
  const club = await useClub();
  for (let number = 1; number <= 8; number++) await club.api.addMember({ loginId: `member${number}` });
  expect(await club.run(['sync'])).toMatchObject({ exitCode: 0 });
  for (const { uuid } of club.api.members().slice(0, 6)) club.api.setActive(uuid, false);

  const wrong = await openWrongPlace();
  const home = await temporaryDirectory();
  const folder = join(home, `it's "the" $(club) folder`);
  await mkdir(folder);
  await mkdir(join(home, '.kube'));
  const kubeconfig = join(folder, 'kube config');
  const access = administrator ? club.cluster.kubeconfig : club.account.kubeconfig;
  const text = await withWrongCurrentContext(access, wrong.url);
  await writeFile(kubeconfig, text, { mode: 0o600 });
  await writeFile(join(home, '.kube/config'), text, { mode: 0o600 });
  const own = ownEnvironment(home);
  const bin = join(home, 'bin');
  await mkdir(bin);
  const env = {
    ...own,
    PATH: [bin, dirname(process.execPath), own.PATH].join(delimiter),
    NPM_CONFIG_UPDATE_NOTIFIER: 'false',
    POOLC_API_ENDPOINT: wrong.url,
  };
  const { POOLC_API_KEY_FILE = '', POOLC_API_ENDPOINT = '', TARGET_NAMESPACE = '', POD_NAMESPACE = '' } = club.env;
  const cluster = ['--kubeconfig', kubeconfig, '--context', context];
  const place = ['--target-namespace', TARGET_NAMESPACE, '--pod-namespace', POD_NAMESPACE];
  const flags = [...cluster, '--poolc-api-endpoint', POOLC_API_ENDPOINT, '--poolc-api-key-file', POOLC_API_KEY_FILE];
  /** A line as it is typed. Fails where it prints a secret. */
  const shell = async (line: string, { cwd = home, more = {} } = {}) => {
    const { stdout, stderr, code } = await promisify(execFile)('sh', ['-c', line], {
      cwd,
      env: { ...env, ...more },
    }).then(
      (output) => ({ ...output, code: 0 }),
      (error: unknown) => z.object({ stdout: z.string(), stderr: z.string(), code: z.number() }).parse(error),
    );
    expect(findLeaks(`${stdout}${stderr}`, [...club.secrets, ...club.api.storedTokens().values()])).toEqual([]);
    return { exitCode: code, stdout, stderr, termination: '' };
  };
  return { ...club, shell, wrong, home, bin, folder, clusterFlags: cluster, place, flags: [...flags, ...place] };
}

const namesOf = async ({ cluster }: Club) => [...(await accountsOf(cluster)).keys()].sort();

async function refused(
  { shell }: Awaited<ReturnType<typeof operator>>,
  line: string,
  options?: { cwd?: string; more?: Record<string, string> },
): Promise<string[]> {
  const result = await shell(line, options);
  expect(result).toMatchObject({ exitCode: 4 });
  const { hint } = z.looseObject({ hint: z.string() }).parse(logLines(result).at(-1));
  return hint.split('\n');
}

type Operator = Awaited<ReturnType<typeof operator>>;
interface Start {
  readonly words: readonly string[];
  readonly cwd?: string;
}

const starts: readonly [how: string, prepare: (scene: Operator) => Promise<Start> | Start, as: RegExp][] = [
  ['the file of the release', () => ({ words: ['node', bundledProgram] }), /^node \S+credentials-updater\.mjs sync /],
  ['a checkout', () => ({ words: ['node', 'src/main.ts'], cwd: checkout }), /^node src\/main\.ts sync /],
  ['npm start', () => ({ words: ['npm', 'start', '--silent', '--'], cwd: checkout }), /^npm --silent start -- sync /],
  [
    'npm start from another folder',
    () => ({ words: ['npm', '--prefix', checkout, 'start', '--silent', '--'] }),
    /^npm --prefix \S+ --silent start -- sync /,
  ],
  [
    'npx',
    async ({ home }) => {
      await mkdir(join(home, 'node_modules/.bin'), { recursive: true });
      await symlink(bundledProgram, join(home, 'node_modules/.bin/credentials-updater'));
      return { words: ['npx', 'credentials-updater'] };
    },
    /^npx credentials-updater sync /,
  ],
  [
    'its name',
    async ({ bin }) => {
      await symlink(bundledProgram, join(bin, 'credentials-updater'));
      return { words: ['credentials-updater'] };
    },
    /^credentials-updater sync /,
  ],
];

test.each(starts)('started as %s: what is printed is started as that', async (_, prepare, as) => {
  const scene = await operator();
  const { words, cwd } = await prepare(scene);
  const options = cwd === undefined ? {} : { cwd };

  const [sentence, command = '', ...rest] = await refused(
    scene,
    shellCommand([...words, 'sync', ...scene.flags]),
    options,
  );
  expect({ sentence, rest }).toEqual({
    sentence: 'check the directory first; if this is really meant, run:',
    rest: [],
  });
  expect(command).toMatch(as);
  expect(await namesOf(scene)).toHaveLength(8);

  expect(await scene.shell(command, options)).toMatchObject({ exitCode: 0 });
  expect(await namesOf(scene)).toEqual(['member7', 'member8']);
  expect(scene.wrong.connections()).toBe(0);
});

test('allows what was refused, of the plan that was agreed to, and no more', async () => {
  const scene = await operator();
  const program = ['node', bundledProgram];
  const file = join(scene.folder, 'the plan.json');
  expect(await scene.shell(shellCommand([...program, 'plan', ...scene.flags, '--out', file]))).toMatchObject({
    exitCode: 0,
  });
  const given = [...scene.flags, '--plan', file, '--allow-removals=5', '--mint-concurrency', '2', '--lock-wait', '7s'];

  const [, command = ''] = await refused(scene, shellCommand([...program, 'sync', ...given]));
  for (const words of [
    ['--plan', file],
    ['--mint-concurrency', '2'],
    ['--lock-wait', '7s'],
    ['--allow-removals', '6'],
  ])
    expect(command).toContain(shellCommand(words));
  expect(command.match(/--allow-removals/g)).toHaveLength(1);

  // One more has left: neither the plan nor the allowance is for that.
  const [seventh] = scene.api.members().slice(6);
  scene.api.setActive(seventh?.uuid ?? '', false);
  expect(await scene.shell(command)).toMatchObject({ exitCode: 4 });
  expect(await namesOf(scene)).toHaveLength(8);

  scene.api.setActive(seventh?.uuid ?? '', true);
  expect(await scene.shell(command)).toMatchObject({ exitCode: 0 });
  expect(await namesOf(scene)).toEqual(['member7', 'member8']);
  expect(scene.wrong.connections()).toBe(0);
});

test('of a plan that would be refused allows exactly it', async () => {
  const scene = await operator();
  const { stdout } = await scene.shell(
    shellCommand(['node', bundledProgram, 'plan', '--output', 'text', ...scene.flags, '--lock-wait', '7s']),
  );
  const [reason, sentence, command = ''] = stdout.trimEnd().split('\n').slice(-3);
  expect(reason).toMatch(/^the guard refuses this: 6 of 8 accounts/);
  expect(sentence).toBe('check the directory first; if this is really meant, run:');
  expect(command).toContain(shellCommand(['sync', '--allow-removals', '6', ...scene.clusterFlags]));
  expect(command).toContain('--lock-wait 7s');
  expect(await scene.shell(command)).toMatchObject({ exitCode: 0 });
  expect(await namesOf(scene)).toEqual(['member7', 'member8']);
  expect(scene.wrong.connections()).toBe(0);
});

test.each(['text', 'json'])('of a plan in a file that would be refused is said with the file (%s)', async (output) => {
  const scene = await operator();
  const file = join(scene.folder, 'the plan.json');
  const planned = await scene.shell(
    shellCommand(['node', bundledProgram, 'plan', '--output', output, ...scene.flags, '--out', file]),
  );
  const [written, sentence, command = '', ...rest] = planned.stderr.trimEnd().split('\n');
  expect(written).toBe(`written to ${file}; sync would refuse it as it is`);
  expect(sentence).toBe('check the directory first; if this is really meant, run:');
  expect(rest).toEqual([]);
  expect(planned.stdout).not.toContain('if this is really meant');
  expect(command).toContain(shellCommand(['--plan', file, '--allow-removals', '6']));
  expect(await scene.shell(command)).toMatchObject({ exitCode: 0 });
  expect(await namesOf(scene)).toEqual(['member7', 'member8']);
});

test('needs none of the variables that stood before the command', async () => {
  const scene = await operator();
  const { KUBECONFIG: _, ...variables } = scene.env;
  const more = { ...variables, KUBECONFIG: scene.account.kubeconfig };

  const [, command = ''] = await refused(scene, shellCommand(['node', bundledProgram, 'sync']), { more });

  expect(await scene.shell(command)).toMatchObject({ exitCode: 0 });
  expect(await namesOf(scene)).toEqual(['member7', 'member8']);
  expect(scene.wrong.connections()).toBe(0);
});

test('of a plan that no longer holds is three steps, with the file that was given', async () => {
  const scene = await operator();
  for (const { uuid } of scene.api.members().slice(0, 5)) scene.api.setActive(uuid, true);
  const program = ['node', bundledProgram];
  const file = join(scene.folder, "kim's plan.json");
  expect(await scene.shell(shellCommand([...program, 'plan', ...scene.flags, '--out', file]))).toMatchObject({
    exitCode: 0,
  });
  await scene.api.addMember({ loginId: 'late' });

  const lines = await refused(scene, shellCommand([...program, 'sync', ...scene.flags, '--plan', file]));
  expect(lines).toHaveLength(4);
  expect(lines.join('\n')).not.toContain('&&');
  // All of it pasted at once changes nothing.
  await scene.shell(lines.slice(1).join('\n'));
  expect(await namesOf(scene)).toHaveLength(8);
  const [make = '', look, apply = ''] = lines.slice(1).map((line) => line.replace(/^\d\. [^:]*: /, ''));
  expect(look).toMatch(/^2\. look at /);

  const made = await scene.shell(make);
  expect(made).toMatchObject({ exitCode: 0 });
  expect(made.stdout).toContain('late');
  expect(made.stderr.trimEnd().split('\n').at(-1)).toBe(apply);
  expect(await scene.shell(apply)).toMatchObject({ exitCode: 0 });
  expect(await namesOf(scene)).toEqual([
    'late',
    'member1',
    'member2',
    'member3',
    'member4',
    'member5',
    'member7',
    'member8',
  ]);
  expect(scene.wrong.connections()).toBe(0);
});

test('of revoke and reserve go to the same cluster', async () => {
  const scene = await operator({ administrator: true });
  const run = (...words: readonly string[]) => scene.shell(shellCommand(['node', bundledProgram, ...words]));

  const [leaver] = scene.api.members();
  const revoked = await run('revoke', leaver?.uuid ?? '', '--hold', '--yes', ...scene.flags);
  expect(revoked).toMatchObject({ exitCode: 0 });
  const commands = revoked.stdout.split('\n').filter((line) => line.startsWith('node '));
  expect(commands).toEqual([
    expect.stringContaining(' revoke --release '),
    expect.stringContaining(` sync ${shellCommand(scene.clusterFlags)}`),
  ]);
  expect(await scene.shell(commands[0] ?? '')).toMatchObject({
    stderr: '',
    stdout: expect.stringContaining('is no longer held out'),
  });

  const somebody = '00000000-0000-4000-8000-000000000001';
  const reserved = await run('reserve', 'member1', somebody, ...scene.clusterFlags, ...scene.place);
  expect(reserved).toMatchObject({ exitCode: 2 });
  const [, remove = ''] = /take it back first:\n(.*)/.exec(reserved.stderr) ?? [];
  expect(await scene.shell(`${remove} --yes`)).toMatchObject({
    stderr: '',
    stdout: expect.stringContaining('member1 is no longer kept for '),
  });
  expect(scene.wrong.connections()).toBe(0);
});

test.skipIf(process.platform !== 'linux').each([
  ['sync', []],
  ['plan', []],
  ['plan', ['--output', 'json']],
  ['status', []],
  ['revoke', ['kim', '--yes']],
  ['reserve', ['former', '00000000-0000-4000-8000-000000000001']],
])('%s %j names the cluster first on a terminal', async (command, words) => {
  const club = await useClub();
  await club.api.addMember({ loginId: 'kim' });
  expect(await club.run(['sync'])).toMatchObject({ exitCode: 0, stderr: '' });

  const { stdout } = await club.run([command, ...words], { terminal: true, env: { NO_COLOR: '1' } });

  // Wrapped at 80 columns.
  const shown = stdout.replaceAll('\r', '').replaceAll('\n  ', ' ');
  const said = `${club.cluster.server}, context pks of ${club.account.kubeconfig}, user pks`;
  expect(shown.slice(0, said.length)).toBe(said);
});
