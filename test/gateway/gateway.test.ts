/** A member's devices from their first login to the last, on a real API server with a real provider. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { fieldOf, logInAs, openBrowser } from '../../dev/gateway/browser.ts';
import { signAssertion } from '../../src/devices/assertion.ts';
import { newDeviceKey, publicPartOf, thumbprintOf } from '../../src/devices/device-key.ts';
import { deviceListSchema, paths, refusalSchema } from '../../src/devices/wire.ts';
import { type GatewayLab, startLab, usersNamespace } from './lab.ts';
import { asserted, assertionOf, beginEnrolment, codeOf, connectedDevice, renew } from './test-device.ts';

let lab: GatewayLab;
/** The API server remembers for 10 s that a token was good. */
const forgotten = { timeout: 40_000, interval: 500 };

beforeAll(async () => {
  lab = await startLab();
  await lab.addMember('min');
  await lab.startGateway();
});
afterAll(async () => {
  await lab[Symbol.asyncDispose]();
});

async function userOf(token: string): Promise<string> {
  const kubeconfig = await lab.controlPlane.kubeconfigFor({ token });
  const path = 'jsonpath={.status.userInfo.username}';
  return (await lab.controlPlane.kubectl(['auth', 'whoami', '-o', path], { kubeconfig })).stdout;
}

describe('a device', () => {
  test('is connected by a member who logs in and types its code, and by nothing less', async () => {
    const { uid } = await lab.addMember('kim');
    const { key, code, link, request } = await beginEnrolment(lab, "kim's laptop");
    const signer = await thumbprintOf(publicPartOf(key));
    const poll = async () => {
      const assertion = await signAssertion(key, asserted(lab, paths.poll, { signer, nonce: 'none' }), Date.now());
      return lab.post(paths.poll, { assertion });
    };
    expect(await poll()).toEqual({ status: 202, body: { pending: true } });

    const anonymous = openBrowser(lab.authority);
    expect((await anonymous.get(link)).text).toContain('Log in to connect a device');
    const { browser, page } = await logInAs(lab, 'kim', request);
    expect(page.text).toContain('kim&#39;s laptop');
    expect(page.text).toContain('127.0.0.1');
    const form = { csrf: fieldOf(page, 'csrf'), request: fieldOf(page, 'request') };
    const wrong = await browser.post(`${lab.origin}/enroll`, { ...form, code: '00000000' });
    expect(wrong).toMatchObject({ status: 422, text: expect.stringContaining('not the code that the terminal shows') });
    expect(await poll()).toEqual({ status: 202, body: { pending: true } });
    const done = await browser.post(`${lab.origin}/enroll`, { ...form, code: code.toLowerCase() });
    expect(done.text).toContain('is connected. Go back to your terminal.');
    expect(await poll()).toMatchObject({ status: 200, body: { device: `device-${uid}-0`, account: 'kim' } });
    await Promise.all([anonymous.close(), browser.close()]);
  });

  test('that is removed on the page is out, while the member’s other device goes on', async () => {
    await lab.addMember('lee');
    const lost = await connectedDevice(lab, 'lee', 'lost phone');
    const kept = await connectedDevice(lab, 'lee', 'desktop');
    const [lostToken, keptToken] = [(await renew(lab, lost)).token, (await renew(lab, kept)).token];
    expect(await userOf(lostToken)).toBe(`system:serviceaccount:${usersNamespace}:lee`);

    const { browser, page } = await logInAs(lab, 'lee');
    expect(page.text).toContain('lost phone');
    const removed = await browser.post(`${lab.origin}/devices/remove`, {
      csrf: fieldOf(page, 'csrf'),
      device: lost.name,
    });
    expect(removed.text).toMatch(/lost phone was removed/);
    expect(removed.text).not.toMatch(/<h2>lost phone/);
    await browser.close();
    const refused = await lab.post(paths.token, { assertion: await assertionOf(lab, lost, paths.token) });
    expect({ ...refused, body: codeOf(refused.body) }).toEqual({ status: 401, body: 'unknown_device' });
    await expect.poll(() => userOf(lostToken), forgotten).toBe('');
    expect(await userOf(keptToken)).toBe(`system:serviceaccount:${usersNamespace}:lee`);
    expect((await renew(lab, kept)).token).not.toBe(keptToken);
  });

  test('of a member who left is out with the account, and a namesake’s account gives it nothing', async () => {
    await lab.addMember('park');
    const device = await connectedDevice(lab, 'park');
    const { token } = await renew(lab, device);
    await lab.removeMember('park');
    const refused = await lab.post(paths.token, { assertion: await assertionOf(lab, device, paths.token) });
    // Kubernetes may have removed the device with its account by now.
    expect(['account_gone', 'unknown_device']).toContain(codeOf(refused.body));
    await lab.addMember('park');
    const again = await lab.post(paths.token, { assertion: await assertionOf(lab, device, paths.token) });
    expect(['account_gone', 'unknown_device']).toContain(codeOf(again.body));
    await expect.poll(() => userOf(token), forgotten).toBe('');
  });

  test('whose answer was lost asks once more with the nonce that it is told', async () => {
    await lab.addMember('jung');
    const device = await connectedDevice(lab, 'jung');
    const lost = { ...device };
    await renew(lab, lost);
    const refused = await lab.post(paths.token, { assertion: await assertionOf(lab, device, paths.token) });
    const { error, nonce = '' } = refusalSchema.parse(refused.body);
    expect({ error, nonce }).toEqual({ error: 'use_nonce', nonce: lost.nonce });
    device.nonce = nonce;
    await renew(lab, device);
  });

  test('lists and removes the devices of its own member, from the terminal', async () => {
    await lab.addMember('cho');
    await lab.addMember('other');
    const [one, two] = [await connectedDevice(lab, 'cho', 'one'), await connectedDevice(lab, 'cho', 'two')];
    const foreign = await connectedDevice(lab, 'other');
    const list = await lab.post(paths.devices, { assertion: await assertionOf(lab, one, paths.devices) });
    const { devices, nonce } = deviceListSchema.parse(list.body);
    expect(devices.map(({ name, isThis }) => [name, isThis])).toEqual([
      ['one', true],
      ['two', false],
    ]);
    one.nonce = nonce;
    const assertion = await assertionOf(lab, one, paths.removal);
    const theirs = await lab.post(paths.removal, { assertion, device: foreign.name });
    expect(codeOf(theirs.body)).toBe('unknown_device');
    await renew(lab, foreign);
    const told = await lab.post(paths.removal, { assertion, device: two.name });
    one.nonce = refusalSchema.parse(told.body).nonce ?? '';
    const removal = { assertion: await assertionOf(lab, one, paths.removal), device: two.name };
    expect((await lab.post(paths.removal, removal)).status).toBe(200);
    const gone = await lab.post(paths.token, { assertion: await assertionOf(lab, two, paths.token) });
    expect(codeOf(gone.body)).toBe('unknown_device');
  });

  test('with a clock that is off is told so, and nothing of its nonce is used up', async () => {
    await lab.addMember('han');
    const device = await connectedDevice(lab, 'han');
    for (const minutes of [-10, 10]) {
      const assertion = await assertionOf(lab, device, paths.token, Date.now() + minutes * 60_000);
      const { status, body } = await lab.post(paths.token, { assertion });
      expect({ status, code: codeOf(body) }).toEqual({ status: 401, code: 'wrong_time' });
    }
    await renew(lab, device);
  });

  test('is one of ten at most', async () => {
    await lab.addMember('ten');
    for (let number = 0; number < 10; number++) await connectedDevice(lab, 'ten', `device ${number}`);
    await expect(connectedDevice(lab, 'ten', 'device 10')).rejects.toThrow(/409.*10 devices already/s);
    const stranger = await newDeviceKey();
    expect(await thumbprintOf(publicPartOf(stranger))).toHaveLength(43);
  });
});
