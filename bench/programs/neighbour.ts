/**
 * A program of its own, the unrelated client: GETs of one ConfigMap at an even pace, whether earlier ones were answered or
 * not, until its standard input ends. Prints when each was sent (milliseconds since the epoch) and how many milliseconds
 * its answer took, as one line of JSON.
 */
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { Pool } from 'undici';
import { z } from 'zod';

const env = z
  .object({
    SERVER: z.string(),
    AUTHORITY_FILE: z.string(),
    TOKEN_FILE: z.string(),
    REQUEST_PATH: z.string(),
    REQUESTS_PER_SECOND: z.coerce.number(),
  })
  .parse(process.env);
const headers = { authorization: `Bearer ${readFileSync(env.TOKEN_FILE, 'utf8').trim()}` };
const pool = new Pool(env.SERVER, {
  connections: 8,
  pipelining: 1,
  connect: { ca: readFileSync(env.AUTHORITY_FILE) },
});
const answers: { sentAt: number; took: number }[] = [];
const underWay = new Set<Promise<void>>();
const ended = new AbortController();
process.stdin.resume().once('end', () => ended.abort());

// Connections are opened and the code is warm before anything counts.
await Promise.all(Array.from({ length: 50 }, get));
answers.length = 0;
console.log('ready');
const startedAt = performance.now();
for (let number = 0; !ended.signal.aborted; number++) {
  const wait = startedAt + (number * 1_000) / env.REQUESTS_PER_SECOND - performance.now();
  if (wait > 0) await sleep(wait);
  const request = get().finally(() => underWay.delete(request));
  underWay.add(request);
}
await Promise.all(underWay);
await pool.close();
console.log(JSON.stringify(answers));

async function get(): Promise<void> {
  const [sentAt, started] = [Date.now(), performance.now()];
  const { statusCode, body } = await pool.request({ method: 'GET', path: env.REQUEST_PATH, headers });
  await body.text();
  if (statusCode !== 200) throw new Error(`a GET was answered with ${statusCode}`);
  answers.push({ sentAt, took: performance.now() - started });
}
