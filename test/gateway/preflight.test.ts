/** preflight where a gateway is deployed: what holds it, who else could make devices, its rights, certificate, provider. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { z } from 'zod';
import { createCertificateAuthority } from '../../dev/control-plane/certificates.ts';
import { freePort } from '../../dev/control-plane/daemon.ts';
import { runCommand } from '../command.ts';
import { type GatewayLab, startLab, systemNamespace, usersNamespace } from './lab.ts';

let lab: GatewayLab;
const settings = () => ({
  GATEWAY_ADDRESS: lab.origin,
  OIDC_ISSUER: lab.provider.issuer.href,
  OIDC_CLIENT_ID: 'gateway',
});

beforeAll(async () => {
  lab = await startLab();
  await lab.addMember('kim');
  await lab.startGateway();
});
afterAll(async () => {
  await lab[Symbol.asyncDispose]();
});

const kubectl = async (args: readonly string[], input?: string) => {
  const { exitCode, stderr } = await lab.controlPlane.kubectl(args, input === undefined ? {} : { input });
  if (exitCode !== 0) throw new Error(stderr);
};
const apply = (object: object) => kubectl(['apply', '-f', '-'], JSON.stringify(object));
const configure = (data: Readonly<Record<string, string>>) =>
  apply({
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: 'credentials-updater-gateway', namespace: systemNamespace },
    data,
  });
const certify = (certificate: string) =>
  apply({
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: 'credentials-updater-gateway-tls', namespace: systemNamespace },
    stringData: { 'tls.crt': certificate, 'tls.key': 'x' },
  });
const ownCertificate = () => readFile(join(lab.controlPlane.directory, 'gateway', 'tls.crt'), 'utf8');
const deploy = async () => {
  await configure(settings());
  await certify(await ownCertificate());
};

const reportSchema = z.object({
  checks: z.array(
    z.object({
      check: z.string(),
      status: z.string(),
      findings: z.array(
        z.object({
          status: z.string(),
          message: z.string(),
          fixes: z.array(z.object({ command: z.string() })),
        }),
      ),
    }),
  ),
});

async function check(name = 'gateway') {
  const { stdout } = await runCommand(['preflight', '-o', 'json'], {
    env: {
      KUBECONFIG: lab.controlPlane.kubeconfig,
      POOLC_API_KEY_FILE: '',
      NODE_EXTRA_CA_CERTS: join(lab.controlPlane.directory, 'gateway', 'ca.crt'),
    },
  });
  const found = reportSchema.parse(JSON.parse(stdout)).checks.find((each) => each.check === name);
  if (found === undefined) throw new Error(`There is no check ${name}: ${stdout}`);
  return {
    status: found.status,
    text: found.findings.map(({ message }) => message).join('\n'),
    findings: found.findings,
  };
}

test('asks for nothing where there is no gateway', async () => {
  expect(await check()).toMatchObject({ status: 'ok', text: expect.stringContaining('no gateway is deployed') });
});

test('finds nothing wrong with a gateway as it is shipped, which is also no stranger who mints tokens', async () => {
  await deploy();
  expect(await check()).toMatchObject({
    status: 'ok',
    text: expect.stringContaining('nobody but the gateway can make'),
  });
  expect((await check('minters')).text).not.toContain('credentials-updater-gateway');
});

test('fails where the policy only audits, and names who could make a device', async () => {
  await deploy();
  const binding = 'validatingadmissionpolicybinding/credentials-updater-devices';
  await kubectl(['patch', binding, '--type=merge', '-p', '{"spec":{"validationActions":["Audit"]}}']);
  onTestFinished(() => kubectl(['apply', '-f', 'deploy/gateway/policy.yaml']));
  await kubectl(['create', 'rolebinding', 'bob', '-n', usersNamespace, '--clusterrole=edit', '--user=bob']);
  onTestFinished(() => kubectl(['delete', 'rolebinding', 'bob', '-n', usersNamespace]));
  const { status, text, findings } = await check();
  expect(status).toBe('failed');
  expect(text).toMatch(/credentials-updater-devices only audits \(Audit\): whoever may write a Secret .*: User bob$/);
  expect(findings[0]?.fixes[0]?.command).toMatch(/apply -f deploy\/gateway\/policy.yaml$/);
  expect((await check('minters')).text).toContain('credentials-updater-gateway can act as any member');
});

test('fails where the policy holds in another namespace than the accounts’, which it finds by trying', async () => {
  await deploy();
  const selector = { matchLabels: { 'kubernetes.io/metadata.name': 'elsewhere' } };
  const patch = JSON.stringify({ spec: { matchConstraints: { namespaceSelector: selector } } });
  await kubectl(['patch', 'validatingadmissionpolicy/credentials-updater-devices', '--type=merge', '-p', patch]);
  onTestFinished(async () => {
    await kubectl(['apply', '-f', 'deploy/gateway/policy.yaml']);
    // A policy takes a moment to come into force.
    await expect.poll(async () => (await check()).status, { timeout: 60_000 }).toBe('ok');
  });
  await expect
    .poll(() => check(), { timeout: 60_000 })
    .toMatchObject({
      status: 'failed',
      text: expect.stringMatching(/does not hold in poolc-users: whoever may write/),
    });
});

test('warns of those who could take the policy away first', async () => {
  await deploy();
  await kubectl(['create', 'clusterrole', 'policies', '--verb=*', '--resource=validatingadmissionpolicies,secrets']);
  await kubectl(['create', 'clusterrolebinding', 'policies', '--clusterrole=policies', '--user=mallory']);
  onTestFinished(() => kubectl(['delete', 'clusterrole/policies', 'clusterrolebinding/policies']));
  expect(await check()).toMatchObject({
    status: 'warning',
    text: expect.stringMatching(/^User mallory may write Secrets and change the policy .* can become any member$/),
  });
});

test('fails for a right that is missing, and for one beyond', async () => {
  await deploy();
  await kubectl([
    'create',
    'clusterrolebinding',
    'more',
    '--clusterrole=view',
    '--serviceaccount=poolc-system:credentials-updater-gateway',
  ]);
  onTestFinished(() => kubectl(['delete', 'clusterrolebinding', 'more']));
  const beyond = await check();
  expect(beyond.status).toBe('failed');
  expect(beyond.text).toMatch(
    /the gateway may .*, by ClusterRoleBinding more → ClusterRole view, which it does not use/,
  );
  await kubectl(['delete', 'rolebinding', 'credentials-updater-gateway', '-n', usersNamespace]);
  onTestFinished(() => kubectl(['apply', '-f', 'deploy/gateway/rbac.yaml']));
  expect((await check()).text).toMatch(/the gateway may not .*create serviceaccounts\/token/);
});

test('fails for a certificate that is missing, not one, or for another name', async () => {
  await deploy();
  await kubectl(['delete', 'secret', 'credentials-updater-gateway-tls', '-n', systemNamespace]);
  expect(await check()).toMatchObject({ status: 'failed', text: expect.stringContaining('there is no certificate') });
  await certify('x');
  expect((await check()).text).toContain('is not a certificate');
  const authority = await createCertificateAuthority('preflight test');
  await certify((await authority.issue({ commonName: 'x', hosts: ['other.example.org'] })).certificate);
  expect((await check()).text).toContain('is not for localhost');
});

test.each<[string, (own: ReturnType<typeof settings>) => Promise<Record<string, string>>, string, RegExp]>([
  [
    'a provider that calls itself otherwise',
    async (own) => ({ ...own, OIDC_ISSUER: own.OIDC_ISSUER.replace('localhost', '127.0.0.1') }),
    'failed',
    /but the provider calls itself https:\/\/localhost:\d+.*no login is accepted/,
  ],
  [
    'an issuer where no provider is',
    async (own) => ({ ...own, OIDC_ISSUER: lab.origin }),
    'failed',
    /is not an OpenID Connect provider's configuration/,
  ],
  [
    'a client that the provider does not know',
    async (own) => ({ ...own, OIDC_CLIENT_ID: 'stranger' }),
    'failed',
    /refuses the client stranger with the redirect address https:\/\/localhost:\d+\/callback/,
  ],
  [
    'a redirect address that the provider does not know',
    async (own) => ({ ...own, GATEWAY_ADDRESS: own.GATEWAY_ADDRESS.replace('localhost', '127.0.0.1') }),
    'failed',
    /redirect address https:\/\/127.0.0.1:\d+\/callback .*register that address there/,
  ],
  [
    'a gateway that does not answer',
    async (own) => ({ ...own, GATEWAY_ADDRESS: `https://localhost:${await freePort()}` }),
    'failed',
    /the gateway does not answer from here/,
  ],
  [
    'no address',
    async ({ OIDC_ISSUER, OIDC_CLIENT_ID }) => ({ OIDC_ISSUER, OIDC_CLIENT_ID }),
    'failed',
    /GATEWAY_ADDRESS .* is missing/,
  ],
])('says what is wrong with %s', async (_, change, status, why) => {
  await deploy();
  await configure(await change(settings()));
  const found = await check();
  expect(found.text).toMatch(why);
  expect(found.status).toBe(status);
});
