/** Answers that come line by line for as long as both sides like, as a watch's: passed on as they come, or not. */
import type http from 'node:http';
import type { SeenRequest } from './faults.ts';

/** A watch that was accepted. */
export interface OpenStream {
  readonly request: SeenRequest;
  /** The lines that reached the client. */
  readonly lines: readonly string[];
  readonly isOpen: boolean;
  /** From now on nothing reaches the client, though the connection stays: it is half closed. */
  silence(): void;
  /** The next line is cut off in its middle, and the connection reset. */
  cutNextLine(): void;
  /** The connection is reset. */
  reset(): void;
  /** Ends as the API server ends it. */
  end(): void;
  /** A line that upstream didn't send, such as an ERROR. */
  say(line: string): void;
}

/** Whether the answer to it has no end of its own. */
export function isWatch({ path }: SeenRequest): boolean {
  return new URL(path, 'http://proxy').searchParams.get('watch') === 'true';
}

export interface Ends {
  readonly upstream: http.IncomingMessage;
  readonly response: http.ServerResponse;
  /** Of the connection below TLS. */
  readonly reset: () => void;
}

/** Passes lines on until one of the sides ends. */
export function passOn(request: SeenRequest, { upstream, response, reset }: Ends): OpenStream {
  const lines: string[] = [];
  let mode: 'pass' | 'silent' | 'cut' = 'pass';
  let begun = '';
  const over = () => {
    upstream.destroy();
    reset();
  };
  const send = (line: string) => {
    lines.push(line);
    response.write(`${line}\n`);
  };
  const take = (line: string) => {
    if (mode === 'pass') send(line);
    if (mode !== 'cut') return;
    mode = 'silent';
    response.write(line.slice(0, Math.ceil(line.length / 2)), () => setImmediate(over));
  };
  upstream.setEncoding('utf8').on('data', (text: string) => {
    const pieces = (begun + text).split('\n');
    begun = pieces.pop() ?? '';
    for (const line of pieces) take(line);
  });
  upstream.once('error', over);
  upstream.once('end', () => {
    if (mode !== 'silent') response.end();
  });
  response.once('close', () => upstream.destroy());
  response.flushHeaders();
  return {
    request,
    lines,
    get isOpen() {
      return !response.destroyed && !response.writableEnded;
    },
    silence: () => {
      mode = 'silent';
    },
    cutNextLine: () => {
      mode = 'cut';
    },
    reset: over,
    end: () => {
      upstream.destroy();
      response.end();
    },
    say: send,
  };
}
