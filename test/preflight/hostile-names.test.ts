/** What preflight prints about names that were chosen to hurt: nothing that a terminal obeys, and commands safe to paste. */
import { execFile } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { z } from 'zod';
import { type Desk, deskTimeoutMs, openDesk } from './desk.ts';

/** RBAC takes any name without `/` and `%`. */
const hostileNames = [
  'two\nlines',
  'ends in a line break\n',
  '\r    kubectl delete namespace alice-lab',
  '$(touch ran)`touch ran`;touch ran|\'"touch ran',
  '\u001b]0;title\u0007\u001b[2J\u009b2J',
  '\u202eright to left',
  '\\0047; touch ran; \\047!!',
  '--all',
  '-n kube-system',
];

const testedName = z.object({ op: z.literal('test'), value: z.string() });
const removal = z.object({ op: z.literal('remove') });

let desk: Desk;
beforeAll(async () => {
  desk = await openDesk();
  await desk.deploy();
  const { request } = desk.cluster;
  const create = async (path: string, object: object) => {
    const { status, body } = await request('POST', `/apis/rbac.authorization.k8s.io/v1/${path}`, object);
    if (status !== 201) throw new Error(`${path}: ${status} ${JSON.stringify(body)}`);
  };
  const members = { kind: 'Group', name: 'system:serviceaccounts:poolc-users' };
  const admin = { kind: 'ClusterRole', name: 'cluster-admin' };
  const nobodys = { kind: 'ServiceAccount', name: 'bot', namespace: 'woodpecker' };
  for (const name of hostileNames) {
    // By the name of a namespace that is free.
    await create('namespaces/kube-public/rolebindings', { metadata: { name }, roleRef: admin, subjects: [nobodys] });
    await create('clusterrolebindings', { metadata: { name }, roleRef: admin, subjects: [members] });
    await create('namespaces/kube-system/rolebindings', { metadata: { name }, roleRef: admin, subjects: [members] });
    await create('namespaces/poolc-users/rolebindings', {
      metadata: { name },
      roleRef: admin,
      subjects: [{ kind: 'User', name: 'kim' }, { kind: 'User', name: `of ${name}` }, members],
    });
  }
}, deskTimeoutMs);
afterAll(() => desk.close());

describe('names that were chosen to hurt', () => {
  it('reach no terminal as they are', async () => {
    for (const format of ['text', 'json']) {
      const onTerminal = { terminal: true, env: { NO_COLOR: '1' } };
      const { stdout } = await desk.command(['preflight', '--output', format], onTerminal);
      expect(stdout).toContain('clusterrolebinding/');
      expect(stdout.replace(/\r?\n/g, '')).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u);
    }
  });

  it.each(['sh', 'bash'])(
    'stand in commands that %s reads as they were meant, and that run nothing else',
    async (shell) => {
      const { stdout } = await desk.command(['preflight', '--output', 'text']);
      const commands = stdout.split('\n').filter((line) => /^ {4}[^ #]/.test(line));
      const { calls, said, files } = await paste(commands, shell);
      expect({ said, files }).toEqual({ said: '', files: ['calls', 'kubectl'] });
      const deletions = calls.filter((words) => words.includes('delete'));
      expect(deletions).toEqual(
        expect.arrayContaining(
          hostileNames.flatMap((name) => [
            ['delete', `clusterrolebinding/${name}`],
            ['-n', 'kube-system', 'delete', `rolebinding/${name}`],
            ['-n', 'kube-public', 'delete', `rolebinding/${name}`],
          ]),
        ),
      );
      const patched = calls.filter((words) => words.includes('patch'));
      for (const name of hostileNames) {
        const ofName = patched.filter((words) => words.includes(`rolebinding/${name}`));
        expect(new Set(ofName.map((words) => words.slice(0, 6).join(' ')))).toEqual(
          new Set([`-n poolc-users patch rolebinding/${name} --type=json -p`]),
        );
        const tested = ofName.map((words) => z.tuple([testedName, removal]).parse(JSON.parse(words[6] ?? ''))[0].value);
        expect(tested).toContain(`of ${name}`);
      }
      expect(deletions.length + patched.length).toBe(calls.length);
      expect(calls).toHaveLength(commands.length);
    },
  );
});

describe('what --leavers prints for a leaver whose bindings have such names', () => {
  const role = { kind: 'ClusterRole', name: 'edit' };
  const account = { kind: 'ServiceAccount', name: 'kim', namespace: 'poolc-users' };
  const bystander = { kind: 'ServiceAccount', name: 'alice', namespace: 'poolc-users' };
  const user = (name: string) => ({ kind: 'User', name: `system:serviceaccount:poolc-users:${name}` });

  beforeAll(async () => {
    const { api, cluster, shell } = desk;
    const create = async (path: string, object: object) => {
      const { status, body } = await cluster.request('POST', path, object);
      if (status !== 201) throw new Error(`${path}: ${status} ${JSON.stringify(body)}`);
    };
    const sync = () => shell(`POOLC_API_ENDPOINT=${api.url} POOLC_API_KEY_FILE=./API_KEY credentials-updater sync`);
    const { uuid } = await api.addMember({ loginId: 'kim' });
    await sync();
    api.removeMember(uuid);
    await sync();
    await create('/api/v1/namespaces', { metadata: { name: 'kim-lab', labels: { 'poolc.org/owner': 'kim' } } });
    const rbac = '/apis/rbac.authorization.k8s.io/v1';
    for (const name of hostileNames) {
      const metadata = { name: `${name} left` };
      await create(`${rbac}/namespaces/kim-lab/rolebindings`, {
        metadata,
        roleRef: role,
        subjects: [bystander, account],
      });
      await create(`${rbac}/namespaces/default/rolebindings`, {
        metadata,
        roleRef: role,
        subjects: [bystander, account, user(name)],
      });
      await create(`${rbac}/clusterrolebindings`, { metadata, roleRef: role, subjects: [user('kim')] });
    }
  }, deskTimeoutMs);

  it.each([
    ['sh', ['-s']],
    ['bash', ['-s']],
    // As a person pastes it: with history expansion, and aliases.
    ['bash', ['--norc', '-i']],
  ])('is read by %s %j as it was meant, and runs nothing else', async (shell, flags) => {
    const { stdout } = await desk.command(['preflight', '--leavers', '--output', 'json']);
    const report = z
      .object({
        checks: z.array(
          z.object({
            check: z.string(),
            findings: z.array(z.object({ fixes: z.array(z.object({ command: z.string() })) })),
          }),
        ),
      })
      .parse(JSON.parse(stdout));
    const commands = report.checks
      .filter(({ check }) => check === 'leavers')
      .flatMap(({ findings }) => findings.flatMap(({ fixes }) => fixes.map(({ command }) => command)));
    for (const command of commands) expect(command).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u);

    const { calls, files } = await paste(commands, shell, flags);
    expect(files).toEqual(['calls', 'kubectl']);
    const reads = (words: readonly string[]) =>
      calls.filter((call) => call.slice(0, words.length).join('\0') === words.join('\0'));
    for (const name of hostileNames) {
      const binding = `${name} left`;
      const patch = ['--type=json', '-p'];
      // Handed over with the namespace.
      expect(reads(['-n', 'kim-lab', 'patch', `rolebinding/${binding}`, ...patch])).toHaveLength(1);
      // The cluster-wide one is taken away, or given to another.
      expect(reads(['delete', `clusterrolebinding/${binding}`])).toHaveLength(1);
      expect(reads(['patch', `clusterrolebinding/${binding}`, ...patch])).toHaveLength(1);
      // Nothing is offered about the other subject, whose name no account can have had.
      const values = reads(['-n', 'default', 'patch', `rolebinding/${binding}`, ...patch]).map(
        (words) => z.tuple([testedName, z.looseObject({})]).parse(JSON.parse(words[6] ?? ''))[0].value,
      );
      expect(values).toEqual(['kim']);
    }
    // Nothing but kubectl was called, and by it nothing else than these.
    const verbs = ['delete', 'patch', 'label', 'get', 'create', 'apply', 'reserve'];
    expect(calls.filter((words) => !verbs.some((verb) => words.includes(verb)))).toEqual([]);
  });
});

/** Into a shell whose only program is a kubectl that writes down what it was given. */
async function paste(lines: readonly string[], shell: string, flags: readonly string[] = ['-s']) {
  const directory = await mkdtemp(join(tmpdir(), 'pks-paste-'));
  onTestFinished(() => rm(directory, { recursive: true, force: true }));
  const calls = join(directory, 'calls');
  await writeFile(join(directory, 'kubectl'), `#!/bin/sh\nprintf '%s\\0' "$@" END >>"${calls}"\n`, { mode: 0o755 });
  const running = promisify(execFile)(`/bin/${shell}`, flags, { cwd: directory, env: { PATH: directory } });
  running.child.stdin?.end(`${lines.join('\n')}\n`);
  const { stdout, stderr } = await running;
  const words = (await readFile(calls, 'utf8')).split('\0');
  return {
    calls: words
      .join('\0')
      .split('\0END\0')
      .slice(0, -1)
      .map((call) => call.split('\0')),
    said: stdout + stderr,
    files: (await readdir(directory)).toSorted(),
  };
}
