/** secret, endpoint and directory. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { createCertificateAuthority } from '../../../dev/control-plane/certificates.ts';
import type { Fault } from '../../../dev/fault-proxy/index.ts';
import { startFaultProxy } from '../../../dev/fault-proxy/index.ts';
import { type PoolcApi, startPoolcApi } from '../../../dev/poolc-api/index.ts';
import { type Desk, expectFoundAndMended, type Report, said } from '../desk.ts';

const system = ['-n', 'poolc-system'];
const secret = 'credentials-updater-secret';

export function describeKeyAndDirectory(deskOf: () => Desk): void {
  describeSecret(deskOf);
  describeEndpoint(deskOf);
  describeDirectory(deskOf);
}

function describeSecret(deskOf: () => Desk): void {
  const replaceKey = async (name: string, content: string) => {
    const { kubectl, directory } = deskOf();
    const file = join(directory, 'other-key');
    await writeFile(file, content);
    await kubectl(...system, 'delete', 'secret', secret);
    await kubectl(...system, 'create', 'secret', 'generic', secret, `--from-file=${name}=${file}`);
  };
  const unasked = { directory: 'unknown', names: 'unknown' } as const;

  it.each([
    ['it is empty', 'API_KEY', '\n', /API_KEY of the Secret credentials-updater-secret in poolc-system is empty/],
    ['the key has another name', 'api-key', 'x', /has no key API_KEY \(it has api-key\)/],
    ['it holds more than the key', 'API_KEY', 'one\ntwo\n', /characters that no HTTP header can carry/],
  ])('secret fails where %s', async (_, name, content, says) => {
    await replaceKey(name, content);
    await expectFoundAndMended(deskOf(), { finds: { secret: 'failed', ...unasked }, says });
  });

  it('directory fails where the key is a wrong one, which the PoolC API answers with 400', async () => {
    await replaceKey('API_KEY', 'a-key-of-last-year');
    await expectFoundAndMended(deskOf(), {
      finds: { directory: 'failed', names: 'unknown' },
      says: /was refused \(400\): Invalid API key: .*a wrong API key is answered \(the Secret credentials-updater-secret\)/,
    });
  });

  it('secret warns where the key that is given here is another than the one of the Secret', async () => {
    const { directory, preflight } = deskOf();
    const file = join(directory, 'given-key');
    await writeFile(file, 'another-one');
    const report = await preflight(['--poolc-api-key-file', file]);
    expect(said(report, 'secret')).toEqual({
      status: 'warning',
      text: expect.stringContaining(`holds another key than ${file}`),
    });
    expect(said(report, 'directory')).toEqual({ status: 'failed', text: expect.stringContaining(file) });
  });
}

function describeEndpoint(deskOf: () => Desk): void {
  /** Changes the ConfigMap that the CronJob takes its settings from. */
  const setEndpoint = (address: string) =>
    deskOf().kubectl(
      ...system,
      'patch',
      'configmap/credentials-updater-cm',
      '--type=merge',
      `--patch=${JSON.stringify({ data: { POOLC_API_ENDPOINT: address } })}`,
    );

  it('fails where nobody knows the authority of the certificate, until the CronJob is told', async () => {
    const { directory, kubectl, shell } = deskOf();
    const { api, authority } = await startOverTls(deskOf(), ['127.0.0.1']);
    await setEndpoint(api.url);
    await writeFile(join(directory, 'ca.crt'), authority);
    await expectFoundAndMended(deskOf(), {
      finds: { endpoint: 'failed', directory: 'failed', names: 'unknown' },
      says: /the certificate of 127\.0\.0\.1:\d+ can't be trusted: its authority is unknown here/,
    });
    // Applied again, the manifest that ships it empty leaves it as it is.
    await shell('kubectl apply -k deploy/overlays/production');
    const trusted = await kubectl(
      ...system,
      'get',
      'configmap/credentials-updater-ca',
      '-o',
      'jsonpath={.data.ca\\.crt}',
    );
    expect(trusted).toBe(authority);
    await kubectl(...system, 'patch', 'configmap/credentials-updater-ca', '--type=merge', '-p', '{"data":null}');
  });

  it('fails where the certificate is for another host', async () => {
    const { directory, preflight } = deskOf();
    const { api, authority } = await startOverTls(deskOf(), ['www.example.org']);
    const authorities = join(directory, 'authorities.crt');
    await writeFile(authorities, authority);
    const report = await preflight([], {
      env: { POOLC_API_ENDPOINT: api.url, NODE_EXTRA_CA_CERTS: authorities },
    });
    expect(said(report, 'endpoint')).toEqual({
      status: 'failed',
      text: expect.stringMatching(/can't be trusted: it is for DNS:www\.example\.org/),
    });
  });

  it('fails where the CronJob would send the key in the clear', async () => {
    await setEndpoint('http://api.example.org');
    await expectFoundAndMended(deskOf(), {
      finds: { 'cron-job': 'failed', endpoint: 'failed', directory: 'unknown', names: 'unknown' },
      says: /plain http would send the API key and every token in the clear/,
    });
  });

  it('fails where the CronJob has no address', async () => {
    const patch = '[{"op":"remove","path":"/data/POOLC_API_ENDPOINT"}]';
    await deskOf().kubectl(...system, 'patch', 'configmap/credentials-updater-cm', '--type=json', '-p', patch);
    await expectFoundAndMended(deskOf(), {
      finds: { endpoint: 'failed', directory: 'unknown', names: 'unknown' },
      says: /POOLC_API_ENDPOINT is set neither here nor in the CronJob's ConfigMap/,
    });
  });

  it('fails where nothing listens at a secure address', async () => {
    const report = await deskOf().preflight(['--poolc-api-endpoint', 'https://127.0.0.1:1']);
    expect(said(report, 'endpoint')).toEqual({
      status: 'failed',
      text: expect.stringMatching(
        /127\.0\.0\.1:1 can't be reached from here: nothing listens there\. Is POOLC_API_ENDPOINT right/,
      ),
    });
  });
}

function describeDirectory(deskOf: () => Desk): void {
  const saidOf = async (address: string) => {
    const report: Report = await deskOf().preflight(['--poolc-api-endpoint', address]);
    expect(report.exitCode).toBe(1);
    expect(said(report, 'endpoint').text).toMatch(/^warning: tried below is .* the CronJob will use/);
    return said(report, 'directory');
  };

  it.each([
    [
      'leads nowhere',
      (url: string) => `${url}/somewhere/else`,
      /does not exist \(404\).*must be the address before \/kubernetes\//,
    ],
    ["is nobody's", () => 'http://127.0.0.1:1', /127\.0\.0\.1:1/],
  ])('says why there are no members where the address %s', async (_, address, text) => {
    expect(await saidOf(address(deskOf().api.url))).toEqual({ status: 'failed', text: expect.stringMatching(text) });
  });

  it('says where a redirect leads, and does not send the key after it', async () => {
    const { api } = await startOverTls(deskOf(), ['127.0.0.1']);
    expect(await saidOf(api.redirectUrl ?? '')).toEqual({
      status: 'failed',
      text: expect.stringMatching(/301, a redirect to https:.*redirects are not followed.*usually the one with https/),
    });
  });

  it.each<[string, Fault, RegExp]>([
    ['a page for people', { kind: 'wrong-content-type' }, /list of members is malformed: it is an HTML page, not JSON/],
    ['401', { kind: 'status', status: 401 }, /answered with 401: that is how a wrong API key is answered/],
    ['503', { kind: 'status', status: 503 }, /answered with 503.*the proxy in front of it is in trouble/],
    ['nobody at all', answering('{"activeMembers":[]}'), /there are no members at all: every sync will be refused/],
    ['half a list', answering('{"activeMembers":['), /not valid JSON \(\d+ bytes, cut off before its end\)/],
  ])('says so where the PoolC API answers with %s', async (_, fault, text) => {
    const { directory, api, preflight } = deskOf();
    const authority = await createCertificateAuthority('the wire');
    const authorities = join(directory, 'wire.crt');
    await writeFile(authorities, authority.certificate);
    const tls = await authority.issue({ commonName: 'fault-proxy', hosts: ['127.0.0.1'] });
    await using proxy = await startFaultProxy({ upstream: { url: api.url }, tls });
    proxy.addFault({ method: 'GET' }, fault);
    const report = await preflight([], { env: { POOLC_API_ENDPOINT: proxy.url, NODE_EXTRA_CA_CERTS: authorities } });
    expect(said(report, 'directory')).toEqual({ status: 'failed', text: expect.stringMatching(text) });
  });

  it('fails where there are fewer members than MIN_MEMBERS', async () => {
    const report = await deskOf().preflight(['--min-members', '4']);
    expect(said(report, 'directory')).toEqual({
      status: 'failed',
      text: 'failed: the directory has 3 members, fewer than MIN_MEMBERS=4: every sync will be refused',
    });
  });
}

const answering = (body: string): Fault => ({
  kind: 'rewrite',
  change: (answer) => ({ ...answer, body: Buffer.from(body) }),
});

/** A PoolC API over https, whose certificate is from an authority of its own. Goes when the test ends. */
async function startOverTls(
  { api: { apiKey } }: Desk,
  hosts: readonly string[],
): Promise<{ readonly api: PoolcApi; readonly authority: string }> {
  const authority = await createCertificateAuthority("the club's own");
  const { certificate, key } = await authority.issue({ commonName: 'PoolC', hosts });
  const api = await startPoolcApi({ apiKey, tls: { cert: certificate, key }, redirectPort: 0 });
  onTestFinished(() => api.close());
  for (const loginId of ['alice', 'bob', 'carol']) await api.addMember({ loginId });
  return { api, authority: authority.certificate };
}
