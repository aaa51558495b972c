import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { get } from 'node:https';
import { connect } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { createCertificateAuthority } from '../control-plane/certificates.ts';
import { contract, deliver, listMembers, logIn, poolcApi, proxyAnswers, unlimited } from './test-client.ts';

test('answers 413 to a body over the limit, whether it says its length or not', async () => {
  const api = await poolcApi({ limits: { ...unlimited, bodyBytes: 1_000 } });
  const fits = JSON.stringify({ a: 'x'.repeat(1_000 - '{"a":""}'.length) });
  expect((await deliver(api, fits)).status).toBe(200);
  expect((await deliver(api, `${fits} `)).status).toBe(413);
  expect((await deliver(api, new Blob([fits, ' ']).stream())).status).toBe(413);
  expect((await logIn(api, 'x'.repeat(1_000), 'y')).status).toBe(413);
  expect(api.deliveries()).toHaveLength(1);
});

test('a sender of a body that nobody wants gets to its end, and to the answers, over one connection', async () => {
  const api = await poolcApi({ limits: { ...unlimited, bodyBytes: 1_000 } });
  const { hostname, port } = new URL(api.url);
  const socket = connect(Number(port), hostname).setEncoding('latin1');
  onTestFinished(() => void socket.destroy());
  let answers = '';
  socket.on('data', (text: string) => {
    answers += text;
  });
  const head = `Host: x\r\nX-API-KEY: ${api.apiKey}\r\nContent-Type: application/json\r\n`;
  const large = 'x'.repeat(5_000_000);
  socket.write(`POST /kubernetes/ HTTP/1.1\r\n${head}Content-Length: ${large.length}\r\n\r\n${large}`);
  socket.write(`POST /kubernetes/ HTTP/1.1\r\n${head}Transfer-Encoding: chunked\r\n\r\n`);
  socket.write(`${large.length.toString(16)}\r\n${large}\r\n0\r\n\r\n`);
  socket.write(`GET /kubernetes/ HTTP/1.1\r\n${head}\r\n`);
  const statuses = () => [...answers.matchAll(/^HTTP\/1\.1 (\d+)/gm)].map(([, status]) => status);
  await expect.poll(statuses, { timeout: 20_000 }).toEqual(['413', '413', '200']);
});

test('has the limits of the club unless told otherwise, 55 MB for a body', async () => {
  const api = await poolcApi({ limits: {} });
  expect(api.limits).toEqual({ bodyBytes: 57_671_680, requestsPerSecond: 20, burst: 40, readTimeoutMs: 60_000 });
  const { hostname, port } = new URL(api.url);
  const socket = connect(Number(port), hostname);
  onTestFinished(() => void socket.destroy());
  const head = ['POST /kubernetes/ HTTP/1.1', 'Host: x', `X-API-KEY: ${api.apiKey}`, 'Content-Type: application/json'];
  socket.write(`${[...head, 'Content-Length: 57671681'].join('\r\n')}\r\n\r\n`);
  const [answer] = await once(socket.setEncoding('latin1'), 'data');
  expect(answer).toMatch(/^HTTP\/1\.1 413 /);
});

test('answers 429 beyond the burst', async () => {
  const api = await poolcApi({ limits: { requestsPerSecond: 0.001, burst: 3 } });
  const answers = await Promise.all(Array.from({ length: 5 }, () => listMembers(api)));
  expect(answers.map(({ status }) => status).toSorted((one, other) => one - other)).toEqual([200, 200, 200, 429, 429]);
});

test('lets a client that went too fast in again after a while', async () => {
  const api = await poolcApi({ limits: { requestsPerSecond: 0.5, burst: 1 } });
  await listMembers(api);
  expect((await listMembers(api)).status).toBe(429);
  await expect.poll(async () => (await listMembers(api)).status, { interval: 300, timeout: 10_000 }).toBe(200);
});

test('answers 504 after the read timeout, while the server goes on and commits', async () => {
  const api = await poolcApi({ limits: { ...unlimited, readTimeoutMs: 50 } });
  api.delayAnswers(60_000);
  expect((await deliver(api, '{"a":"token"}')).status).toBe(504);
  expect((await listMembers(api)).status).toBe(504);
  expect(Object.fromEntries(api.storedTokens())).toEqual({ a: 'token' });
  api.delayAnswers(0);
  expect((await deliver(api, '{"a":"again"}')).status).toBe(200);
});

test('speaks https with the certificate it was given, and answers 301 to it on its other port', async () => {
  const authority = await createCertificateAuthority('an authority');
  const { certificate: cert, key } = await authority.issue({ commonName: 'poolc', hosts: ['127.0.0.1'] });
  const api = await poolcApi({ tls: { cert, key }, redirectPort: 0 });

  const redirect = await fetch(`${api.redirectUrl}/kubernetes/?a=b`, { redirect: 'manual' });
  expect(redirect.status).toBe(301);
  expect(redirect.headers.get('location')).toBe(`${api.url}/kubernetes/?a=b`);

  const headers = { 'X-API-KEY': api.apiKey };
  const asked = get(`${api.url}/kubernetes/`, { headers, ca: authority.certificate, agent: false });
  const [answer]: IncomingMessage[] = await once(asked, 'response');
  expect(answer?.statusCode).toBe(200);
  answer?.resume();
});

test('each of its answers in openapi.yaml was met by a test above', () => {
  expect(contract.unseen().filter((place) => proxyAnswers.includes(place))).toEqual([]);
});
