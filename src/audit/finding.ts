/** What a check says: how it is, why, and what to run. */
import { en, type Text } from '../lib/message.ts';

export type Status =
  | 'ok'
  /** Works, but somebody should know. */
  | 'warning'
  /** Something that must be in place isn't, or something is open that must not be. */
  | 'failed'
  /** Could not be looked at, mostly for lack of permission. */
  | 'unknown';

export interface Fix {
  /** What this does, where there is more than one way to go: `hand over`; or what to type when it asks. */
  readonly label?: Text;
  /** A command line to copy, or several joined by `&&`. */
  readonly command: string;
}

export interface Finding {
  readonly status: Status;
  readonly message: Text;
  /** Nothing to run where no command can help: then the message says what to do. */
  readonly fixes: readonly Fix[];
  /** What was done to find it, a line each. */
  readonly steps?: readonly Text[];
}

export const ok = (message: Text): Finding => ({ status: 'ok', message, fixes: [] });

/** @param fixes command lines, or labelled ways to go */
export const warning = (message: Text, ...fixes: readonly (string | Fix)[]): Finding =>
  finding('warning', message, fixes);

export const failed = (message: Text, ...fixes: readonly (string | Fix)[]): Finding =>
  finding('failed', message, fixes);

export const unknown = (message: Text, ...fixes: readonly (string | Fix)[]): Finding =>
  finding('unknown', message, fixes);

function finding(status: Status, message: Text, fixes: readonly (string | Fix)[]): Finding {
  return { status, message, fixes: fixes.map((fix) => (typeof fix === 'string' ? { command: fix } : fix)) };
}

/** A finding as data for programs. */
export function findingData({ status, message, fixes, steps }: Finding) {
  return {
    status,
    message: en(message),
    fixes: fixes.map(({ label, command }) => ({ ...(label === undefined ? {} : { label: en(label) }), command })),
    ...(steps === undefined ? {} : { steps: steps.map(en) }),
  };
}

const severity: readonly Status[] = ['ok', 'unknown', 'warning', 'failed'];

/** The gravest of them; `ok` where there is none. */
export function gravest(findings: readonly Finding[]): Status {
  return findings.reduce<Status>(
    (worst, { status }) => (severity.indexOf(status) > severity.indexOf(worst) ? status : worst),
    'ok',
  );
}
