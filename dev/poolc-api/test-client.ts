/** The server as its tests ask it: over HTTP, every answer checked against openapi.yaml. */
import { onTestFinished } from 'vitest';
import { z } from 'zod';
import type { PoolcApi, PoolcApiOptions, ProxyLimits } from './index.ts';
import { startPoolcApi } from './index.ts';
import { openApiContract } from './openapi-contract.ts';

export const contract = openApiContract();
/** The descriptions of the proxy's answers in openapi.yaml, which have tests of their own. */
export const proxyAnswers = ['GatewayTimeout', 'TooLarge', 'TooManyRequests'].map(
  (name) => `components responses ${name}`,
);
/** So that a test which asks often isn't told to slow down. */
export const unlimited: Partial<ProxyLimits> = { requestsPerSecond: Number.POSITIVE_INFINITY };
/** A server that ends with the test. */
export async function poolcApi(options: PoolcApiOptions = {}): Promise<PoolcApi> {
  const api = await startPoolcApi({ limits: unlimited, ...options });
  onTestFinished(() => api.close());
  return api;
}

export interface Asked {
  headers?: Record<string, string>;
  body?: string | ReadableStream;
}

/** Asks the server over HTTP, and fails when the answer isn't one that openapi.yaml describes. */
export async function ask(api: PoolcApi, method: string, path: string, { headers = {}, body }: Asked = {}) {
  const sent = body === undefined ? {} : { body, duplex: 'half' as const };
  const answer = await fetch(`${api.url}${path}`, { method, headers, redirect: 'manual', ...sent });
  const text = await answer.text();
  const contentType = answer.headers.get('content-type');
  contract.check({ method, path, status: answer.status, contentType, body: text });
  return { status: answer.status, text, headers: answer.headers };
}

export const json = { 'Content-Type': 'application/json' };
export const keyOf = (api: PoolcApi) => ({ 'X-API-KEY': api.apiKey });
export const listMembers = (api: PoolcApi) => ask(api, 'GET', '/kubernetes/', { headers: keyOf(api) });
export const deliver = (api: PoolcApi, body: string | ReadableStream) =>
  ask(api, 'POST', '/kubernetes/', { headers: { ...keyOf(api), ...json }, body });
export const logIn = (api: PoolcApi, loginID: unknown, password: string) =>
  ask(api, 'POST', '/login', { headers: json, body: JSON.stringify({ loginID, password }) });
export const bearer = (jwt: string) => ({ headers: { Authorization: `Bearer ${jwt}` } });
export const ownToken = (api: PoolcApi, jwt: string) => ask(api, 'GET', '/kubernetes/me', bearer(jwt));

export async function siteJwt(api: PoolcApi, loginId: string, password: string): Promise<string> {
  const { text } = await logIn(api, loginId, password);
  return z.object({ accessToken: z.string() }).parse(JSON.parse(text)).accessToken;
}

export function listed({ text }: { text: string }): unknown[] {
  return z.object({ activeMembers: z.array(z.unknown()) }).parse(JSON.parse(text)).activeMembers;
}
