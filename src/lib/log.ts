/**
 * What a run says while it works: JSON lines for machines, plain lines for a terminal. Both go through the redactor, the
 * second line of defence behind the Secret type (P5).
 */
import { pino } from 'pino';
import type { Redactor } from './redact.ts';

export type LogLevel = 'debug' | 'info' | 'warn' | 'error';
export type LogFields = Readonly<Record<string, string | number | boolean | null | undefined | readonly string[]>>;

export interface Log {
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
}

export interface LogOptions {
  readonly level: LogLevel;
  readonly write: (text: string) => void;
  readonly redactor: Redactor;
}

/** One JSON object a line: `level`, `time` (ISO 8601), `msg`, and the fields. */
export function jsonLog({ level, write, redactor }: LogOptions): Log {
  const logger = pino(
    {
      level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
    },
    { write: (line: string) => write(redactor.redact(line)) },
  );
  return {
    debug: (message, fields = {}) => logger.debug(fields, message),
    info: (message, fields = {}) => logger.info(fields, message),
    warn: (message, fields = {}) => logger.warn(fields, message),
    error: (message, fields = {}) => logger.error(fields, message),
  };
}

const levels: readonly LogLevel[] = ['debug', 'info', 'warn', 'error'];
const marks: Record<LogLevel, string> = { debug: '·', info: '•', warn: '! warning:', error: '✗ error:' };

/** One short line a message, for people; the fields are for machines and left out. */
export function textLog({ level, write, redactor }: LogOptions): Log {
  const line = (at: LogLevel) => (message: string) => {
    if (levels.indexOf(at) >= levels.indexOf(level)) write(redactor.redact(`${marks[at]} ${message}\n`));
  };
  return { debug: line('debug'), info: line('info'), warn: line('warn'), error: line('error') };
}
