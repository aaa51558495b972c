/** What the pages do for a member, without a browser's help: redirects, refusals in their language, a short kubeconfig. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { freePort } from '../../dev/control-plane/daemon.ts';
import { fieldOf, logInAs, openBrowser } from '../../dev/gateway/browser.ts';
import { newDeviceKey } from '../../src/devices/device-key.ts';
import { paths } from '../../src/devices/wire.ts';
import { type GatewayLab, type GatewayProcess, startLab, usersNamespace } from './lab.ts';
import { assertionOf, codeOf, connectedDevice } from './test-device.ts';

let lab: GatewayLab;
let gateway: GatewayProcess;
const korean = { 'accept-language': 'ko-KR,ko;q=0.9' };

beforeAll(async () => {
  lab = await startLab();
  for (const name of ['kim', 'lee', 'full']) await lab.addMember(name);
  gateway = await lab.startGateway({ env: { CLUSTER_NAME: 'pks "1"/..' } });
});
afterAll(async () => {
  await lab[Symbol.asyncDispose]();
});

const hangul = /[가-힣]/;

test('a device is removed by a form whose answer is a redirect, and what was done is said once, to who did it', async () => {
  const device = await connectedDevice(lab, 'kim', 'old one');
  const { browser, page } = await logInAs(lab, 'kim');
  const form = { csrf: fieldOf(page, 'csrf'), device: device.name };
  const done = await browser.post(`${lab.origin}/devices/remove`, form);
  expect({ url: done.url.href, status: done.status }).toEqual({ url: `${lab.origin}/`, status: 200 });
  expect(done.text).toContain('old one was removed');
  expect((await browser.get(lab.origin)).text).not.toContain('was removed');
  // A second time there is nothing to remove, and nothing is said to have been.
  expect((await browser.post(`${lab.origin}/devices/remove`, form)).text).not.toContain('was removed');
  await browser.close();
});

test('a notice of another session is told to nobody', async () => {
  const device = await connectedDevice(lab, 'kim', 'old one');
  const kim = await logInAs(lab, 'kim');
  const { host } = new URL(lab.origin);
  const cookies = kim.browser.cookies.get(host) ?? new Map<string, string>();
  const { headers } = await kim.browser.post(`${lab.origin}/devices/remove`, {
    csrf: fieldOf(kim.page, 'csrf'),
    device: device.name,
  });
  expect(headers['content-type']).toMatch(/html/);
  const lee = await logInAs(lab, 'lee');
  const own = lee.browser.cookies.get(host);
  for (const sealed of [cookies.get('__Host-session') ?? '', 'x', '']) {
    own?.set('__Host-notice', sealed);
    expect((await lee.browser.get(lab.origin)).text).not.toMatch(/was removed|is connected/);
  }
  await Promise.all([kim.browser.close(), lee.browser.close()]);
});

describe('in Korean, a refusal has no English but what is for the operators:', () => {
  test.each([
    ['an address where nothing is', '/nothing', 404],
    ['a link that is not complete', '/enroll?request=x', 400],
    ['a login that this browser did not begin', '/callback?code=x&state=y', 400],
  ])('%s', async (_, path, status) => {
    const browser = openBrowser(lab.authority);
    const page = await browser.get(`${lab.origin}${path}`, korean);
    expect(page.status).toBe(status);
    expect(page.headers['content-type']).toMatch(/^text\/html/);
    expect(/<main>(.*)<\/main>/s.exec(page.text)?.[1]?.replaceAll(/<[^>]*>|credentials-updater login/g, '')).toMatch(
      /^[^A-Za-z]*$/,
    );
    expect(page.text).toMatch(hangul);
    await browser.close();
  });

  test('a login that the provider refused', async () => {
    const browser = openBrowser(lab.authority);
    await browser.get(`${lab.origin}/login`);
    const { status, text } = await browser.get(`${lab.origin}/callback?error=access_denied&state=x`, korean);
    expect(status).toBe(401);
    expect(text).toMatch(/로그인하지 못했습니다.*<span lang="en">[^<]*<\/span>/s);
    await browser.close();
  });

  test('a form of a session that is over', async () => {
    const browser = openBrowser(lab.authority);
    const { status, text } = await browser.post(`${lab.origin}/devices/remove`, { csrf: 'x' }, korean);
    expect({ status, text }).toEqual({ status: 401, text: expect.stringContaining('이 페이지의 로그인이 끝났습니다') });
    await browser.close();
  });
});

test('a language that somebody chose stays, and one that is none is passed over', async () => {
  const browser = openBrowser(lab.authority);
  expect((await browser.get(`${lab.origin}/?lang=ko`)).text).toContain('<html lang="ko">');
  expect((await browser.get(lab.origin)).text).toContain('<html lang="ko">');
  const odd = await browser.get(`${lab.origin}/?lang=${encodeURIComponent('"><script>\r\nset-cookie: x=y')}`);
  expect(odd.text).toContain('<html lang="ko">');
  expect(odd.text).not.toContain('<script');
  await browser.close();
});

describe('a kubeconfig of the page', () => {
  const kubeconfigOf = async (member: string) => {
    const { browser, page } = await logInAs(lab, member);
    const answer = await browser.post(`${lab.origin}/kubeconfig`, { csrf: fieldOf(page, 'csrf') });
    await browser.close();
    return answer;
  };
  const tokenIn = (text: string): string => /token: (\S+)/.exec(text)?.[1] ?? '';
  const userOf = async (token: string) => {
    const kubeconfig = await lab.controlPlane.kubeconfigFor({ token });
    const path = 'jsonpath={.status.userInfo.username}';
    return (await lab.controlPlane.kubectl(['auth', 'whoami', '-o', path], { kubeconfig })).stdout;
  };

  test('has a token of an hour, bound to one device that nobody can renew', async () => {
    const first = await kubeconfigOf('lee');
    expect(first.headers).toMatchObject({
      'content-type': expect.stringMatching(/^application\/yaml/),
      'content-disposition': 'attachment; filename="pks--1--...kubeconfig"',
      'cache-control': 'no-store',
    });
    const token = tokenIn(first.text);
    const {
      exp,
      iat,
      'kubernetes.io': bound,
    } = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString());
    expect(exp - iat).toBeLessThanOrEqual(3_600);
    expect(await userOf(token)).toBe(`system:serviceaccount:${usersNamespace}:lee`);
    const again = tokenIn((await kubeconfigOf('lee')).text);
    const second = JSON.parse(Buffer.from(again.split('.')[1] ?? '', 'base64url').toString());
    expect(second['kubernetes.io'].secret).toEqual(bound.secret);

    const forged = { key: await newDeviceKey(), name: bound.secret.name, nonce: 'x' };
    const refused = await lab.post(paths.token, { assertion: await assertionOf(lab, forged, paths.token) });
    expect(codeOf(refused.body)).toBe('unknown_device');
    expect(gateway.output()).not.toContain(token.split('.')[2]);

    const { browser, page } = await logInAs(lab, 'lee');
    await browser.post(`${lab.origin}/devices/remove`, { csrf: fieldOf(page, 'csrf'), device: bound.secret.name });
    await browser.close();
    await expect.poll(() => userOf(again), { timeout: 40_000, interval: 500 }).toBe('');
  });

  test('is for who is logged in, by a form of this page', async () => {
    const { browser } = await logInAs(lab, 'lee');
    expect((await browser.post(`${lab.origin}/kubeconfig`, { csrf: 'x' })).status).toBe(401);
    expect((await browser.get(`${lab.origin}/kubeconfig`)).status).toBe(404);
    await browser.close();
  });

  test('counts as one of ten devices', async () => {
    for (let number = 0; number < 10; number++) await connectedDevice(lab, 'full', `device ${number}`);
    const { status, text } = await kubeconfigOf('full');
    expect({ status, text }).toEqual({ status: 409, text: expect.stringContaining('Remove one first') });
  });
});

test('where members log in in a terminal alone, the page says what to type', async () => {
  const port = String(await freePort());
  const ports = { GATEWAY_PORT: port, HEALTH_PORT: String(await freePort()), METRICS_PORT: String(await freePort()) };
  // Empty is as good as not set. Nothing is asked of the site here.
  const site = { POOLC_SIGN_IN_ENDPOINT: 'https://api.example.org' };
  await lab.startGateway({ env: { ...site, OIDC_ISSUER: '', OIDC_CLIENT_ID: '', OIDC_CLAIM: '', ...ports } });
  const browser = openBrowser(lab.authority);
  const page = await browser.get(`https://localhost:${port}/`, korean);
  expect(page).toMatchObject({ status: 200, text: expect.stringContaining(`credentials-updater login ${lab.origin}`) });
  await browser.close();
});
