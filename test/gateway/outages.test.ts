/** What may break around a gateway. No device that is in use loses the token that it holds, and each goes on afterwards. */
import { setTimeout as sleep } from 'node:timers/promises';
import { Agent, request } from 'undici';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { freePort } from '../../dev/control-plane/daemon.ts';
import { openBrowser } from '../../dev/gateway/browser.ts';
import { paths } from '../../src/devices/wire.ts';
import { type GatewayLab, type GatewayProcess, startLab } from './lab.ts';
import { assertionOf, codeOf, connectedDevice, renew, type TestDevice } from './test-device.ts';

let lab: GatewayLab;
let gateway: GatewayProcess;
let device: TestDevice;
let dispatcher: Agent;

beforeAll(async () => {
  lab = await startLab();
  await lab.addMember('kim');
  gateway = await lab.startGateway();
  device = await connectedDevice(lab, 'kim');
  dispatcher = new Agent({ connect: { ca: lab.authority } });
});
afterAll(async () => {
  await dispatcher.close();
  await lab[Symbol.asyncDispose]();
});

async function isAccepted(token: string): Promise<boolean> {
  const { statusCode, body } = await request(`${lab.controlPlane.server}/api`, {
    dispatcher: new Agent({ connect: { ca: lab.controlPlane.certificateAuthority } }),
    headers: { authorization: `Bearer ${token}` },
  });
  await body.dump();
  return statusCode === 200;
}

/** As the plugin does: where nothing answers or the gateway says "later", once more; where it says another nonce, with it. */
async function renewPatiently(): Promise<string> {
  for (let attempt = 0; attempt < 100; attempt++) {
    try {
      return (await renew(lab, device)).token;
    } catch (error) {
      const told = /"error":"use_nonce".*"nonce":"([^"]+)"/.exec(String(error))?.[1];
      if (told !== undefined) device.nonce = told;
      else await sleep(200);
    }
  }
  throw new Error('The device got no token in 100 attempts');
}

test('a gateway is killed again and again, and no token that it gave is lost', async () => {
  const tokens = [await renewPatiently()];
  for (let kill = 0; kill < 5; kill++) {
    const renewing = renewPatiently();
    await sleep(kill * 7);
    gateway.kill('SIGKILL');
    await gateway.ended;
    gateway = await lab.startGateway();
    tokens.push(await renewing);
    expect(await Promise.all(tokens.map(isAccepted))).toEqual(tokens.map(() => true));
  }
});

test('of two replicas that one device asks at once, each request gets a token or the nonce for the next', async () => {
  const port = await freePort();
  const ports = { HEALTH_PORT: String(await freePort()), METRICS_PORT: String(await freePort()) };
  const second = await lab.startGateway({ env: { GATEWAY_PORT: String(port), ...ports } });
  for (let round = 0; round < 5; round++) {
    const assertion = await assertionOf(lab, device, paths.token);
    const answers = await Promise.all(
      [lab.origin, `https://localhost:${port}`].map(async (origin) => {
        const { statusCode, body } = await request(`${origin}${paths.token}`, {
          method: 'POST',
          dispatcher,
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify({ assertion }),
        });
        return { status: statusCode, body: await body.json() };
      }),
    );
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200, 401]));
    expect(codeOf(answers.find(({ status }) => status === 401)?.body)).toBe('use_nonce');
    await renewPatiently();
  }
  second.kill('SIGTERM');
  expect(await second.ended).toBe(0);
});

test('while the API server is away the gateway says so, and the token at hand goes on afterwards', async () => {
  const token = await renewPatiently();
  await lab.controlPlane.stopApiServer({ abruptly: true });
  const { status, body } = await lab.post(paths.token, { assertion: await assertionOf(lab, device, paths.token) });
  expect({ status, code: codeOf(body) }).toEqual({ status: 503, code: 'unavailable' });
  await lab.controlPlane.startApiServer();
  expect(await isAccepted(token)).toBe(true);
  expect(await isAccepted(await renewPatiently())).toBe(true);
});

test('while the provider is away devices renew, and who wants to log in is told', async () => {
  await lab.provider.stop();
  expect(await isAccepted(await renewPatiently())).toBe(true);
  const restarted = await lab.startGateway({
    env: {
      GATEWAY_PORT: String(await freePort()),
      HEALTH_PORT: String(await freePort()),
      METRICS_PORT: String(await freePort()),
    },
  });
  restarted.kill('SIGTERM');
  expect(await restarted.ended).toBe(0);
  const browser = openBrowser(lab.authority);
  const page = await browser.get(`${lab.origin}/login`);
  expect([page.status, page.url.origin]).not.toEqual([200, lab.origin]);
  await browser.close();
});
