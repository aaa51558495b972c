/** `credentials-updater kubeconfig MEMBER`: a kubeconfig that works; with --cluster-info, what members' login reads. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import type { Command } from 'commander';
import { readSettings, type Settings } from '../config/settings.ts';
import { readSurroundings, type Variables } from '../config/surroundings.ts';
import { type KubeconfigEntry, mergeKubeconfig, renderKubeconfig } from '../kube/kubeconfig-document.ts';
import { systemClock } from '../lib/clock.ts';
import { formatDuration } from '../lib/duration.ts';
import { exitCodes, Failure } from '../lib/failure.ts';
import { localTime } from '../lib/local-time.ts';
import { kubeconfigMessages } from '../lib/messages/kubeconfig.ts';
import { createPrivateFile, updatePrivateFile } from '../lib/private-file.ts';
import { Redactor } from '../lib/redact.ts';
import { shellCommand } from '../lib/shell-command.ts';
import { columnsOf, wrapMessage } from '../lib/terminal-text.ts';
import { clusterInfoText, describeCluster } from '../operator/cluster-info.ts';
import { type MemberKubeconfig, makeMemberKubeconfig } from '../operator/member-kubeconfig.ts';
import { askConfiguredDirectory } from './ask-directory.ts';
import { commandLineOf } from './command-line.ts';
import { type Environment, openLog } from './environment.ts';
import {
  type CommandContext,
  type CommandOptions,
  type CommonFlags,
  commonFlags,
  sourcesOf,
  textOf,
  withClusterFlags,
  withExamples,
  withSettings,
} from './flags.ts';
import { mintRequest, openTarget, registryOf } from './wiring.ts';

export interface KubeconfigFlags extends CommonFlags {
  /** Login id, UUID or ServiceAccount name; undefined with `clusterInfo`. */
  readonly member: string | undefined;
  readonly clusterInfo: boolean;
  readonly name?: string | undefined;
  readonly certificateAuthority?: string | undefined;
  readonly insecureSkipTlsVerify: boolean;
  readonly whenUnreachable?: string | undefined;
  readonly out?: string | undefined;
  readonly merge: boolean;
  readonly use: boolean;
  readonly replace: boolean;
}

export function addKubeconfigCommand(program: Command, { environment, end }: CommandContext): void {
  const command = program
    .command('kubeconfig')
    .summary('make a kubeconfig for one member, or describe the cluster')
    .description(
      "Makes a kubeconfig that works for one member: a fresh token of their ServiceAccount, the API server's address as members see it, and the cluster's CA. It is printed, or written to a file that only you can read; merged into a kubeconfig that exists, it leaves everything else there as it is. The token lives as long as any other, and dies with the account.\n\nWith --cluster-info it prints the public description of the cluster instead (name, address, CA; no credential), which members give to their `login`.",
    )
    .argument('[member]', 'login id, UUID or ServiceAccount name')
    .option('--cluster-info', 'print the public description of the cluster, as JSON, instead')
    .option('--out <file>', 'write to this file, readable by you alone; it must not exist yet')
    .option('--merge', 'with --out: merge into that file, keeping all that is in it')
    .option('--use', 'with --merge: make the new context the current one')
    .option('--replace', 'with --merge: replace entries of the same name that are not ours')
    .option('--name <name>', "the cluster's name in the kubeconfig (the one in yours, else pks)")
    .option(
      '--when-unreachable <text>',
      "with --cluster-info: what members are told who can't reach the cluster, such as that it needs the VPN",
    )
    .option('--certificate-authority <file>', "the cluster's CA in PEM (the one in your kubeconfig)")
    .option('--insecure-skip-tls-verify', 'believe any server: for a test cluster only')
    .action(async (member: string | undefined, options: CommandOptions) => {
      const isSet = (name: string) => options[name] === true;
      end(
        await kubeconfigCommand(environment, {
          ...commonFlags(program, options),
          member,
          clusterInfo: isSet('clusterInfo'),
          name: textOf(options['name']),
          certificateAuthority: textOf(options['certificateAuthority']),
          insecureSkipTlsVerify: isSet('insecureSkipTlsVerify'),
          whenUnreachable: textOf(options['whenUnreachable']),
          out: textOf(options['out']),
          merge: isSet('merge'),
          use: isSet('use'),
          replace: isSet('replace'),
        }),
      );
    });
  withSettings(withClusterFlags(command), [
    'POOLC_API_ENDPOINT',
    'POOLC_API_KEY_FILE',
    'TARGET_NAMESPACE',
    'POD_NAMESPACE',
    'CLUSTER_PUBLIC_SERVER',
    'TOKEN_LIFETIME',
    'TOKEN_AUDIENCES',
    'LOG_LEVEL',
  ]);
  withExamples(
    command,
    [
      ['For kim, to be sent over a safe way', 'credentials-updater kubeconfig kim --out ~/kim.yaml'],
      [
        'See what kim sees',
        'credentials-updater kubeconfig kim --out ~/.kube/config --merge\n  $ kubectl --context kim@pks get namespaces',
      ],
      ['What members log in with', 'credentials-updater kubeconfig --cluster-info > pks.json'],
    ],
    {
      0: 'done',
      1: 'the cluster could not be read, or made no token',
      2: 'nobody is meant, or has no account; a file is in the way; bad usage',
    },
  );
}

/** @returns the exit code */
async function kubeconfigCommand(environment: Environment, flags: KubeconfigFlags): Promise<number> {
  checkFlags(flags);
  const { env, stdout, stderr, signal } = environment;
  const settings = readSettings(env, { ...sourcesOf(flags), defaults: { LOG_LEVEL: 'warn' } });
  const redactor = new Redactor();
  const log = openLog(environment, settings, 'text', redactor);
  const target = await openTarget(environment, settings, { log, redactor, cluster: flags });
  const { client } = target;
  try {
    const cluster = describeCluster(client.access, {
      name: flags.name,
      insecureSkipTlsVerify: flags.insecureSkipTlsVerify,
      certificateAuthority: readCertificateAuthority(flags.certificateAuthority),
      publicServer: settings.cluster.server,
      inPod: settings.inPod,
    });
    if (flags.member === undefined) {
      stdout.write(clusterInfoText(cluster, flags.whenUnreachable));
      return exitCodes.done;
    }
    const directory = await askConfiguredDirectory(environment, settings, { redactor, log });
    const context = {
      target,
      registry: registryOf(settings),
      removalPolicy: settings.removalPolicy,
      request: mintRequest(settings),
      clock: systemClock,
      random: Math.random,
      redactor,
      signal,
      commandLine: commandLineOf(environment, flags, client.access),
    };
    const made = await makeMemberKubeconfig(context, flags.member, { directory, cluster });
    await put(made.entry, flags, stdout);
    const said = [summary(made, settings, client.serverTime ?? systemClock.now()), ...howToUse(flags, made.entry, env)];
    for (const line of said) stderr.write(`${wrapMessage(line, columnsOf(stderr), 2)}\n`);
    return exitCodes.done;
  } finally {
    client.close();
  }
}

/** The command that uses the file that was written. */
function howToUse({ out, merge, use }: KubeconfigFlags, { contextName }: KubeconfigEntry, env: Variables): string[] {
  if (out === undefined) return [];
  const isRead = readSurroundings(env).kubeconfigs.some((file) => path.resolve(file) === path.resolve(out));
  const words = [
    ...(isRead ? [] : ['--kubeconfig', out]),
    // In a file of its own it is the current one.
    ...(merge && !use ? ['--context', contextName] : []),
  ];
  return [`use it:\n${shellCommand(['kubectl', ...words, 'get', 'namespaces'])}`];
}

/** Not through the redactor: the token is what was asked for. */
async function put(
  entry: KubeconfigEntry,
  { out, merge, use, replace }: KubeconfigFlags,
  stdout: NodeJS.WriteStream,
): Promise<void> {
  if (out === undefined) stdout.write(renderKubeconfig(entry));
  else if (!merge) await createPrivateFile(out, renderKubeconfig(entry), kubeconfigMessages.orMerge());
  else
    await updatePrivateFile(out, (existing) =>
      mergeKubeconfig(existing, entry, { file: out, makeCurrent: use, replace }),
    );
}

/** @throws Failure (usage) for flags that say nothing together */
function checkFlags({ member, clusterInfo, whenUnreachable, ...flags }: KubeconfigFlags): void {
  const { out, merge, use, replace, insecureSkipTlsVerify } = flags;
  const forOne = 'kim --out ~/kim.yaml';
  const forEverybody = '--cluster-info > pks.json';
  const merged = 'kim --merge --out ~/.kube/config';
  const problems: readonly (readonly [is: boolean, what: string, example: string])[] = [
    [member === undefined && !clusterInfo, 'nobody is named: whose kubeconfig?', forOne],
    [
      member !== undefined && clusterInfo,
      '--cluster-info describes the cluster for everybody, not for one member',
      forEverybody,
    ],
    [whenUnreachable !== undefined && !clusterInfo, '--when-unreachable goes with --cluster-info', forEverybody],
    [clusterInfo && out !== undefined, '--cluster-info prints; it does not go with --out', forEverybody],
    [clusterInfo && insecureSkipTlsVerify, '--cluster-info does not go with --insecure-skip-tls-verify', forEverybody],
    [merge && out === undefined, '--merge needs the file to merge into (--out)', merged],
    [use && !merge, '--use goes with --merge', merged],
    [replace && !merge, '--replace goes with --merge', merged],
  ];
  const problem = problems.find(([is]) => is);
  if (problem === undefined) return;
  const [, what, example] = problem;
  throw new Failure('usage', what, { hint: `for example: credentials-updater kubeconfig ${example}` });
}

function readCertificateAuthority(file: string | undefined): string | undefined {
  if (file === undefined) return undefined;
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new Failure('usage', `the CA file ${file} can't be read`, { cause: error });
  }
}

function summary(
  { entry, account, expiresAt, grantedSeconds }: MemberKubeconfig,
  settings: Settings,
  now: number,
): string {
  const less =
    grantedSeconds < settings.token.lifetime ? ` (${formatDuration(settings.token.lifetime)} were asked for)` : '';
  return `context ${entry.contextName}: the token of ${settings.accounts.namespace}/${account} expires at ${localTime(expiresAt)}, in ${formatDuration(Math.floor((expiresAt - now) / 1_000))}${less}`;
}
