/** What the operating system gives a command: made once in main.ts, given to everything below. */
import type { Settings } from '../config/settings.ts';
import type { Variables } from '../config/surroundings.ts';
import type { ClusterAccess } from '../kube/kubeconfig.ts';
import { Failure } from '../lib/failure.ts';
import { jsonLog, type Log, textLog } from '../lib/log.ts';
import type { Redactor } from '../lib/redact.ts';
import { columnsOf, withoutInvisible, wrapLine, wrapMessage } from '../lib/terminal-text.ts';
import { version } from '../lib/version.ts';
import { styleFor } from './style.ts';

export interface Environment {
  readonly env: Variables;
  /** The words that start this program: `npm start --`, or its name. */
  readonly program: readonly string[];
  readonly stdout: NodeJS.WriteStream;
  readonly stderr: NodeJS.WriteStream;
  readonly signal: AbortSignal;
}

export const outputFormats = ['text', 'wide', 'name', 'json', 'yaml'] as const;
export type OutputFormat = (typeof outputFormats)[number];

export const userAgent = `credentials-updater/${version}`;

/** Text on a terminal, JSON elsewhere, unless --output says otherwise. */
export function outputFormat({ stdout }: Environment, wanted: string | undefined): OutputFormat {
  // Which of them a command has is checked where its flags are read.
  const known = outputFormats.find((format) => format === wanted);
  if (known !== undefined) return known;
  if (wanted !== undefined) throw new Failure('usage', `--output ${wanted} is not known: ${outputFormats.join(', ')}`);
  return stdout.isTTY ? 'text' : 'json';
}

/** The log of a command: JSON lines on stdout, or short lines for people on stderr. */
export function openLog(
  { stdout, stderr }: Environment,
  settings: Settings,
  format: OutputFormat,
  redactor: Redactor,
): Log {
  const options = { level: settings.logLevel, redactor };
  return format === 'json'
    ? jsonLog({ ...options, write: (text) => void stdout.write(text) })
    : textLog({ ...options, write: (text) => void stderr.write(wrapMessage(text, columnsOf(stderr), 2)) });
}

const named = new WeakSet<Environment>();

/** What is said once, before anything is done, to anyone who looks: which cluster this is about. */
export function nameCluster(environment: Environment, { server, source, userName }: ClusterAccess): void {
  const { stderr } = environment;
  if (!stderr.isTTY || named.has(environment)) return;
  named.add(environment);
  const who = userName === undefined ? '' : `, user ${userName}`;
  const text = withoutInvisible(`${server.origin}, ${source}${who}`);
  stderr.write(`${styleFor(stderr)('dim', wrapLine(text, columnsOf(stderr), 2))}\n`);
}
