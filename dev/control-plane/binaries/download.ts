/** Downloads that are checked against a published sum, and that fail quickly where there is no internet. */
import { createHash } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { Readable, Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { EnvHttpProxyAgent, fetch, type Response } from 'undici';
import { elapsed } from '../../elapsed.ts';

/** Where packets vanish in silence, waiting longer would only delay the next source. */
const CONNECT_TIMEOUT_MS = 2_000;
/** How long an answer, or the next piece of one, may take. */
const SILENCE_TIMEOUT_MS = 15_000;
const REPORT_EVERY_MS = 5_000;

export interface ExpectedSum {
  readonly algorithm: 'sha256' | 'sha512';
  /** In hexadecimal. */
  readonly sum: string;
}

export interface Downloads extends AsyncDisposable {
  text(url: string): Promise<string>;
  /** Saves a file. What is written before a failure stays: the caller's directory is a scratch one. */
  file(url: string, destination: string, expected: ExpectedSum, onProgress: (line: string) => void): Promise<void>;
}

/** Remembers which servers couldn't be reached, so that each costs its time-out once. */
export function openDownloads(): Downloads {
  const dispatcher = new EnvHttpProxyAgent({
    connect: { timeout: CONNECT_TIMEOUT_MS },
    headersTimeout: SILENCE_TIMEOUT_MS,
    bodyTimeout: SILENCE_TIMEOUT_MS,
  });
  const unreachable = new Map<string, Error>();

  const get = async (url: string): Promise<Response> => {
    const origin = originOf(url);
    const before = unreachable.get(origin);
    if (before !== undefined) throw before;
    let response: Response;
    try {
      response = await fetch(url, { dispatcher });
    } catch (error) {
      const reason = new Error(`${url} can't be reached: ${innermostMessage(error)}`, { cause: error });
      unreachable.set(origin, reason);
      throw reason;
    }
    if (!response.ok) {
      await response.body?.cancel();
      throw new Error(`${url} answered ${response.status} ${response.statusText}`);
    }
    return response;
  };

  return {
    text: async (url) => (await get(url)).text(),
    file: async (url, destination, expected, onProgress) =>
      save(await get(url), url, destination, expected, onProgress),
    [Symbol.asyncDispose]: () => dispatcher.destroy(),
  };
}

async function save(
  response: Response,
  url: string,
  destination: string,
  { algorithm, sum: expected }: ExpectedSum,
  onProgress: (line: string) => void,
): Promise<void> {
  const started = performance.now();
  const hash = createHash(algorithm);
  const total = Number(response.headers.get('content-length') ?? 0);
  let received = 0;
  const reporting = setInterval(() => {
    const all = total > 0 ? ` of ${megabytes(total)}` : '';
    onProgress(`${megabytes(received)}${all} after ${elapsed(started)}`);
  }, REPORT_EVERY_MS);
  const sum = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      received += chunk.length;
      hash.update(chunk);
      done(null, chunk);
    },
  });
  try {
    if (response.body === null) throw new Error(`${url} has no body`);
    await pipeline(Readable.fromWeb(response.body), sum, createWriteStream(destination));
  } catch (error) {
    throw new Error(`${url} broke off after ${megabytes(received)}: ${innermostMessage(error)}`, { cause: error });
  } finally {
    clearInterval(reporting);
  }
  const actual = hash.digest('hex');
  if (actual !== expected.toLowerCase()) {
    throw new Error(`${url} has the ${algorithm} sum ${actual}, but ${expected} is published: refused`);
  }
  onProgress(`${megabytes(received)} in ${elapsed(started)}, ${algorithm} sum as published`);
}

function originOf(url: string): string {
  if (!URL.canParse(url)) throw new Error(`${url} is not a URL`);
  return new URL(url).origin;
}

/** undici says `fetch failed`, and hides what failed in the cause's cause. */
function innermostMessage(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error.cause instanceof Error) return innermostMessage(error.cause);
  if (error instanceof AggregateError && error.errors.length > 0) return innermostMessage(error.errors[0]);
  return error.message === '' ? error.name : error.message;
}

function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(1)} MB`;
}
