/** What requests fail with in the tests of this room: the kind of trouble, and its words. */
import type { Server } from 'node:net';
import { onTestFinished } from 'vitest';
import { Failure } from '../lib/failure.ts';
import { en } from '../lib/message.ts';
import { type RequestFailures, troubleOf } from './trouble.ts';

const failed = (message: string, transient: boolean) => new Failure('cluster', message, { transient });

export const failuresInTests: RequestFailures = {
  of: (error) => {
    const { what, code, words, transient } = troubleOf(error);
    return new Failure('cluster', `${what}: ${en(words)}`, { transient, reason: code });
  },
  timedOut: () => failed('no answer in time', true),
  silent: (afterMs) => failed(`silent for ${afterMs} ms`, true),
  closed: () => failed('the connections were closed', false),
};

/** Listens on a port of its own, until the end of the test. @returns the port */
export async function listening(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  const address = server.address();
  if (typeof address !== 'object' || address === null) throw new Error('not listening');
  return address.port;
}
