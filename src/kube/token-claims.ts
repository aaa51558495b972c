/** What a ServiceAccount token says about itself (a JWT, RFC 7519, as the API server's issuer writes it). */
import { Failure } from '../lib/failure.ts';
import { isRecord, isStringArray } from '../lib/json.ts';

export interface Claims {
  readonly issuer: string | undefined;
  readonly subject: string;
  readonly audiences: readonly string[];
  readonly issuedAt: number;
  /** Seconds since the epoch. */
  readonly expiresAt: number;
  readonly serviceAccountUid: string | undefined;
  /** The Secret that the token ends with, where it was bound to one. */
  readonly boundSecret: { readonly name: string; readonly uid: string } | undefined;
  readonly keyId: string | undefined;
  readonly algorithm: string;
}

interface Header {
  readonly keyId: string | undefined;
  readonly algorithm: string;
}

// Tokens of one issuer share their header, byte for byte.
let lastHeader: { readonly text: string; readonly header: Header } | undefined;

/** Read by hand: once for every member. @throws Failure (token) when it is no token */
export function readClaims(token: string): Claims {
  const [head = '', body = ''] = token.split('.', 2);
  const header = lastHeader !== undefined && lastHeader.text === head ? lastHeader.header : readHeader(decode(head));
  const payload = decode(body);
  if (header === undefined || !isRecord(payload)) throw notAToken();
  lastHeader = { text: head, header };
  const { iss, sub, aud, iat, exp } = payload;
  const audiences = typeof aud === 'string' ? [aud] : aud;
  if (typeof sub !== 'string' || typeof iat !== 'number' || typeof exp !== 'number' || !isStringArray(audiences))
    throw notAToken();
  return {
    issuer: typeof iss === 'string' ? iss : undefined,
    subject: sub,
    audiences,
    issuedAt: iat,
    expiresAt: exp,
    serviceAccountUid: readServiceAccountUid(payload['kubernetes.io']),
    boundSecret: readBoundSecret(payload['kubernetes.io']),
    keyId: header.keyId,
    algorithm: header.algorithm,
  };
}

function readHeader(header: unknown): Header | undefined {
  if (!isRecord(header) || typeof header['alg'] !== 'string') return undefined;
  return { algorithm: header['alg'], keyId: typeof header['kid'] === 'string' ? header['kid'] : undefined };
}

function readServiceAccountUid(claim: unknown): string | undefined {
  if (!isRecord(claim) || !isRecord(claim['serviceaccount'])) return undefined;
  const { uid } = claim['serviceaccount'];
  return typeof uid === 'string' ? uid : undefined;
}

function readBoundSecret(claim: unknown): Claims['boundSecret'] {
  if (!isRecord(claim) || !isRecord(claim['secret'])) return undefined;
  const { name, uid } = claim['secret'];
  return typeof name === 'string' && typeof uid === 'string' ? { name, uid } : undefined;
}

/** Neither a cause nor the text goes with it: both may hold parts of the token. */
function notAToken(): Failure {
  return new Failure('token', 'the API server gave something that is no ServiceAccount token');
}

/** `system:serviceaccount:<namespace>:<name>`: the user that a ServiceAccount is. */
export function serviceAccountUser(namespace: string, name: string): string {
  return `system:serviceaccount:${namespace}:${name}`;
}

function decode(part: string): unknown {
  try {
    return JSON.parse(Buffer.from(part, 'base64url').toString('utf8'));
  } catch {
    throw notAToken();
  }
}
