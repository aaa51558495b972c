/** Plugins of a kubeconfig as the command meets them: what they say is seen, and they are run again when it is time. */
import { appendFile, chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { type CertificateAuthority, createCertificateAuthority } from '../../dev/control-plane/certificates.ts';
import { Redactor } from '../../src/lib/redact.ts';
import { type RunningCommand, runCommand } from '../command.ts';
import { kubeconfig, type Material } from './cases.ts';
import { openOurs } from './our-client.ts';
import { type Seen, startRecorder } from './recorder.ts';

let authority: CertificateAuthority;

beforeAll(async () => {
  authority = await createCertificateAuthority('exec test');
});

/** A client whose plugin prints the statuses one after the other, one a run, and the last one again. */
async function usePlugin(statuses: readonly object[], accepts?: (seen: Seen) => boolean) {
  const directory = await mkdtemp(join(tmpdir(), 'pks-exec-'));
  onTestFinished(() => rm(directory, { recursive: true, force: true }));
  const recorder = await startRecorder(authority, accepts);
  const apiVersion = 'client.authentication.k8s.io/v1';
  for (const [index, status] of statuses.entries())
    await writeFile(join(directory, `${index + 1}`), JSON.stringify({ apiVersion, kind: 'ExecCredential', status }));
  await writeFile(
    join(directory, 'plugin'),
    `#!/bin/sh
cd "$(dirname "$0")"
echo run >> runs
runs=$(wc -l < runs)
test -e $runs || runs=${statuses.length}
cat $runs
`,
  );
  await chmod(join(directory, 'plugin'), 0o755);
  await appendFile(join(directory, 'runs'), '');
  const server = `https://127.0.0.1:${recorder.port}`;
  const material: Material = { server, authority, certificate: '', key: '', otherKey: '', proxy: '' };
  const file = join(directory, 'kubeconfig');
  const exec = { apiVersion, command: './plugin', interactiveMode: 'Never' };
  await writeFile(file, kubeconfig(material, { exec }));
  const redactor = new Redactor();
  const client = await openOurs({ file }, redactor);
  return {
    recorder,
    redactor,
    get: () => client.call({ method: 'GET', path: '/version', signal: AbortSignal.timeout(20_000) }),
    runs: async () => (await readFile(join(directory, 'runs'), 'utf8')).split('\n').length - 1,
  };
}

const past = new Date(Date.now() - 60_000).toISOString();
const future = new Date(Date.now() + 3_600_000).toISOString();

describe('a plugin is run again', () => {
  test('when its token has expired, once for many requests at once, and each token is hidden', async () => {
    const { get, runs, recorder, redactor } = await usePlugin([
      { token: 'the-first-token', expirationTimestamp: past },
      { token: 'the-second-token', expirationTimestamp: future },
    ]);
    await Promise.all([get(), get(), get()]);
    await get();
    expect(new Set(recorder.seen.map(({ authorization }) => authorization))).toEqual(
      new Set(['Bearer the-second-token']),
    );
    expect(await runs()).toBe(2);
    expect(redactor.redact('the-first-token the-second-token')).toBe('[redacted] [redacted]');
  });

  test('when its token is refused, and the request is sent again with the new one', async () => {
    const { get, runs, recorder } = await usePlugin([{ token: 'revoked' }, { token: 'good' }], ({ authorization }) =>
      (authorization ?? '').endsWith('good'),
    );
    await get();
    expect(recorder.seen.map(({ authorization }) => authorization)).toEqual(['Bearer revoked', 'Bearer good']);
    expect(await runs()).toBe(2);
  });

  test('once, where what it gives is refused again', async () => {
    const { get, runs } = await usePlugin([{ token: 'a' }, { token: 'b' }, { token: 'c' }], () => false);
    await expect(get()).rejects.toThrow(/does not accept our credentials \(401\)/);
    expect(await runs()).toBe(2);
  });

  test('when its client certificate has expired, and new connections show the new one', async () => {
    const certificates = await Promise.all(['kim-1', 'kim-2'].map((commonName) => authority.issue({ commonName })));
    const statuses = certificates.map(({ certificate, key }, index) => ({
      clientCertificateData: certificate,
      clientKeyData: key,
      expirationTimestamp: index === 0 ? past : future,
    }));
    const { get, recorder } = await usePlugin(statuses);
    await Promise.all([get(), get()]);
    await get();
    expect(recorder.seen.map(({ certificate }) => certificate)).toEqual(['kim-2', 'kim-2', 'kim-2']);
  });
});

describe('what a plugin says', () => {
  async function statusWith(exec: object, script?: string, onStart?: (running: RunningCommand) => void) {
    const directory = await mkdtemp(join(tmpdir(), 'pks-exec-'));
    onTestFinished(() => rm(directory, { recursive: true, force: true }));
    const file = join(directory, 'a:kubeconfig');
    const server = 'https://127.0.0.1:1';
    const material: Material = { server, authority, certificate: '', key: '', otherKey: '', proxy: '' };
    const apiVersion = 'client.authentication.k8s.io/v1';
    await writeFile(file, kubeconfig(material, { exec: { apiVersion, interactiveMode: 'Never', ...exec } }));
    if (script !== undefined) {
      await writeFile(join(directory, 'plugin'), `#!/bin/sh\n${script}\n`);
      await chmod(join(directory, 'plugin'), 0o755);
    }
    return runCommand(['status', '--kubeconfig', file], onStart === undefined ? {} : { onStart });
  }

  test('on stderr reaches whoever runs the command, and that it failed is said', async () => {
    const { exitCode, stderr } = await statusWith(
      { command: './plugin' },
      'echo "log in first: run pks login" >&2; exit 7',
    );
    expect(exitCode).toBe(2);
    expect(stderr).toMatch(
      /^log in first: run pks login\ncredentials-updater: the credential plugin \S+\/plugin of \S+\/a:kubeconfig failed with exit code 7/,
    );
  });

  test('is not waited for once the command is stopped, nor is what the plugin has started', async () => {
    const script = 'echo "open the browser" >&2; sleep 30 2>/dev/null; echo too late';
    let stoppedAt = Number.POSITIVE_INFINITY;
    const { exitCode } = await statusWith({ command: './plugin' }, script, (running) => {
      void running.printed(/open the browser/).then(() => {
        stoppedAt = performance.now();
        running.kill('SIGTERM');
      });
    });
    expect(exitCode).toBe(143);
    expect(performance.now() - stoppedAt).toBeLessThan(15_000);
  });

  test('of how to install it is the hint where it is not there', async () => {
    const { exitCode, stderr } = await statusWith({
      command: 'pks-no-such-plugin',
      installHint: 'brew install pks\u001b[31m',
    });
    expect(exitCode).toBe(2);
    expect(stderr).toContain('the credential plugin pks-no-such-plugin of');
    expect(stderr).toContain('is not installed; what to do: brew install pks\\u{1b}[31m');
  });
});
