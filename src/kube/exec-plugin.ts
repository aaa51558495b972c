/** Runs an exec credential plugin (client.authentication.k8s.io), as kubectl does, and again when its credential expires. */
import { spawn } from 'node:child_process';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import type { ConnectionOptions } from 'node:tls';
import * as z from 'zod';
import { Failure } from '../lib/failure.ts';
import type { Message, Text } from '../lib/message.ts';
import { kubeconfigLogin as messages } from '../lib/messages/kubeconfig-login.ts';
import { kubeconfigReading } from '../lib/messages/kubeconfig-reading.ts';
import { Secret } from '../lib/secret.ts';
import { withoutInvisible } from '../lib/terminal-text.ts';
import type { Variables } from '../lib/variables.ts';
import { checkToken } from './bearer.ts';
import { checkKeyPair } from './key-pair.ts';

const nonEmpty = z.string().min(1);

/** The `exec` field of a kubeconfig's user. */
export const execPluginSchema = z.object({
  apiVersion: z.string().optional(),
  command: nonEmpty,
  args: z.array(z.string()).nullish(),
  env: z.array(z.object({ name: nonEmpty, value: z.string() })).nullish(),
  provideClusterInfo: z.boolean().optional(),
  interactiveMode: z.string().optional(),
  installHint: z.string().optional(),
});
type ExecConfig = z.infer<typeof execPluginSchema>;

/** What a plugin may be told of the cluster, in the words of its API; empty fields are left out. */
export interface ExecCluster {
  readonly server: string;
  readonly 'tls-server-name'?: string | undefined;
  readonly 'insecure-skip-tls-verify'?: boolean | undefined;
  /** base64 of PEM. */
  readonly 'certificate-authority-data'?: string | undefined;
  readonly 'proxy-url'?: string | undefined;
  readonly 'disable-compression'?: boolean | undefined;
  /** The cluster's extension `client.authentication.k8s.io/exec`. */
  readonly config?: unknown;
}

export interface ExecContext {
  /** The kubeconfig that names the plugin, and the name of its user. */
  readonly file: string;
  readonly user: string;
  readonly cluster: ExecCluster;
  /** What the plugin's environment is made of. */
  readonly variables: Variables;
  /** Whether somebody sits at a terminal. */
  readonly terminal: boolean;
  /** Ends the plugin, now or when it is run again. */
  readonly signal: AbortSignal;
}

/** What a plugin gave. At least one of token and certificate is there. */
export interface ExecLogin {
  readonly token: Secret | undefined;
  readonly tls: Pick<ConnectionOptions, 'cert' | 'key'>;
  /** Wall-clock time in milliseconds; undefined when it doesn't say. */
  readonly expiresAt: number | undefined;
}

/** The plugin was run, and has said on stderr what it had to say: running it again says that again. */
export class CredentialPluginFailure extends Failure {}

const knownVersions = ['client.authentication.k8s.io/v1', 'client.authentication.k8s.io/v1beta1'];
/** Nobody is asked anything, so that it has no reason to take longer. */
const unattendedTimeoutMs = 60_000;

const credentialSchema = z.object({
  kind: z.literal('ExecCredential').optional(),
  apiVersion: z.string(),
  status: z
    .object({
      token: z.string().nullish(),
      clientCertificateData: z.string().nullish(),
      clientKeyData: z.string().nullish(),
      expirationTimestamp: z.string().nullish(),
    })
    .nullish(),
});

export class ExecPlugin {
  readonly #run: () => Promise<ExecLogin>;
  #login: ExecLogin;
  #renewing: Promise<ExecLogin> | undefined;

  private constructor(run: () => Promise<ExecLogin>, login: ExecLogin) {
    this.#run = run;
    this.#login = login;
  }

  /** Runs the plugin for the first time. @throws Failure (usage) without a word of what it printed */
  static async start(config: ExecConfig, context: ExecContext): Promise<ExecPlugin> {
    const run = () => runPlugin(config, context);
    return new ExecPlugin(run, await run());
  }

  get login(): ExecLogin {
    return this.#login;
  }

  hasExpired(nowMs: number): boolean {
    return this.#login.expiresAt !== undefined && this.#login.expiresAt < nowMs;
  }

  /** Runs it again; many who ask at once get the answer of one run. @throws Failure (usage) */
  async renew(): Promise<ExecLogin> {
    this.#renewing ??= this.#run().finally(() => {
      this.#renewing = undefined;
    });
    this.#login = await this.#renewing;
    return this.#login;
  }
}

async function runPlugin(config: ExecConfig, context: ExecContext): Promise<ExecLogin> {
  const { file, user, variables, cluster, signal } = context;
  const { apiVersion, provideClusterInfo, args, env: added } = config;
  // A path is relative to the kubeconfig; a mere name is looked up in PATH.
  const command = config.command.includes(path.sep) ? path.resolve(path.dirname(file), config.command) : config.command;
  const plugin = messages.plugin({ command, file });
  if (apiVersion === undefined || !knownVersions.includes(apiVersion))
    throw new Failure('usage', messages.pluginVersion({ file, user, version: apiVersion ?? 'no apiVersion' }), {
      hint: messages.knownVersions({ versions: knownVersions }),
    });
  const interactive = isInteractive(config, context);
  const info = {
    apiVersion,
    kind: 'ExecCredential',
    spec: { interactive, ...(provideClusterInfo === true ? { cluster } : {}) },
  };
  const extra = Object.fromEntries((added ?? []).map(({ name, value }) => [name, value]));
  const output = await runProgram(command, args ?? [], {
    env: { ...variables, ...extra, KUBERNETES_EXEC_INFO: JSON.stringify(info) },
    signal,
    interactive,
    plugin,
    installHint: config.installHint,
  });
  return parseLogin(output, apiVersion, plugin);
}

function isInteractive({ apiVersion, interactiveMode }: ExecConfig, { file, user, terminal }: ExecContext): boolean {
  const mode = interactiveMode || (apiVersion?.endsWith('v1beta1') === true ? 'IfAvailable' : undefined);
  switch (mode) {
    case 'Never':
      return false;
    case 'IfAvailable':
      return terminal;
    case 'Always':
      if (terminal) return true;
      throw new Failure('usage', messages.pluginNeedsTerminal({ file, user }), { hint: messages.runInTerminal() });
    case undefined:
    default:
      throw new Failure(
        'usage',
        mode === undefined
          ? messages.noInteractiveMode({ file, user })
          : messages.unknownInteractiveMode({ file, user }),
        { hint: messages.setInteractiveMode() },
      );
  }
}

interface ProgramOptions {
  readonly env: Variables;
  readonly signal: AbortSignal;
  readonly interactive: boolean;
  readonly plugin: Text;
  readonly installHint: string | undefined;
}

/**
 * What it prints on stdout. Its stderr is ours, as with kubectl: there it says what it wants. Once it is stopped, nothing
 * that it has started is waited for.
 */
async function runProgram(command: string, args: readonly string[], options: ProgramOptions): Promise<string> {
  const { env, signal, interactive, plugin, installHint } = options;
  signal.throwIfAborted();
  const bad = (said: Message, hint: Text = kubeconfigReading.worksWithKubectl(), cause?: unknown) =>
    new CredentialPluginFailure('usage', said, { hint, cause });
  const child = spawn(command, args, { env, stdio: [interactive ? 'inherit' : 'ignore', 'pipe', 'inherit'] });
  const ended = Promise.withResolvers<void>();
  const output = text(child.stdout);
  output.catch(ended.reject);
  child.once('error', (error) => {
    const missing = 'code' in error && error.code === 'ENOENT';
    const hint = installHint ? withoutInvisible(installHint) : undefined;
    ended.reject(bad(missing ? messages.pluginMissing({ plugin }) : messages.pluginNotRun({ plugin }), hint, error));
  });
  child.once('close', (code, by) => {
    if (code === 0) ended.resolve();
    else
      ended.reject(
        bad(
          code === null
            ? messages.pluginStopped({ plugin, signal: by ?? 'a signal' })
            : messages.pluginFailed({ plugin, code }),
        ),
      );
  });
  const stop = (reason: unknown) => {
    ended.reject(reason);
    child.kill();
    child.stdout.destroy();
    child.unref();
  };
  const onAbort = () => stop(signal.reason);
  signal.addEventListener('abort', onAbort, { once: true });
  const seconds = unattendedTimeoutMs / 1_000;
  const timer = interactive
    ? undefined
    : setTimeout(() => stop(bad(messages.pluginTooSlow({ plugin, seconds }))), unattendedTimeoutMs);
  try {
    await ended.promise;
    return await output;
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', onAbort);
  }
}

function parseLogin(output: string, apiVersion: string, plugin: Message): ExecLogin {
  const bad = (said: Message, cause?: unknown) =>
    new Failure('usage', said, { cause, hint: kubeconfigReading.worksWithKubectl() });
  let printed: z.infer<typeof credentialSchema>;
  try {
    printed = credentialSchema.parse(JSON.parse(output));
  } catch (error) {
    throw bad(messages.noExecCredential({ plugin }), error);
  }
  if (printed.apiVersion !== apiVersion) throw bad(messages.otherApiVersion({ plugin, version: apiVersion }));
  const { token, clientCertificateData: cert, clientKeyData: key, expirationTimestamp } = printed.status ?? {};
  if (!token && !cert && !key) throw bad(messages.gaveNothing({ plugin }));
  if (!cert !== !key) throw bad(messages.gaveHalf({ plugin }));
  const expiresAt = expirationTimestamp ? Date.parse(expirationTimestamp) : undefined;
  if (expiresAt !== undefined && Number.isNaN(expiresAt)) throw bad(messages.noTime({ plugin }));
  if (cert && key) checkKeyPair({ cert, key }, plugin);
  return {
    token: token ? new Secret(checkToken(token, messages.tokenOf({ whose: plugin }))) : undefined,
    tls: cert && key ? { cert, key } : {},
    expiresAt,
  };
}
