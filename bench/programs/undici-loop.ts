/**
 * A program of its own, the simplest that does the work: TokenRequests with undici, so many at a time, each answer
 * parsed and its token kept, nothing checked. Prints one line of JSON.
 */
import { readFileSync } from 'node:fs';
import { Pool } from 'undici';
import { z } from 'zod';

const env = z
  .object({
    SERVER: z.string(),
    AUTHORITY_FILE: z.string(),
    TOKEN_FILE: z.string(),
    ACCOUNTS_FILE: z.string(),
    NAMESPACE: z.string(),
    CONNECTIONS: z.coerce.number(),
    REQUESTS: z.coerce.number(),
  })
  .parse(process.env);
const accounts = readFileSync(env.ACCOUNTS_FILE, 'utf8')
  .trimEnd()
  .split('\n')
  .map((line) => line.split(' '));
const headers = {
  authorization: `Bearer ${readFileSync(env.TOKEN_FILE, 'utf8').trim()}`,
  'content-type': 'application/json',
};
const pool = new Pool(env.SERVER, {
  connections: env.CONNECTIONS,
  pipelining: 1,
  connect: { ca: readFileSync(env.AUTHORITY_FILE) },
});
const tokens = new Map<number, string>();
let sent = 0;

const startedAt = performance.now();
const cpuBefore = process.cpuUsage();
await Promise.all(Array.from({ length: env.CONNECTIONS }, work));
const cpu = process.cpuUsage(cpuBefore);
const seconds = (performance.now() - startedAt) / 1_000;
await pool.close();
console.log(JSON.stringify({ tokens: tokens.size, seconds, cpuSeconds: (cpu.user + cpu.system) / 1e6 }));

async function work(): Promise<void> {
  while (sent < env.REQUESTS) {
    const number = sent++;
    tokens.set(number, await mint(number % accounts.length));
  }
}

async function mint(index: number): Promise<string> {
  const [name = '', uid = ''] = accounts[index] ?? [];
  const { statusCode, body } = await pool.request({
    method: 'POST',
    path: `/api/v1/namespaces/${env.NAMESPACE}/serviceaccounts/${name}/token`,
    headers,
    body: JSON.stringify({
      apiVersion: 'authentication.k8s.io/v1',
      kind: 'TokenRequest',
      metadata: { uid },
      spec: { expirationSeconds: 604_800 },
    }),
  });
  const answer = await body.json();
  if (statusCode !== 201) throw new Error(`a TokenRequest was answered with ${statusCode}`);
  return tokenOf(answer);
}

/** Looked at by hand, as a loop that is in a hurry would. */
function tokenOf(answer: unknown): string {
  if (typeof answer === 'object' && answer !== null && 'status' in answer) {
    const { status } = answer;
    if (typeof status === 'object' && status !== null && 'token' in status && typeof status.token === 'string')
      return status.token;
  }
  throw new Error('a TokenRequest was answered without a token');
}
