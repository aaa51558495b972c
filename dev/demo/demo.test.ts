import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { displayWidth } from '../../src/lib/terminal-text.ts';
import { ownEnvironment } from '../../test/command.ts';
import { findLeaks } from '../../test/leaks.ts';
import { processesMentioning, type RunningScript, runNode } from '../control-plane/testing.ts';

const program = join(import.meta.dirname, 'main.ts');
const timeout = 180_000;

/** Strangers only: a list that lost everyone. */
const members = 'id,login\n1,nobody-knows\n';

/** What was printed, once it has ended, searched for tokens. */
async function told(demo: RunningScript): Promise<{ exitCode: number | null; text: string }> {
  const { exitCode, stdout, stderr } = await demo.ended;
  const text = `${stdout}${stderr}`;
  expect(findLeaks(text, [])).toEqual([]);
  return { exitCode, text };
}

/** The chapter of that title, up to the next. */
function chapter(text: string, title: string): string {
  return text.split(/^\d\. /m).find((part) => part.startsWith(title)) ?? '';
}

describe('the demo', { timeout }, () => {
  test('tells a story that is true, on 80 columns, and exits with 0', async () => {
    const { exitCode, text } = await told(runNode([program]));
    expect({ exitCode, text }).toEqual({ exitCode: 0, text: expect.stringContaining('nothing of it is left') });
    for (const line of text.split('\n')) expect(displayWidth(line)).toBeLessThanOrEqual(80);

    const first = chapter(text, 'A first sync');
    expect(first).toMatch(/\$ credentials-updater sync\n[^$]*members +40\n +kept +0\n +joined +40 /);
    expect(first).toContain('✓ done: 40 members have a fresh token');
    expect(first).toContain('each of the 40 tokens as another ServiceAccount');

    const member = chapter(text, 'As a member');
    expect(member).toMatch(/logs in .* \/kubernetes\/me: +\d+\s+characters, good for 7d/s);
    expect(member).toMatch(/\$ kubectl auth whoami.*\n +system:serviceaccount:poolc-users:ha\.eun\n/);
    expect(member).toMatch(/\$ kubectl get namespaces\n +NAME .*\n(?:.*\n)* +poolc-users +Active/);

    const later = chapter(text, 'Two leave, one joins');
    expect(later).toMatch(/members +39\n +kept +38\n +joined +1 \(.*\)\n +removed +2 \(ha\.eun, ji-woo-[0-9a-f]{8}\)/);
    expect(later).toMatch(/\$ kubectl get namespaces\n +error: .*Unauthorized/);
    expect(later).toMatch(/38 of 38 tokens\s+from\s+the\s+first\s+sync\s+still\s+work/);

    expect(chapter(text, 'What to try next')).toContain('npm test');
  });

  test.each([
    ['file', 'a CSV file'],
    ['ldap', 'an LDAP server'],
    ['github', 'a look-alike of GitHub'],
  ])('tells the same story with the directory %s', async (directory, playedBy) => {
    const { exitCode, text } = await told(runNode([program, '--directory', directory]));
    expect({ exitCode, text }).toEqual({ exitCode: 0, text: expect.stringContaining('nothing of it is left') });
    for (const line of text.split('\n')) expect(displayWidth(line)).toBeLessThanOrEqual(80);
    expect(text.replaceAll(/\s+/g, ' ')).toContain(`kubectl, ${playedBy}, and the updater`);

    const first = chapter(text, 'A first sync');
    expect(first).toMatch(
      /\$ credentials-updater sync -f lab\.yaml --first-run\n[^$]*members +40\n +kept +0\n +joined +40 /,
    );
    expect(chapter(text, 'As a member')).toMatch(
      /\$ kubectl auth whoami.*\n +system:serviceaccount:poolc-users:lee-haeun\n/,
    );
    const later = chapter(text, 'Two leave, one joins');
    expect(later).toMatch(
      /members +39\n +kept +38\n +joined +1 \(kang-saessak\)\n +removed +2 \((lee-haeun, choi-jiwoo|choi-jiwoo, lee-haeun)\)/,
    );
    expect(later).toMatch(/\$ kubectl get namespaces\n +error: .*Unauthorized/);
    expect(later).toMatch(/38 of 38 tokens\s+from\s+the\s+first\s+sync\s+still\s+work/);
  });

  test('of a gateway: a member logs in once, loses a device, does without the gateway, and leaves', async () => {
    const { exitCode, text } = await told(runNode([program, '--gateway']));
    expect({ exitCode, text }).toEqual({ exitCode: 0, text: expect.stringContaining('nothing of it is left') });
    for (const line of text.split('\n')) expect(displayWidth(line)).toBeLessThanOrEqual(80);
    const once = chapter(text, 'Log in once');
    expect(once).toMatch(/\$ kubectl auth whoami.*\n +system:serviceaccount:poolc-users:kim-minjun\n/);
    expect(once).toMatch(/\$ kubectl get namespaces\n +NAME .*\n(?:.*\n)* +poolc-users +Active/);
    const stolen = chapter(text, 'The laptop is stolen');
    expect(stolen).toMatch(/\$ credentials-updater devices remove laptop\n +laptop is removed/);
    expect(stolen.replaceAll(/\s+/g, ' ')).toContain('this device is not connected any more');
    expect(chapter(text, 'A member leaves')).toMatch(/removed +1 \(kim-minjun\)/);
  });

  test('--gateway with another flag is one line', async () => {
    const { exitCode, text } = await told(runNode([program, '--gateway', '--keep']));
    expect({ exitCode, text }).toEqual({
      exitCode: 2,
      text: '--gateway is a story of its own: leave out --keep, --controller and --directory\n',
    });
  });

  test('--controller tells the story by editing a ConfigMap, and with --keep goes on following it, until Ctrl-C', async () => {
    const demo = runNode([program, '--controller', '--keep']);
    await demo.printed(/Ctrl-C stops everything/);
    const [, kubeconfig = ''] = await demo.printed(/export KUBECONFIG=(\S+admin\.kubeconfig)/);
    const [, kubectl = ''] = await demo.printed(/alias kubectl=(\S+)/);
    const inSystem = ['-n', 'poolc-system'];
    const data = JSON.stringify({ data: { 'members.csv': members } });
    await run(kubectl, ['patch', 'configmap', 'members', ...inSystem, '-p', data], kubeconfig);
    await expect
      .poll(() => run(kubectl, ['get', 'msync', 'lab', ...inSystem, '-o', 'jsonpath={.status.refused}'], kubeconfig), {
        timeout: 60_000,
        interval: 500,
      })
      .toBe('{"additions":1,"removals":39}');

    demo.kill('SIGINT');
    const { exitCode, text } = await told(demo);
    expect({ exitCode, text }).toEqual({ exitCode: 0, text: expect.stringContaining('nothing of it is left') });
    expect(existsSync(dirname(kubeconfig))).toBe(false);
    expect(await processesMentioning(dirname(kubeconfig))).toEqual([]);
    const story = text.split('In another terminal')[0] ?? '';
    for (const line of story.split('\n')) expect(displayWidth(line)).toBeLessThanOrEqual(80);

    const first = chapter(text, 'A MemberSync becomes Ready');
    expect(first).toMatch(/\$ kubectl get msync -n poolc-system\n +NAME +READY +MEMBERS [^$]*\n +lab +True +40 /);
    expect(first).toContain('each of the 40 tokens as another ServiceAccount');
    const edited = chapter(text, 'The list is edited');
    expect(edited).toMatch(/-\d+,choi-jiwoo\n +-\d+,lee-haeun\n +\+2024041,kang-saessak\n/);
    expect(edited).toMatch(/\$ kubectl auth whoami.*\n +system:serviceaccount:poolc-users:kang-saessak\n/);
    expect(edited).toMatch(/\$ kubectl get namespaces\n +error: .*Unauthorized/);
    expect(edited).toMatch(/38 of 38 tokens are\s+the\s+same,\s+and\s+work/);
    const refused = chapter(text, 'A list that can not be right');
    expect(refused).toMatch(/\n +lab +False +39 /);
    expect(refused).toMatch(/29 of them now[^$]*allow-removals=29/);
    expect(refused).toMatch(/39 of 39 tokens work/);
    expect(refused).toContain('condition met');
  });

  test('--keep leaves everything up to look at, until Ctrl-C, and nothing after it', async () => {
    const demo = runNode([program, '--keep']);
    await demo.printed(/Ctrl-C stops everything/);
    const [, kubeconfig = ''] = await demo.printed(/export KUBECONFIG=(\S+admin\.kubeconfig)/);
    const [, kubectl = ''] = await demo.printed(/alias kubectl=(\S+)/);
    const [, page = ''] = await demo.printed(/The members' page: (\S+)/);
    const [, loginID = '', password = ''] = await demo.printed(/Log in as (\S+), password (\S+)\./);

    expect((await fetch(page)).headers.get('content-type')).toContain('text/html');
    const login = await fetch(`${page}login`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ loginID, password }),
    });
    expect(z.object({ accessToken: z.string() }).safeParse(await login.json()).success).toBe(true);
    const accounts = await run(kubectl, ['get', 'serviceaccounts', '-n', 'poolc-users', '-o', 'name'], kubeconfig);
    expect(accounts.trim().split('\n')).toHaveLength(39);
    expect(accounts).not.toContain('ha.eun');

    demo.kill('SIGINT');
    expect((await told(demo)).exitCode).toBe(0);
    expect(existsSync(dirname(kubeconfig))).toBe(false);
    expect(await processesMentioning(dirname(kubeconfig))).toEqual([]);
  });

  test.each(['SIGINT', 'SIGTERM'] as const)(
    'stopped by %s in the middle, exits with 130 and leaves nothing',
    async (signal) => {
      const demo = runNode([program]);
      const [, server = ''] = await demo.printed(/ready at https:\/\/127\.0\.0\.1:(\d+)/);
      await demo.printed(/✓ done/);
      demo.kill(signal);
      expect((await told(demo)).exitCode).toBe(130);
      expect(await processesMentioning(`--secure-port=${server}`)).toEqual([]);
    },
  );

  test('a directory that there is none of is one line', async () => {
    const { exitCode, text } = await told(runNode([program, '--directory', 'dns']));
    expect({ exitCode, text }).toEqual({
      exitCode: 2,
      text: "--directory is poolc, file, ldap, github, not 'dns'; see `npm run demo -- --help`\n",
    });
  });

  test('--directory beside --controller is one line', async () => {
    const { exitCode, text } = await told(runNode([program, '--controller', '--directory', 'ldap']));
    expect({ exitCode, text }).toEqual({
      exitCode: 2,
      text: "--directory and --controller exclude each other: the controller's list is a ConfigMap; see `npm run demo -- --help`\n",
    });
  });

  test('an unknown flag is one line', async () => {
    const { exitCode, text } = await told(runNode([program, '--kep']));
    expect({ exitCode, lines: text.trim().split('\n') }).toEqual({
      exitCode: 2,
      lines: [expect.stringMatching(/^Unknown option '--kep'.*npm run demo -- --help/)],
    });
  });
});

async function run(file: string, args: string[], kubeconfig: string): Promise<string> {
  const { stdout } = await promisify(execFile)(file, args, {
    env: { ...ownEnvironment(dirname(kubeconfig)), KUBECONFIG: kubeconfig, KUBERC: 'off' },
  });
  return stdout;
}
