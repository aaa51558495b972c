/** Every kubeconfig below is read by the real kubectl and by this program, against the same server: both send the same. */
import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { beforeAll, describe, expect, inject, onTestFinished, test } from 'vitest';
import { startConnectProxy } from '../../dev/connect-proxy.ts';
import { type CertificateAuthority, createCertificateAuthority } from '../../dev/control-plane/certificates.ts';
import { type ClusterAccess, connectCluster } from '../../dev/control-plane/index.ts';
import { proxyFor } from '../../src/http/proxy.ts';
import { Failure } from '../../src/lib/failure.ts';
import { type Case, kubeconfig, type Material, sameRefusals, sameRequests } from './cases.ts';
import { openOurs, type Where } from './our-client.ts';
import { startRecorder } from './recorder.ts';

let authority: CertificateAuthority;
let cluster: ClusterAccess;
let kim: { readonly certificate: string; readonly key: string };
let otherKey: string;

beforeAll(async () => {
  authority = await createCertificateAuthority('kubeconfig test');
  cluster = await connectCluster(inject('cluster'));
  kim = await authority.issue({ commonName: 'kim' });
  otherKey = (await authority.issue({ commonName: 'other' })).key;
});

/** The kubeconfig of a case on disk, and a server that writes down who came. */
async function lay(each: Case) {
  const directory = await mkdtemp(join(tmpdir(), 'pks-kubeconfig-'));
  onTestFinished(() => rm(directory, { recursive: true, force: true }));
  const recorder = await startRecorder(authority);
  const proxy = await startConnectProxy(() => ({ port: recorder.port }));
  onTestFinished(() => proxy.close());
  const server = `https://127.0.0.1:${recorder.port}`;
  const material: Material = { server, authority, ...kim, otherKey, proxy: proxy.url };
  for (const [name, content] of Object.entries(each.files ?? {})) {
    const file = join(directory, name);
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, typeof content === 'string' ? content : content(material));
    await chmod(file, 0o755);
  }
  const file = join(directory, each.name ?? 'kubeconfig');
  const content = each.text?.(material) ?? kubeconfig(material, each.user?.(material) ?? {}, each.cluster?.(material));
  await writeFile(file, content);
  const listed = each.list?.map((name) => join(directory, name)).join(delimiter);
  const where: Where = listed === undefined ? { file } : { kubeconfig: listed };
  return { where, recorder, proxy };
}

/** @returns what is wrong, or nothing */
async function askWithOurs(where: Where): Promise<string | undefined> {
  try {
    const client = await openOurs(where);
    await client.once({ method: 'GET', path: '/version', signal: AbortSignal.timeout(20_000) });
    return undefined;
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    return error.message;
  }
}

async function askWithKubectl(
  where: Where,
  more: readonly string[] = [],
  env: Record<string, string> = {},
): Promise<string | undefined> {
  const { exitCode, stderr } = await cluster.kubectl(
    [...('file' in where ? ['--kubeconfig', where.file] : []), ...more, 'get', '--raw', '/version'],
    { env: { ...env, ...('file' in where ? {} : { KUBECONFIG: where.kubeconfig }) } },
  );
  return exitCode === 0 ? undefined : stderr;
}

describe('as kubectl does, it sends with', () => {
  test.each(sameRequests.map((each) => [each.what, each] as const))('%s', async (_, each) => {
    const { where, recorder, proxy } = await lay(each);
    expect(await askWithKubectl(where)).toBeUndefined();
    const byKubectl = { seen: [...recorder.seen], proxied: [...proxy.asked] };
    recorder.forget();
    expect(await askWithOurs(where)).toBeUndefined();
    const proxied = proxy.asked.slice(byKubectl.proxied.length);
    // What a plugin was told is text in JSON, in an order of fields of its own.
    const readable = (seen: typeof recorder.seen) =>
      seen.map((one) => ({ ...one, authorization: told(one.authorization) }));
    expect({ seen: readable(recorder.seen), proxied }).toEqual({ ...byKubectl, seen: readable(byKubectl.seen) });
    expect(recorder.seen).toHaveLength(1);
  });
});

function told(authorization: string | undefined): unknown {
  const text = Buffer.from(authorization?.replace(/^Bearer /, '') ?? '', 'base64').toString('utf8');
  return text.startsWith('{') ? JSON.parse(text) : authorization;
}

describe('as kubectl does, it refuses, and sends nothing with', () => {
  test.each(sameRefusals.map((each) => [each.what, each] as const))('%s', async (_, each) => {
    const { where, recorder } = await lay(each);
    expect(await askWithKubectl(where)).toBeTypeOf('string');
    const message = await askWithOurs(where);
    expect(message).toBeTypeOf('string');
    expect(message).not.toMatch(/an unexpected error/);
    expect(message).toMatch(each.says ?? /./);
    expect(recorder.seen).toEqual([]);
  });
});

describe('as kubectl does, it asks the proxy of HTTPS_PROXY, where NO_PROXY is', () => {
  test.each([
    ['', 'api.pks.example'],
    ['pks.example', 'api.pks.example'],
    ['.pks.example', 'api.pks.example'],
    ['*.pks.example', 'api.pks.example'],
    ['api.pks.example', 'api.pks.example'],
    ['.api.pks.example', 'api.pks.example'],
    ['PKS.Example', 'api.pks.example'],
    ['pks.example:6443', 'api.pks.example'],
    ['pks.example:443', 'api.pks.example'],
    ['other.example, api.pks.example', 'api.pks.example'],
    ['*', 'api.pks.example'],
    ['192.0.2.0/24', '192.0.2.7'],
    ['192.0.2.0/29', '192.0.2.9'],
    ['192.0.2.7', '192.0.2.7'],
    ['192.0.2.7:443', '192.0.2.7'],
    ['192.0.2', '192.0.2.7'],
    ['', '127.0.0.1'],
    ['', 'localhost'],
  ])('"%s", for %s', async (NO_PROXY, host) => {
    const server = `https://${host}:6443`;
    const { where, proxy } = await lay({ what: 'a host', cluster: () => ({ server }), user: () => ({ token: 't1' }) });
    const env = { HTTPS_PROXY: proxy.url, NO_PROXY };
    await askWithKubectl(where, ['--request-timeout=2s'], env);
    expect(proxyFor(new URL(server), env) !== undefined).toBe(proxy.asked.length > 0);
  });
});
