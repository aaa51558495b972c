/** One-time codes: an operator lets a device in, once, and nothing else that looks like a code does. */
import { Agent, request as send } from 'undici';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { z } from 'zod';
import { freePort } from '../../dev/control-plane/daemon.ts';
import { newDeviceKey } from '../../src/devices/device-key.ts';
import { newEnrolmentCode, signEnrolmentRequest } from '../../src/devices/enrolment-request.ts';
import { enrolledSchema, paths } from '../../src/devices/wire.ts';
import { runCommand } from '../command.ts';
import { newOneTimeCode, runEnroll } from './enroll-command.ts';
import { type GatewayLab, type GatewayProcess, startLab, systemNamespace, usersNamespace } from './lab.ts';
import { codeOf, connectedDevice, renew, type TestDevice } from './test-device.ts';

let lab: GatewayLab;
let gateway: GatewayProcess;
const secretSchema = z.object({ metadata: z.object({ name: z.string(), uid: z.string() }), type: z.string() });
const codeType = 'credentials-updater.poolc.org/enrolment-code';
const forgotten = { timeout: 40_000, interval: 500 };

beforeAll(async () => {
  lab = await startLab();
  await lab.addMember('kim');
  await lab.addMember('lee');
  gateway = await lab.startGateway();
});
afterAll(async () => {
  await lab[Symbol.asyncDispose]();
});

const newCode = (member: string) => newOneTimeCode(lab, member);
const enroll = (...args: readonly string[]) => runEnroll(lab, args);

/** A device's request with this code, to the gateway at this port. */
async function enrol(
  code: string,
  { port = new URL(lab.origin).port, key }: { port?: string; key?: TestDevice['key'] } = {},
) {
  const ownKey = key ?? (await newDeviceKey());
  const device = { audience: lab.origin, name: 'robot', code: newEnrolmentCode() };
  const request = await signEnrolmentRequest(ownKey, device, Date.now());
  const dispatcher = new Agent({ connect: { ca: lab.authority } });
  try {
    const answer = await send(`https://localhost:${port}${paths.code}`, {
      method: 'POST',
      dispatcher,
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ request, code }),
    });
    return { status: answer.statusCode, body: JSON.parse(await answer.body.text()), key: ownKey };
  } finally {
    await dispatcher.close();
  }
}

async function secrets(type: string) {
  const { body } = await lab.controlPlane.request(
    'GET',
    `/api/v1/namespaces/${usersNamespace}/secrets?fieldSelector=${encodeURIComponent(`type=${type}`)}`,
  );
  return z
    .object({ items: z.array(secretSchema) })
    .parse(body)
    .items.map(({ metadata }) => metadata);
}

const onlyCode = async () => {
  const [code, ...others] = await secrets(codeType);
  if (code === undefined || others.length > 0) throw new Error(`There are ${others.length} codes besides one`);
  return code;
};

/** A token that an administrator asks for. */
async function mint(account: string, audiences: readonly string[], boundTo?: { name: string; uid: string }) {
  const { body } = await lab.controlPlane.request(
    'POST',
    `/api/v1/namespaces/${usersNamespace}/serviceaccounts/${account}/token`,
    {
      spec: {
        audiences,
        ...(boundTo === undefined ? {} : { boundObjectRef: { apiVersion: 'v1', kind: 'Secret', ...boundTo } }),
      },
    },
  );
  return z.object({ status: z.object({ token: z.string() }) }).parse(body).status.token;
}

test('a code connects one device, whose tokens are the member’s, and is spent', async () => {
  const code = await newCode('kim');
  const { status, body, key } = await enrol(code);
  expect({ status, body }).toEqual({ status: 200, body: expect.objectContaining({ account: 'kim' }) });
  expect(await secrets(codeType)).toEqual([]);
  const { device, nonce } = enrolledSchema.parse(body);
  const { token } = await renew(lab, { key, name: device, nonce });
  const kubeconfig = await lab.controlPlane.kubeconfigFor({ token });
  const args = ['auth', 'whoami', '-o', 'jsonpath={.status.userInfo.username}'];
  const { stdout } = await lab.controlPlane.kubectl(args, { kubeconfig });
  expect(stdout).toBe(`system:serviceaccount:${usersNamespace}:kim`);
  const again = await enrol(code);
  expect({ ...again, body: codeOf(again.body) }).toMatchObject({ status: 403, body: 'code_refused' });
  for (const text of [gateway.output(), JSON.stringify(again.body)]) expect(text).not.toContain(code.split('.')[2]);
});

test('the API server takes a code from nobody', async () => {
  const kubeconfig = await lab.controlPlane.kubeconfigFor({ token: await newCode('kim') });
  expect((await lab.controlPlane.kubectl(['auth', 'whoami'], { kubeconfig })).stderr).toMatch(/Unauthorized|logged in/);
  await withdrawAll();
});

test('of twenty at once, at two replicas, one gets a device', async () => {
  const other = String(await freePort());
  const env = { GATEWAY_PORT: other, HEALTH_PORT: String(await freePort()), METRICS_PORT: String(await freePort()) };
  const second = await lab.startGateway({ env });
  onTestFinished(() => second.kill('SIGKILL'));
  const code = await newCode('lee');
  const before = await secrets('credentials-updater.poolc.org/device');
  const answers = await Promise.all(
    Array.from({ length: 20 }, (_, index) => enrol(code, index % 2 === 0 ? {} : { port: other })),
  );
  expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
  const refused = answers.filter(({ status }) => status !== 200);
  expect(refused.map(({ body }) => codeOf(body))).toEqual(refused.map(() => 'code_refused'));
  expect(await secrets('credentials-updater.poolc.org/device')).toHaveLength(before.length + 1);
});

/** Codes that are left over are no other test's. */
async function withdrawAll(): Promise<void> {
  await lab.controlPlane.kubectl(['delete', 'secrets', '-n', usersNamespace, `--field-selector=type=${codeType}`]);
}

describe('no device comes of', () => {
  test.each<[string, () => Promise<string>]>([
    [
      'a token of the API server’s audience, though it is bound to a code',
      async () => mint('kim', [], await onlyCode()),
    ],
    [
      'a token for the API server and the gateway',
      async () => {
        const both = [lab.origin, 'https://kubernetes.default.svc.cluster.local'];
        return mint('kim', both, await onlyCode());
      },
    ],
    ['a code for another gateway', async () => mint('kim', ['https://other.example.org'], await onlyCode())],
    ['a token for the gateway that is bound to nothing', () => mint('kim', [lab.origin])],
    ['a token of another member that is bound to this code', async () => mint('lee', [lab.origin], await onlyCode())],
    [
      'a code whose signature was changed',
      async () => {
        const token = await mint('kim', [lab.origin], await onlyCode());
        const [head, body, signature = ''] = token.split('.');
        return `${head}.${body}.${signature.startsWith('A') ? 'B' : 'A'}${signature.slice(1)}`;
      },
    ],
    [
      'a code that names another member in its claims',
      async () => {
        const [head, body = '', signature] = (await mint('kim', [lab.origin], await onlyCode())).split('.');
        const claims = Buffer.from(body, 'base64url').toString().replaceAll('kim', 'lee');
        return `${head}.${Buffer.from(claims).toString('base64url')}.${signature}`;
      },
    ],
    ['something that is no token', async () => 'x'.repeat(200)],
  ])('%s', async (_, token) => {
    await newCode('kim');
    onTestFinished(withdrawAll);
    const before = await secrets('credentials-updater.poolc.org/device');
    const answer = await enrol(await token());
    expect({ ...answer, body: codeOf(answer.body) }).toMatchObject({ status: 403, body: 'code_refused' });
    // And the code is still good for whom it is for.
    await onlyCode();
    expect(await secrets('credentials-updater.poolc.org/device')).toEqual(before);
  });

  test('a token for the gateway that is bound to a device, which stays', async () => {
    const device = await connectedDevice(lab, 'kim', 'mine');
    const secret = (await secrets('credentials-updater.poolc.org/device')).find(({ name }) => name === device.name);
    if (secret === undefined) throw new Error('The device has no Secret');
    const answer = await enrol(await mint('kim', [lab.origin], secret));
    expect(codeOf(answer.body)).toBe('code_refused');
    await renew(lab, device);
  });

  test('a code whose Secret can not be deleted at once', async () => {
    const code = await newCode('kim');
    const { name } = await onlyCode();
    const finalizers = (value: readonly string[]) =>
      lab.controlPlane.kubectl([
        'patch',
        'secret',
        name,
        '-n',
        usersNamespace,
        '--type=merge',
        '-p',
        JSON.stringify({ metadata: { finalizers: value } }),
      ]);
    await finalizers(['example.org/stays']);
    for (let time = 0; time < 2; time++) expect(codeOf((await enrol(code)).body)).toBe('code_refused');
    await finalizers([]);
    await withdrawAll();
  });

  test('a code that was withdrawn', async () => {
    const code = await newCode('kim');
    await withdrawAll();
    expect(codeOf((await enrol(code)).body)).toBe('code_refused');
  });

  test('a code of a member who left, also when a namesake has come', async () => {
    await lab.addMember('park');
    const code = await newCode('park');
    await lab.removeMember('park');
    await expect.poll(async () => codeOf((await enrol(code)).body), forgotten).toMatch(/account_gone|code_refused/);
    await lab.addMember('park');
    expect(codeOf((await enrol(code)).body)).toMatch(/account_gone|code_refused/);
    await withdrawAll();
  });
});

test('a member with ten devices keeps the code', async () => {
  const { uid } = await lab.addMember('cho');
  onTestFinished(withdrawAll);
  for (let index = 0; index < 10; index++) expect((await enrol(await newCode('cho'))).status).toBe(200);
  const code = await newCode('cho');
  expect(codeOf((await enrol(code)).body)).toBe('too_many_devices');
  await onlyCode();
  await runCommand(['revoke', '--device', `device-${uid}-4`, '--yes'], {
    env: { KUBECONFIG: lab.controlPlane.kubeconfig },
  });
  expect((await enrol(code)).status).toBe(200);
});

describe('enroll', () => {
  test('prints the code alone on stdout, and on stderr what it is, how to use it and how to withdraw it', async () => {
    const { stdout, stderr } = await enroll('kim', '--gateway', `${lab.origin}/`);
    onTestFinished(withdrawAll);
    expect(stdout).toMatch(/^[\w-]+\.[\w-]+\.[\w-]+\n$/);
    expect(stderr).not.toContain(stdout.trim());
    expect(stderr).toMatch(/This code connects one device of kim, once, until \d{4}-/);
    expect(stderr).toContain(`\ncredentials-updater login ${lab.origin} --code-file -\n`);
    const withdraw = /kubectl .*(secret\/enrolment-code-\S+)/.exec(stderr)?.[1];
    expect(withdraw).toBe(`secret/${(await onlyCode()).name}`);
    const claims = JSON.parse(Buffer.from(stdout.split('.')[1] ?? '', 'base64url').toString());
    expect(claims).toMatchObject({ aud: [lab.origin], exp: claims.iat + 86_400 });
  });

  test('takes the gateway’s address from deploy/gateway’s ConfigMap, and says what is missing without', async () => {
    const without = await enroll('kim');
    expect(without).toMatchObject({ exitCode: 2, stdout: '' });
    expect(without.stderr).toMatch(/no ConfigMap poolc-system\/credentials-updater-gateway.*--gateway https/s);
    await lab.controlPlane.request('POST', `/api/v1/namespaces/${systemNamespace}/configmaps`, {
      metadata: { name: 'credentials-updater-gateway' },
      data: { GATEWAY_ADDRESS: lab.origin },
    });
    onTestFinished(withdrawAll);
    expect((await enrol((await enroll('kim')).stdout.trim())).status).toBe(200);
  });

  test.each([
    ['nobody', ['stranger', '--gateway', 'https://login.example.org'], /stranger is unknown/],
    ['an address in the clear', ['kim', '--gateway', 'http://login.example.org'], /--gateway.*https/s],
  ])('makes no code for %s', async (_, args, why) => {
    const { exitCode, stdout, stderr } = await enroll(...args);
    expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: '' });
    expect(stderr).toMatch(why);
    expect(await secrets(codeType)).toEqual([]);
  });
});
