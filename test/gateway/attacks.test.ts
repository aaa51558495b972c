/** What an attacker tries: on the wire, in a member's browser, and with a gateway that was broken into. */
import { readFile } from 'node:fs/promises';
import { connect } from 'node:tls';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { fieldOf, logInAs, openBrowser } from '../../dev/gateway/browser.ts';
import { signAssertion } from '../../src/devices/assertion.ts';
import { newDeviceKey } from '../../src/devices/device-key.ts';
import { paths } from '../../src/devices/wire.ts';
import { type GatewayLab, type GatewayProcess, startLab, systemNamespace, usersNamespace } from './lab.ts';
import {
  asserted,
  assertionOf,
  beginEnrolment,
  codeOf,
  connectedDevice,
  renew,
  type TestDevice,
} from './test-device.ts';

let lab: GatewayLab;
let gateway: GatewayProcess;
let victim: TestDevice;

beforeAll(async () => {
  lab = await startLab();
  await lab.addMember('victim');
  await lab.addMember('thief');
  gateway = await lab.startGateway();
  victim = await connectedDevice(lab, 'victim');
});
afterAll(async () => {
  await lab[Symbol.asyncDispose]();
});

describe('on the wire', () => {
  test('an assertion that was recorded gives nothing a second time', async () => {
    const assertion = await assertionOf(lab, victim, paths.token);
    const first = await lab.post(paths.token, { assertion });
    expect(first.status).toBe(200);
    const second = await lab.post(paths.token, { assertion });
    expect(second.status).toBe(401);
    expect(codeOf(second.body)).toBe('use_nonce');
    expect(JSON.stringify(second.body)).not.toMatch(/eyJ/);
    victim.nonce = JSON.parse(JSON.stringify(first.body)).nonce;
  });

  test('of twenty at once with one nonce, exactly one is given a token', async () => {
    const assertions = await Promise.all(Array.from({ length: 20 }, () => assertionOf(lab, victim, paths.token)));
    const answers = await Promise.all(assertions.map((assertion) => lab.post(paths.token, { assertion })));
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
    const refused = answers.filter(({ status }) => status !== 200);
    expect(refused.map(({ body }) => codeOf(body))).toEqual(refused.map(() => 'use_nonce'));
    victim.nonce = JSON.parse(JSON.stringify(answers.find(({ status }) => status === 200)?.body)).nonce;
  });

  test.each([
    ['another key', async () => ({ ...victim, key: await newDeviceKey() })],
    ['the key of another member’s device', async () => ({ ...victim, key: (await connectedDevice(lab, 'thief')).key })],
    ['a device that is not there', async () => ({ ...victim, name: victim.name.replace(/.$/, '9') })],
    ['a name that is a path', async () => ({ ...victim, name: '../serviceaccounts/victim' })],
  ])('%s gives the same answer as an unknown device', async (_, forge) => {
    const forged = await forge();
    const { status, body } = await lab.post(paths.token, { assertion: await assertionOf(lab, forged, paths.token) });
    expect(status).toBe(401);
    expect(body).toEqual({
      error: 'unknown_device',
      message: 'this device is not known: it was removed, or never enrolled',
      hint: 'log in again',
    });
  });

  test('an assertion for one path is worth nothing at another', async () => {
    const assertion = await assertionOf(lab, victim, paths.devices);
    expect(codeOf((await lab.post(paths.token, { assertion })).body)).toBe('unknown_device');
    expect(codeOf((await lab.post(paths.removal, { assertion, device: victim.name })).body)).toBe('unknown_device');
  });

  test.each([
    ['no JSON', 'not json'],
    ['another shape', JSON.stringify({ assertion: ['x'] })],
    ['nothing', ''],
    ['40 KB', JSON.stringify({ assertion: 'x'.repeat(40_000) })],
    ['30,000 open brackets', '['.repeat(30_000)],
  ])('a body of %s is refused without a word of it', async (_, body) => {
    const answer = await lab.send(paths.token, body);
    expect(answer).toEqual({
      status: 400,
      text: expect.stringMatching(
        /^\{"error":"bad_request","message":"the request is (too long|not in the form that this gateway reads)"\}$/,
      ),
    });
  });

  test('a client that sends its request byte by byte is cut off', async () => {
    const { promise, resolve } = Promise.withResolvers<number>();
    const started = performance.now();
    const socket = connect({ host: 'localhost', port: Number(new URL(lab.origin).port), ca: lab.authority });
    socket.on('error', () => undefined);
    socket.on('close', () => {
      resolve(performance.now() - started);
    });
    const dripping = setInterval(() => socket.write('x'), 500);
    socket.write('GET / HTTP/1.1\r\nhost: localhost\r\nx-slow: ');
    await promise;
    clearInterval(dripping);
    expect((await lab.post(paths.poll, { assertion: 'x' })).status).toBe(401);
  });
});

describe('in a member’s browser', () => {
  test('no page may be framed, scripted, cached or told to another site', async () => {
    const browser = openBrowser(lab.authority);
    for (const path of ['/', '/enroll?request=x', '/nothing', '/style.css', paths.cluster]) {
      const { headers } = await browser.get(`${lab.origin}${path}`);
      expect(headers).toMatchObject({
        'content-security-policy': expect.stringMatching(/default-src 'none'.*frame-ancestors 'none'/),
        'x-frame-options': 'DENY',
        'x-content-type-options': 'nosniff',
        'referrer-policy': 'same-origin',
        'cache-control': 'no-store',
      });
    }
    await browser.close();
  });

  test.each(['/devices/remove', '/enroll', '/logout'])('a form of another site does nothing at %s', async (path) => {
    const { browser, page } = await logInAs(lab, 'victim');
    const fields = { device: victim.name, csrf: fieldOf(page, 'csrf'), request: 'x', code: 'x' };
    for (const headers of [{ origin: 'https://evil.example' }, { 'sec-fetch-site': 'cross-site' }]) {
      const answer = await browser.post(`${lab.origin}${path}`, fields, headers);
      expect(answer.status).toBe(401);
    }
    for (const csrf of ['', 'x', 'x'.repeat(24)])
      expect((await browser.post(`${lab.origin}${path}`, { ...fields, csrf })).status).toBe(401);
    await renew(lab, victim);
    await browser.close();
  });

  test('a link that a thief sends enrols nothing without the code, and guesses are counted', async () => {
    const { key, request } = await beginEnrolment(lab, 'your new laptop');
    const { browser, page } = await logInAs(lab, 'victim', request);
    const statuses: number[] = [];
    for (let guess = 0; guess < 12; guess++) {
      const form = { csrf: fieldOf(page, 'csrf'), request, code: `0000000${guess % 10}` };
      statuses.push((await browser.post(`${lab.origin}/enroll`, form)).status);
    }
    expect(statuses).toEqual([...Array.from({ length: 10 }, () => 422), 429, 429]);
    const signer = 'A'.repeat(43);
    const assertion = await signAssertion(key, asserted(lab, paths.poll, { signer, nonce: 'x' }), Date.now());
    expect((await lab.post(paths.poll, { assertion })).status).toBe(202);
    await browser.close();
  });

  test('a name with markup, control characters and a turned direction is shown as text', async () => {
    const { request } = await beginEnrolment(lab, `<img src=x>\u202egnp.\u0007"'`);
    const { browser, page } = await logInAs(lab, 'victim', request);
    expect(page.text).toContain('&lt;img src=x&gt;');
    for (const unescaped of ['<img', '\u202e', '\u0007']) expect(page.text).not.toContain(unescaped);
    await browser.close();
  });

  test('a session cookie that somebody planted, or made, is no session', async () => {
    const browser = openBrowser(lab.authority);
    const thief = await logInAs(lab, 'thief');
    const { host } = new URL(lab.origin);
    const planted = thief.browser.cookies.get(host)?.get('__Host-session') ?? '';
    expect(planted).not.toBe('');
    browser.cookies.set(host, new Map([['__Host-session', planted]]));
    // Who logs in gets a session of their own in its place.
    const login = await browser.get(`${lab.origin}/login`);
    const consent = await browser.post(login.url, { prompt: 'login', login: 'victim', password: 'x' });
    const own = await browser.post(consent.url, { prompt: 'consent' });
    expect(own.text).toContain('cluster: victim');
    expect(browser.cookies.get(host)?.get('__Host-session')).not.toBe(planted);
    for (const forged of ['x', `${planted.slice(0, -4)}AAAA`, planted.replace(/^[^.]+/, 'eyJhbGciOiJub25lIn0')]) {
      browser.cookies.set(host, new Map([['__Host-session', forged]]));
      expect((await browser.get(lab.origin)).text).toContain('Log in to see the devices');
    }
    await Promise.all([browser.close(), thief.browser.close()]);
  });

  test.each([
    ['a login that this browser did not begin', '/callback?code=x&state=y'],
    ['a login without its state', '/callback?code=x'],
  ])('%s is refused', async (_, path) => {
    const browser = openBrowser(lab.authority);
    expect((await browser.get(`${lab.origin}${path}`)).status).toBe(400);
    const begun = await browser.get(`${lab.origin}/login`);
    expect(begun.url.href).toMatch(/interaction/);
    expect((await browser.get(`${lab.origin}${path}`)).text).toMatch(/could not be accepted|did not log you in/);
    await browser.close();
  });

  test.each(['https://evil.example/', '//evil.example', '/%0d%0aset-cookie:x=y', 'javascript:alert(1)'])(
    'nobody is sent on to %s',
    async (target) => {
      const browser = openBrowser(lab.authority);
      const begun = await browser.get(`${lab.origin}/login?request=${encodeURIComponent(target)}`);
      expect(begun.url.origin).toBe(lab.provider.issuer.origin);
      const consent = await browser.post(begun.url, { prompt: 'login', login: 'victim', password: 'x' });
      const done = await browser.post(consent.url, { prompt: 'consent' });
      expect(done.url.href).toBe(`${lab.origin}/`);
      await browser.close();
    },
  );
});

describe('a gateway that was broken into', () => {
  async function asGateway(args: readonly string[], input?: string) {
    const answer = await lab.controlPlane.request(
      'POST',
      `/api/v1/namespaces/${systemNamespace}/serviceaccounts/credentials-updater-gateway/token`,
      {},
    );
    const token: string = JSON.parse(JSON.stringify(answer.body)).status.token;
    const kubeconfig = await lab.controlPlane.kubeconfigFor({ token });
    return lab.controlPlane.kubectl(args, { kubeconfig, ...(input === undefined ? {} : { input }) });
  }

  const secret = (name: string, type: string, more = {}) =>
    JSON.stringify({ apiVersion: 'v1', kind: 'Secret', metadata: { name, namespace: usersNamespace, ...more }, type });

  test.each([
    ['an unbound token', ['create', 'token', 'victim', '-n', usersNamespace], undefined],
    [
      'a token for another audience',
      () => [
        'create',
        'token',
        'victim',
        '-n',
        usersNamespace,
        '--audience',
        'vault',
        '--bound-object-kind',
        'Secret',
        '--bound-object-name',
        victim.name,
      ],
      undefined,
    ],
    [
      'a token of a day',
      () => [
        'create',
        'token',
        'victim',
        '-n',
        usersNamespace,
        '--duration',
        '24h',
        '--bound-object-kind',
        'Secret',
        '--bound-object-name',
        victim.name,
      ],
      undefined,
    ],
    ['a Secret of another type', ['create', '-f', '-'], secret('x', 'Opaque')],
    [
      'a legacy token of a member',
      ['create', '-f', '-'],
      secret('x', 'kubernetes.io/service-account-token', {
        annotations: { 'kubernetes.io/service-account.name': 'victim' },
      }),
    ],
    ['an enrolment code', ['create', '-f', '-'], secret('x', 'credentials-updater.poolc.org/enrolment-code')],
    ['a device with a name of its own', ['create', '-f', '-'], secret('x', 'credentials-updater.poolc.org/device')],
  ])('gets no %s', async (_, args, input) => {
    const { exitCode, stderr } = await asGateway(typeof args === 'function' ? args() : args, input);
    expect(stderr).toMatch(/ValidatingAdmissionPolicy 'credentials-updater-gateway'/);
    expect(exitCode).not.toBe(0);
  });

  test('can not give a device another key, or touch a Secret that is no device', async () => {
    const patch = JSON.stringify({ data: { publicKey: 'e30=' } });
    const changed = await asGateway([
      'patch',
      'secret',
      victim.name,
      '-n',
      usersNamespace,
      '--type=merge',
      '-p',
      patch,
    ]);
    expect(changed.stderr).toContain('the key and the account of a device never change');
    await lab.controlPlane.kubectl(['create', 'secret', 'generic', 'theirs', '-n', usersNamespace]);
    const deleted = await asGateway(['delete', 'secret', 'theirs', '-n', usersNamespace]);
    expect(deleted.stderr).toContain('a gateway may write Secrets of the type');
  });

  test('is the only one who may write a device', async () => {
    const name = victim.name.replace(/.$/, '7');
    for (const type of ['credentials-updater.poolc.org/device', 'Opaque']) {
      const { stderr } = await lab.controlPlane.kubectl(['create', '-f', '-'], { input: secret(name, type) });
      expect(stderr).toMatch(/ValidatingAdmissionPolicy 'credentials-updater-devices'/);
    }
    const patch = JSON.stringify({ data: { publicKey: 'e30=' } });
    const args = ['patch', 'secret', victim.name, '-n', usersNamespace, '--type=merge', '-p', patch];
    expect((await lab.controlPlane.kubectl(args)).stderr).toContain('only the gateway may write a member');
  });
});

test('without its policy a gateway does not start, and says what to apply', async () => {
  await using bare = await startLab({ withPolicy: false });
  await bare.addMember('kim');
  const unheld = await bare.startGateway({ expectEnd: true });
  expect(await unheld.ended).toBe(2);
  expect(unheld.output()).toMatch(
    /the API server grants this gateway a Secret that is not a device: .* is not in force; what to do: apply deploy\/gateway\/policy.yaml/,
  );
});

test('deploy/gateway is accepted whole, in a namespace that takes restricted pods only', async () => {
  const { kubectl } = lab.controlPlane;
  await kubectl([
    'label',
    'namespace',
    systemNamespace,
    'pod-security.kubernetes.io/enforce=restricted',
    'pod-security.kubernetes.io/warn=restricted',
  ]);
  const { stdout, stderr, exitCode } = await kubectl(['apply', '--dry-run=server', '-k', 'deploy/gateway']);
  // kubectl warns about an account that this test made by other means; a pod that is too much would be named so.
  expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: expect.not.stringMatching(/PodSecurity|violate/) });
  expect(stdout).toMatch(/deployment.apps\/credentials-updater-gateway created/);
});

test('no token, nonce, code or cookie is in what a gateway writes or stores', async () => {
  const { token } = await renew(lab, victim);
  const { stdout } = await lab.controlPlane.kubectl(['get', 'secrets', '-n', usersNamespace, '-o', 'json']);
  const stored = [...stdout.matchAll(/"(?:[A-Za-z0-9+/]{4})+={0,2}"/g)].map(([value]) =>
    Buffer.from(value, 'base64').toString(),
  );
  for (const text of [gateway.output(), stdout, ...stored, await readFile(lab.controlPlane.auditLog, 'utf8')]) {
    expect(text).not.toContain(token);
    expect(text).not.toContain(token.split('.')[2]);
  }
  expect(gateway.output()).not.toContain(victim.nonce);
  expect(gateway.output()).not.toMatch(/__Host-|eyJ[A-Za-z0-9_-]{20}/);
});
