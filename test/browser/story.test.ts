/**
 * A member's semester with a gateway: a real Chromium, the real kubectl with the shipped plugin, two replicas. With
 * PKS_GATEWAY_LIFETIMES=3 the member works on for three lifetimes of a token, ten minutes each, while things break; one
 * part of `npm run test:parts` does so.
 */
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { freePort } from '../../dev/control-plane/daemon.ts';
import { type Computer, newComputer, startLogin } from '../../dev/gateway/computer.ts';
import { type GatewayLab, type GatewayProcess, startLab, usersNamespace } from '../gateway/lab.ts';
import { logInAtProvider, openChromium, visitorOf } from './chromium.ts';

const plugin = join(import.meta.dirname, '../../dist/member/credentials-updater-member.mjs');
const lifetimes = Number(process.env['PKS_GATEWAY_LIFETIMES'] ?? '0');
const lifetimeMs = 600_000;
const env = { GATEWAY_TOKEN_LIFETIME: '10m' };
const whoAmI = ['kubectl', 'auth', 'whoami', '-o', 'jsonpath={.status.userInfo.username}'];
const asKim = { exitCode: 0, text: `system:serviceaccount:${usersNamespace}:kim` };
/** The API server remembers for 10 s that a token was good. */
const forgotten = { timeout: 60_000, interval: 1_000 };

let lab: GatewayLab;
let browser: Browser;
let gateway: GatewayProcess;
/** Each that has run, the one that runs last. */
const gateways: GatewayProcess[] = [];

async function startNext(): Promise<void> {
  gateway = await lab.startGateway({ env });
  gateways.push(gateway);
}

beforeAll(async () => {
  lab = await startLab();
  await lab.addMember('kim');
  await startNext();
  browser = await openChromium();
});
afterAll(async () => {
  await browser.close();
  await lab[Symbol.asyncDispose]();
});

/** The member opens the link in their browser, logs in there, compares the key and types the code. */
async function connect(computer: Computer, name: string): Promise<void> {
  const { link, code, ended } = await startLogin(computer, [
    'credentials-updater',
    'login',
    lab.origin,
    '--device-name',
    name,
  ]);
  await using visitor = await visitorOf(browser, lab.origin, { locale: 'ko-KR' });
  const { page } = visitor;
  await page.goto(link);
  await page.click('a.button');
  await logInAtProvider(page, 'kim');
  await page.waitForSelector('#code');
  const key = await page.innerText('dd code');
  await page.fill('#code', code);
  await page.keyboard.press('Enter');
  await page.waitForSelector('[role=status]');
  const { exitCode, text } = await ended;
  expect({ exitCode, text }).toEqual({ exitCode: 0, text: expect.stringContaining(`must show this key: ${key}`) });
}

test('a member logs in once per device, works, shuts out a lost device, and leaves', {
  timeout: 4_000_000,
}, async () => {
  const laptop = await newComputer(lab, 'laptop', plugin);
  const desktop = await newComputer(lab, 'desktop', plugin);
  await connect(laptop, 'laptop');
  await connect(desktop, 'desktop');
  const both = async () => {
    for (const computer of [laptop, desktop]) expect(await computer.run(whoAmI)).toEqual(asKim);
  };
  await both();

  const until = performance.now() + lifetimes * lifetimeMs;
  for (let round = 0; performance.now() < until; round++) {
    await both();
    await breakSomething(round);
    await both();
    await sleep(20_000);
  }
  const renewals = gateways.flatMap((each) => each.output().match(/a device renewed its token/g) ?? []).length;
  // Each device at each half of a life, and once when it logged in.
  expect(renewals).toBeGreaterThanOrEqual(2 * (1 + lifetimes));

  await using visitor = await visitorOf(browser, lab.origin, { locale: 'en-GB' });
  const { page } = visitor;
  await page.goto(lab.origin);
  await page.click('a.button');
  await logInAtProvider(page, 'kim');
  await page.click('[aria-label="Remove laptop"]');
  await page.waitForSelector('[role=status]');
  expect(await page.innerText('[role=status]')).toMatch(/^laptop was removed\./);
  const said = async (computer: Computer) => (await computer.run(whoAmI)).text;
  await expect.poll(() => said(laptop), forgotten).toMatch(/this device is not connected any more/);
  expect(await desktop.run(whoAmI)).toEqual(asKim);

  await lab.removeMember('kim');
  await expect.poll(() => said(desktop), forgotten).toMatch(/not connected any more|is not a member's any more/);
  await page.reload();
  expect(await page.innerText('main')).toContain('There is no account for you on the cluster.');
});

/** What may happen on any day: no device notices. */
async function breakSomething(round: number): Promise<void> {
  switch (round % 3) {
    case 0: {
      // Both replicas, one after the other, as a rollout does it.
      const ports = {
        GATEWAY_PORT: String(await freePort()),
        HEALTH_PORT: String(await freePort()),
        METRICS_PORT: String(await freePort()),
      };
      const other = await lab.startGateway({ env: { ...env, ...ports } });
      for (const each of [gateway, other]) {
        each.kill('SIGTERM');
        await each.ended;
      }
      break;
    }
    case 1:
      gateway.kill('SIGKILL');
      await gateway.ended;
      break;
    default:
      await lab.controlPlane.stopApiServer({ abruptly: true });
      await lab.controlPlane.startApiServer();
      return;
  }
  await startNext();
}
