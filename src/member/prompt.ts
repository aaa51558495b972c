/** Asks a person at the terminal, or reads the answers from a pipe, one a line. */
import { createInterface } from 'node:readline';
import { Writable } from 'node:stream';
import { exitCodes, Failure } from '../lib/failure.ts';
import type { Message } from '../lib/message.ts';
import { loginMessages } from '../lib/messages/member-login.ts';
import type { MemberEnvironment } from './environment.ts';

export interface Prompt {
  /** One line of what was typed or piped. `hidden`: nothing of it is shown. @throws Failure (aborted) on Ctrl-C or the end */
  ask(question: Message, options?: { hidden?: boolean }): Promise<string>;
  close(): void;
}

/** Questions go to stderr, so that stdout holds results alone. */
export function openPrompt({
  stdin,
  stderr,
  language,
}: Pick<MemberEnvironment, 'stdin' | 'stderr' | 'language'>): Prompt {
  const terminal = stdin.isTTY === true;
  let muted = false;
  const echo = new Writable({
    write(chunk: Buffer, _encoding, done) {
      if (!muted) stderr.write(chunk.toString());
      done();
    },
  });
  // No history: a password must not come back with the arrow keys, nor be kept.
  const lines = createInterface({ input: stdin, output: echo, terminal, historySize: 0 });
  const answers = lines[Symbol.asyncIterator]();
  const interrupted = Promise.withResolvers<never>();
  interrupted.promise.catch(() => undefined);
  lines.once('SIGINT', () => {
    stderr.write('\n');
    interrupted.reject(new Failure('aborted', loginMessages.stopped(), { exitCode: exitCodes.interrupted }));
  });
  return {
    async ask(asked, { hidden = false } = {}) {
      const question = asked[language];
      if (terminal) stderr.write(question);
      muted = hidden;
      try {
        const answer = await Promise.race([answers.next(), interrupted.promise]);
        if (answer.done !== true) return answer.value;
        throw new Failure('aborted', loginMessages.inputEnded({ question: question.trim() }), {
          exitCode: exitCodes.usage,
        });
      } finally {
        muted = false;
        // The Enter that ended a hidden line wasn't shown either.
        if (terminal && hidden) stderr.write('\n');
      }
    },
    close: () => lines.close(),
  };
}
