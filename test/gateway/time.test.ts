/** What time does to a gateway: codes and devices grow old, certificates are renewed. */
import { connect } from 'node:tls';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { GatewayContext } from '../../src/gateway/context.ts';
import { spendCode } from '../../src/gateway/sign-in/code.ts';
import { sweepDevices } from '../../src/gateway/sweep.ts';
import { systemClock } from '../../src/lib/clock.ts';
import { allDevices, consumeNonce, readDevice } from '../../src/registry/devices.ts';
import { openOurs } from '../kubeconfig/our-client.ts';
import { newOneTimeCode } from './enroll-command.ts';
import { type GatewayLab, type GatewayProcess, startLab, usersNamespace } from './lab.ts';
import { connectedDevice, renew } from './test-device.ts';

let lab: GatewayLab;
let gateway: GatewayProcess;
const hourMs = 3_600_000;
const dayMs = 24 * hourMs;
const hour = 3_600;
const { signal } = new AbortController();

beforeAll(async () => {
  lab = await startLab();
  await lab.addMember('kim');
  await lab.addMember('lee');
  gateway = await lab.startGateway();
});
afterAll(async () => {
  await lab[Symbol.asyncDispose]();
});

/** What a gateway works with, on an API server whose clock is this far ahead. */
async function gatewayIn(
  ms: number,
): Promise<Pick<GatewayContext, 'client' | 'namespace' | 'clock' | 'log' | 'origin'>> {
  const client = await openOurs({ file: await lab.gatewayKubeconfig() });
  // It says what the API server's last answer said.
  Object.defineProperty(client, 'serverTime', { value: Date.now() + ms });
  const quiet = () => undefined;
  const log = { debug: quiet, info: quiet, warn: quiet, error: quiet };
  return { client, namespace: usersNamespace, clock: systemClock, log, origin: lab.origin };
}

const codesLeft = async (): Promise<string> => {
  const codes = ['get', 'secrets', '-n', usersNamespace, '-o', 'name', '--field-selector'];
  return (await lab.controlPlane.kubectl([...codes, 'type=credentials-updater.poolc.org/enrolment-code'])).stdout;
};

describe('a one-time code', () => {
  test('is good for 24 hours, and then refused though nobody used it', async () => {
    const code = await newOneTimeCode(lab, 'kim');
    const spend = async (ms: number) => spendCode(await gatewayIn(ms), code, signal);
    await expect(spend(24 * hourMs + 5_000)).rejects.toMatchObject({ code: 'code_refused' });
    expect(await codesLeft()).toMatch(/^secret\/enrolment-code-/);
    expect(await spend(24 * hourMs - 60_000)).toMatchObject({ name: 'kim' });
    expect(await codesLeft()).toBe('');
  });

  test('that nobody used is removed after two days, and no sooner', async () => {
    await newOneTimeCode(lab, 'kim');
    await sweepDevices(await gatewayIn(47 * hourMs), hour, signal);
    expect(await codesLeft()).not.toBe('');
    await sweepDevices(await gatewayIn(49 * hourMs), hour, signal);
    expect(await codesLeft()).toBe('');
  });
});

describe('a device', () => {
  test('is removed when it was not used for 30 days, and no sooner', async () => {
    const { name } = await connectedDevice(lab, 'kim');
    await sweepDevices(await gatewayIn(29 * dayMs), hour, signal);
    const { client } = await gatewayIn(0);
    expect((await readDevice(client, usersNamespace, name, signal))?.name).toBe(name);
    await sweepDevices(await gatewayIn(31 * dayMs), hour, signal);
    expect(await readDevice(client, usersNamespace, name, signal)).toBeUndefined();
  });

  test('that is older than 180 days goes only when its last token has ended', async () => {
    const { name } = await connectedDevice(lab, 'lee');
    const { client } = await gatewayIn(0);
    const device = await readDevice(client, usersNamespace, name, signal);
    if (device === undefined) throw new Error('The device is gone');
    const lastUse = Date.now() + 179 * dayMs + 23 * hourMs;
    await consumeNonce(client, usersNamespace, device, { nonce: 'next', now: lastUse }, signal);
    await sweepDevices(await gatewayIn(180 * dayMs + hourMs / 2), hour, signal);
    expect((await allDevices(client, usersNamespace, signal)).devices.map((each) => each.name)).toContain(name);
    await sweepDevices(await gatewayIn(180 * dayMs + 2 * hourMs), hour, signal);
    expect(await readDevice(client, usersNamespace, name, signal)).toBeUndefined();
  });
});

test('a renewed certificate is taken up without a restart, and one that is half written is not', async () => {
  const shown = (): Promise<string> => {
    const { promise, resolve, reject } = Promise.withResolvers<string>();
    const port = Number(new URL(lab.origin).port);
    const socket = connect({ host: 'localhost', port, ca: lab.authority }, () => {
      resolve(socket.getPeerCertificate().fingerprint256);
      socket.destroy();
    });
    socket.on('error', reject);
    return promise;
  };
  const device = await connectedDevice(lab, 'kim', 'through it all');
  const first = await shown();
  await lab.replaceCertificate(['certificate']);
  await expect
    .poll(() => gateway.output(), { timeout: 60_000, interval: 500 })
    .toMatch(/the certificate in use stays: /);
  expect(await shown()).toBe(first);
  await lab.replaceCertificate();
  await expect.poll(shown, { timeout: 60_000, interval: 500 }).not.toBe(first);
  expect(gateway.output()).toMatch(/a renewed certificate is in use/);
  await renew(lab, device);
});
