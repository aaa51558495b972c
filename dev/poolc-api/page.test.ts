import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { z } from 'zod';
import { useCluster } from '../../test/cluster.ts';
import { expiryOf, installCommands, plainCommands, pluginCommands } from './page/commands.js';
import { deliver, ownToken, poolcApi, siteJwt } from './test-client.ts';

test('the page and everything it loads come from this server, under a policy that lets nothing else in', async () => {
  const { url } = await poolcApi();
  const page = await fetch(`${url}/`);
  expect(page.headers.get('content-security-policy')).toMatch(/^default-src 'none';/);
  const files = [...(await page.text()).matchAll(/(?:href|src)="(\/[^"]+)"/g)].map(([, path]) => path);
  expect(files).toEqual(['/page/page.css', '/page/page.js']);
  for (const path of [...files, '/page/commands.js', '/page/words.js']) {
    const file = await fetch(`${url}${path}`);
    expect([path, file.status]).toEqual([path, 200]);
    expect(file.headers.get('content-type')).toMatch(/^text\/(css|javascript); charset=utf-8$/);
  }
});

test("the plain commands, run one by one in a shell, give a kubectl that trusts the cluster's CA alone", async () => {
  const cluster = await useCluster();
  const namespace = cluster.usersNamespace;
  const api = await poolcApi({
    cluster: { name: 'pks', server: cluster.server, certificateAuthority: cluster.certificateAuthority },
  });
  const { uuid, password } = await api.addMember({ loginId: 'kim' });
  await cluster.kubectl(['create', 'serviceaccount', 'kim', '-n', namespace]);
  const { stdout: issued } = await cluster.kubectl(['create', 'token', 'kim', '-n', namespace]);
  await deliver(api, JSON.stringify({ [uuid]: issued.trim() }));
  const own = await ownToken(api, await siteJwt(api, 'kim', password));
  const { key } = z.object({ key: z.string() }).parse(JSON.parse(own.text));
  const info = z
    .object({ name: z.string(), server: z.string(), certificateAuthority: z.string() })
    .parse(await (await fetch(`${api.url}/kubernetes/cluster-info`)).json());

  const directory = await mkdtemp(join(tmpdir(), 'poolc-page-'));
  onTestFinished(() => rm(directory, { recursive: true }));
  const shell = shellWith(cluster.kubectlPath, directory);
  const commands = plainCommands(info, key);
  expect(commands.join('\n')).not.toContain('insecure');
  for (const command of commands) expect(await shell.run(command)).toMatchObject({ exitCode: 0 });

  const who = await shell.run('kubectl auth whoami');
  expect(who.output).toContain(`system:serviceaccount:${namespace}:kim`);
  expect(expiryOf(key)).toBeGreaterThan(Date.now());
});

test("the plugin's commands name this site, and no token", async () => {
  expect(pluginCommands('https://poolc.example.org')).toEqual([
    'credentials-updater login --cluster https://poolc.example.org',
    'kubectl get namespaces',
  ]);
});

test.each(['members.md', 'members.ko.md'])('the lines that install the program are those of docs/%s', async (page) => {
  const text = await readFile(join(import.meta.dirname, '../../docs', page), 'utf8');
  expect(installCommands().map(({ system }) => system)).toEqual(['Linux', 'macOS', 'Windows (PowerShell)']);
  for (const { command } of installCommands()) expect(text).toContain(`\n    ${command}\n`);
});

test('a token that is no JWT has no expiry to show', () => {
  expect(expiryOf('nonsense')).toBeUndefined();
  expect(expiryOf('a.b.c')).toBeUndefined();
});

/** A shell with the real kubectl in reach, and a kubeconfig and home of its own. */
function shellWith(kubectlPath: string, home: string) {
  const env = { PATH: `${dirname(kubectlPath)}:${process.env['PATH']}`, HOME: home, KUBECONFIG: join(home, 'config') };
  return {
    async run(command: string): Promise<{ exitCode: unknown; output: string }> {
      const child = spawn('sh', ['-c', command], { env });
      let output = '';
      for (const stream of [child.stdout, child.stderr]) {
        stream.setEncoding('utf8').on('data', (text: string) => {
          output += text;
        });
      }
      const [exitCode]: unknown[] = await once(child, 'close');
      return { exitCode, output };
    },
  };
}
