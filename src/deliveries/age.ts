/** Encryption to a member's keys, by the age command (https://age-encryption.org): never cryptography of our own. */
import { spawn } from 'node:child_process';
import { Failure } from '../lib/failure.ts';
import type { Variables } from '../lib/variables.ts';

/** The reason of the failure that every further file would meet as well. */
export const ageMissingReason = 'AgeMissing';

const longestOutput = 1024 * 1024;
const deadlineMs = 30_000;

/** What age takes: its own recipients, and SSH keys as GitHub and authorized_keys have them. The comment is left out. */
const ageRecipient = /^age1[02-9ac-hj-np-z]{58}$/;
const sshKey = /^(ssh-ed25519|ssh-rsa) ([A-Za-z0-9+/]{50,3000}={0,2})(?:\s.*)?$/s;

/** The recipients among the keys, as age is given them; the others are kinds that it can't encrypt to. */
export function recipientsOf(keys: readonly string[]): string[] {
  return keys.flatMap((key) => {
    const text = key.trim();
    if (ageRecipient.test(text)) return [text];
    const [, kind, body] = sshKey.exec(text) ?? [];
    return kind === undefined || body === undefined ? [] : [`${kind} ${body}`];
  });
}

/** The age command, and all that it gets of the environment. */
export interface AgeProgram {
  /** Its name or path. */
  readonly command: string;
  /** No setting of ours, and none of the secrets that may stand beside them. */
  readonly env: Variables;
}

/** @throws Failure (delivery) where it is not there */
export async function requireAge({ command, env }: AgeProgram, signal: AbortSignal): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const child = spawn(command, ['--version'], {
    stdio: 'ignore',
    env: { ...env },
    signal: AbortSignal.any([signal, AbortSignal.timeout(deadlineMs)]),
  });
  child.once('error', (error) => reject(signal.aborted ? signal.reason : unusable(command, error)));
  // Whatever it says of its version: it can be started.
  child.once('close', () => resolve());
  return promise;
}

/**
 * The text, encrypted to each of the recipients, as ASCII armor. The text goes through a pipe, never through a file.
 * @throws Failure (delivery) where age isn't there, or refuses
 */
export async function encryptWithAge(
  text: string,
  { recipients, program, signal }: { recipients: readonly string[]; program: AgeProgram; signal: AbortSignal },
): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const args = ['--encrypt', '--armor', ...recipients.flatMap((recipient) => ['--recipient', recipient])];
  const { command, env } = program;
  const child = spawn(command, args, {
    stdio: ['pipe', 'pipe', 'pipe'],
    env: { ...env },
    signal: AbortSignal.any([signal, AbortSignal.timeout(deadlineMs)]),
  });
  let output = '';
  let complaint = '';
  child.stdout.setEncoding('utf8').on('data', (part: string) => {
    output += part;
    if (output.length > longestOutput) child.kill();
  });
  child.stderr.setEncoding('utf8').on('data', (part: string) => {
    complaint = (complaint + part).slice(0, 1_000);
  });
  child.once('error', (error) => {
    reject(signal.aborted ? signal.reason : unusable(command, error));
  });
  child.once('close', (code) => {
    if (code === 0 && output.startsWith('-----BEGIN AGE ENCRYPTED FILE-----')) resolve(output);
    else reject(refused(command, code, complaint));
  });
  // A program that ends before it has read all is heard of by its exit code.
  child.stdin.on('error', () => undefined);
  child.stdin.end(text);
  return promise;
}

function unusable(command: string, error: Error): Failure {
  if ('code' in error && error.code === 'ENOENT') return ageMissing(command);
  return new Failure('delivery', `${command} could not be run: ${error.message}`, { cause: error });
}

function ageMissing(command: string): Failure {
  return new Failure('delivery', `the command ${command}, which encrypts the files, is not installed`, {
    reason: ageMissingReason,
    hint: 'install age: apt install age, brew install age, or choco install age.portable; then run sync again',
  });
}

/** What age says names keys, and no secret; only its first line is shown. */
function refused(command: string, code: number | null, complaint: string): Failure {
  const said = (complaint.split('\n', 1)[0] ?? '').replaceAll(/\p{Cc}/gu, ' ').slice(0, 200);
  return new Failure('delivery', `${command} refused to encrypt (exit code ${String(code)}): ${said}`);
}
