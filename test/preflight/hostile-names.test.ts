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

/** Into a shell whose only program is a kubectl that writes down what it was given. */
async function paste(lines: readonly string[], shell: string) {
  const directory = await mkdtemp(join(tmpdir(), 'pks-paste-'));
  onTestFinished(() => rm(directory, { recursive: true, force: true }));
  const calls = join(directory, 'calls');
  await writeFile(join(directory, 'kubectl'), `#!/bin/sh\nprintf '%s\\0' "$@" END >>"${calls}"\n`, { mode: 0o755 });
  const running = promisify(execFile)(`/bin/${shell}`, ['-s'], { cwd: directory, env: { PATH: directory } });
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
