/**
 * What can go wrong, as one class: a kind that decides the exit code, a sentence for the operator, and a hint that says
 * what to do next. Anyone who catches a foreign error wraps it here once, with its cause; nobody prints foreign errors,
 * because those of HTTP clients carry headers and bodies.
 */

import { inEach, inLanguage, type Text } from './message.ts';
import { generalMessages } from './messages/general.ts';

/** Exit codes of the program: a contract (docs/commands.md), read by the CronJob's podFailurePolicy. */
export const exitCodes = {
  done: 0,
  failed: 1,
  usage: 2,
  partial: 3,
  refused: 4,
  locked: 5,
  changesPending: 10,
  interrupted: 130,
  terminated: 143,
} as const;

export type ErrorKind =
  /** Bad flags, environment or files: the operator's side, before anything was sent. */
  | 'usage'
  /** The directory's answer is missing or malformed. */
  | 'directory'
  /** The Kubernetes API refused or failed. */
  | 'cluster'
  /** A token isn't what it should be. */
  | 'token'
  /** The delivery wasn't acknowledged. */
  | 'delivery'
  /** A member's login to the club's site is missing, wrong or over. */
  | 'login'
  /** The club's site, asked by a member, refused or failed. */
  | 'site'
  /** Operators could not be notified of a run: only ever a warning. */
  | 'notification'
  /** A well-formed but implausible directory, or a plan that no longer holds. */
  | 'refused'
  /** The run lock is held by someone else, or was lost. */
  | 'lock'
  /** Stopped by a signal. */
  | 'aborted'
  /** A step or the run took longer than its deadline. */
  | 'deadline'
  /** Our own bug. */
  | 'internal';

const exitCodeOfKind: Record<ErrorKind, number> = {
  usage: exitCodes.usage,
  directory: exitCodes.failed,
  cluster: exitCodes.failed,
  token: exitCodes.failed,
  delivery: exitCodes.failed,
  login: exitCodes.failed,
  site: exitCodes.failed,
  notification: exitCodes.failed,
  refused: exitCodes.refused,
  lock: exitCodes.locked,
  aborted: exitCodes.terminated,
  deadline: exitCodes.failed,
  internal: exitCodes.failed,
};

export interface FailureOptions {
  /** What the operator can do next: a sentence, or a command to copy. */
  hint?: Text;
  cause?: unknown;
  /** Whether the same request may succeed if sent again. Decided where the failure is recognised, used by retry.ts. */
  transient?: boolean;
  /** How long the other side asked to wait, in milliseconds (Retry-After). */
  retryAfterMs?: number;
  /** The HTTP status that was answered, when there was an answer. */
  status?: number;
  /** The machine-readable reason of a Kubernetes Status, such as `AlreadyExists`. */
  reason?: string;
  /** Overrides the kind's exit code. */
  exitCode?: number;
  /** Whether it was said already, so that whoever ends the program by it says nothing. */
  isSaid?: boolean;
}

/**
 * A failure that an operator can read: `message` says what happened, to what and why; `hint` says what to do. Both are in
 * English, for logs and JSON; `said` and `advised` are the same in every language, for people.
 */
export class Failure extends Error {
  readonly kind: ErrorKind;
  readonly hint: string | undefined;
  readonly said: Text;
  readonly advised: Text | undefined;
  readonly transient: boolean;
  readonly retryAfterMs: number | undefined;
  readonly status: number | undefined;
  readonly reason: string | undefined;
  readonly exitCode: number;
  readonly isSaid: boolean;

  constructor(kind: ErrorKind, message: Text, options: FailureOptions = {}) {
    super(inLanguage(message, 'en'), options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'Failure';
    this.kind = kind;
    this.hint = options.hint === undefined ? undefined : inLanguage(options.hint, 'en');
    this.said = message;
    this.advised = options.hint;
    this.transient = options.transient ?? false;
    this.retryAfterMs = options.retryAfterMs;
    this.status = options.status;
    this.reason = options.reason;
    this.isSaid = options.isSaid ?? false;
    this.exitCode = options.exitCode ?? exitCodeOfKind[kind];
  }
}

/** Any thrown value as a Failure; what isn't one already is our own bug and says so, without a stack trace. */
export function toFailure(error: unknown): Failure {
  if (error instanceof Failure) return error;
  const text = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  return new Failure('internal', generalMessages.unexpected({ error: text }), {
    cause: error,
    hint: generalMessages.reportBug(),
  });
}

/** What went wrong, without the advice that Node.js adds after a semicolon, which is for programmers. */
export function firstSentence({ message }: Error): string {
  return message.split(/;|\n/, 1)[0] ?? message;
}

/** Failure with a sentence around it, keeping its kind, hint and status: the one way to add context. */
export function withContext(context: Text, error: unknown): Failure {
  const failure = toFailure(error);
  const said = inEach((language) => `${inLanguage(context, language)}: ${inLanguage(failure.said, language)}`);
  return new Failure(failure.kind, said, {
    cause: failure,
    exitCode: failure.exitCode,
    transient: failure.transient,
    ...(failure.advised === undefined ? {} : { hint: failure.advised }),
    ...(failure.status === undefined ? {} : { status: failure.status }),
    ...(failure.reason === undefined ? {} : { reason: failure.reason }),
    ...(failure.retryAfterMs === undefined ? {} : { retryAfterMs: failure.retryAfterMs }),
  });
}

/** A failure that every further call of a run would meet as well: no right, or the lock is gone. */
export function isSystemic(error: unknown): boolean {
  return (
    error instanceof Failure &&
    (error.status === 403 || error.status === 401 || error.kind === 'lock' || error.kind === 'usage')
  );
}
