/** What a member's command gets from the computer it runs on. Made in one place; a test gives its own clock and home. */
import { homedir } from 'node:os';
import { proxyVariables } from '../http/proxy.ts';
import { type Clock, systemClock } from '../lib/clock.ts';
import { type Language, languageOf, languageVariables } from '../lib/message.ts';
import { pickVariables } from '../lib/variables.ts';

const variables = [
  ...proxyVariables,
  ...languageVariables,
  'APPDATA',
  'KUBECONFIG',
  'KUBERNETES_EXEC_INFO',
  'LOCALAPPDATA',
  'PATH',
  'XDG_CACHE_HOME',
  'XDG_CONFIG_HOME',
] as const;
/** Every variable that a member's command reads. */
export type MemberVariables = Readonly<Partial<Record<(typeof variables)[number], string>>>;

export interface MemberEnvironment {
  readonly env: MemberVariables;
  readonly language: Language;
  readonly platform: NodeJS.Platform;
  readonly home: string;
  readonly stdin: NodeJS.ReadableStream & { readonly isTTY?: boolean };
  readonly stdout: TextOutput;
  readonly stderr: TextOutput;
  readonly signal: AbortSignal;
  readonly clock: Clock;
  /** The process that started this one: kubectl, when this is its plugin. */
  readonly parentPid: number;
  /** How this program was started: Node's path, and the file that it runs; of a single executable only its own path. */
  readonly program: {
    readonly node: string;
    readonly script: string | undefined;
    /** The words that start it, where they are known; else they are found out when a message needs them. */
    readonly words?: readonly string[] | undefined;
  };
}

export interface TextOutput {
  readonly isTTY?: boolean;
  readonly columns?: number;
  write(text: string): unknown;
}

/** Put in by the bundler where Node and the program are one file (dev/executables). */
declare const SINGLE_EXECUTABLE: boolean | undefined;
const isSingleExecutable = typeof SINGLE_EXECUTABLE === 'boolean' && SINGLE_EXECUTABLE;

export function memberEnvironment(signal: AbortSignal, words?: readonly string[]): MemberEnvironment {
  const env = pickVariables(process.env, variables);
  return {
    env,
    language: languageOf(env),
    platform: process.platform,
    home: homedir(),
    stdin: process.stdin,
    stdout: process.stdout,
    stderr: process.stderr,
    signal,
    clock: systemClock,
    parentPid: process.ppid,
    program: { node: process.execPath, script: isSingleExecutable ? undefined : (process.argv[1] ?? ''), words },
  };
}
