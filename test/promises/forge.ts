/** TokenRequest answers with another token in them: what only something broken, or someone, in between would send. */
import { createPrivateKey, type KeyObject, sign } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import type { Answer } from '../../dev/fault-proxy/index.ts';
import type { TestCluster } from '../cluster.ts';

const claimsSchema = z.looseObject({ sub: z.string(), aud: z.array(z.string()), iat: z.number(), exp: z.number() });
export type TokenClaims = z.infer<typeof claimsSchema>;

export interface Token {
  readonly header: Readonly<Record<string, unknown>>;
  readonly claims: TokenClaims;
  readonly signature: string;
}

const answerSchema = z.looseObject({
  spec: z.looseObject({ audiences: z.array(z.string()), expirationSeconds: z.number() }),
  status: z.looseObject({ token: z.string() }),
});
export type TokenAnswer = z.infer<typeof answerSchema>;

/** The key that the cluster itself signs with: what it signs only the claims can give away. */
export function signingKeyOf({ directory }: TestCluster): KeyObject {
  return createPrivateKey(readFileSync(join(directory, 'pki', 'sa-1.key'), 'utf8'));
}

export function readToken(text: string): Token {
  const [header = '', claims = '', signature = ''] = text.split('.');
  return {
    header: z.record(z.string(), z.unknown()).parse(decode(header)),
    claims: claimsSchema.parse(decode(claims)),
    signature,
  };
}

export function writeToken({ header, claims, signature }: Token): string {
  return `${encode(header)}.${encode(claims)}.${signature}`;
}

/** The token with other claims, signed so that its signature is right. */
export function signed(key: KeyObject, header: Token['header'], claims: Record<string, unknown>): string {
  const content = `${encode(header)}.${encode(claims)}`;
  return `${content}.${sign('sha256', Buffer.from(content), key).toString('base64url')}`;
}

/** Changes the JSON of an answer; anything but a fresh token passes as it is. */
export function changeAnswer(answer: Answer, change: (body: TokenAnswer) => unknown): Answer {
  if (answer.status !== 201) return answer;
  const body = answerSchema.parse(JSON.parse(answer.body.toString()));
  return { ...answer, body: Buffer.from(JSON.stringify(change(body))) };
}

export function withToken(body: TokenAnswer, token: string): TokenAnswer {
  return { ...body, status: { ...body.status, token } };
}

function decode(part: string): unknown {
  return JSON.parse(Buffer.from(part, 'base64url').toString());
}

function encode(part: unknown): string {
  return Buffer.from(JSON.stringify(part)).toString('base64url');
}
