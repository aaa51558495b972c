/** `credentials-updater certificate NAME`: a client certificate for one person, in a kubeconfig. */
import type { Command } from 'commander';
import { readSettings, type Settings } from '../config/settings.ts';
import { checkLifetime, checkSubject } from '../issuers/certificate.ts';
import { mergeKubeconfig } from '../kube/kubeconfig-document.ts';
import { systemClock } from '../lib/clock.ts';
import { formatDuration, parseDuration } from '../lib/duration.ts';
import { exitCodes, Failure } from '../lib/failure.ts';
import { updatePrivateFile } from '../lib/private-file.ts';
import { Redactor } from '../lib/redact.ts';
import { commandTemplate } from '../lib/shell-command.ts';
import { columnsOf, wrapMessage } from '../lib/terminal-text.ts';
import { type CertificateWorkspace, certificateObjectName, makeCertificate } from '../operator/certificate.ts';
import { describeCluster } from '../operator/cluster-info.ts';
import { type Environment, nameCluster, openLog } from './environment.ts';
import {
  type CommandContext,
  type CommandOptions,
  type CommonFlags,
  commonFlags,
  sourcesOf,
  textOf,
  withClusterFlags,
  withExamples,
  withFileFlag,
  withSettings,
} from './flags.ts';
import { withMemberSync } from './member-sync-by-name.ts';
import { openTarget } from './wiring.ts';

interface CertificateFlags extends CommonFlags {
  readonly name: string;
  readonly groups: readonly string[];
  readonly lifetimeSeconds: number;
  readonly waitSeconds: number;
  readonly workspace: CertificateWorkspace | undefined;
  readonly out: string;
  readonly use: boolean;
  readonly replace: boolean;
}

export function addCertificateCommand(program: Command, { environment, end }: CommandContext): void {
  const command = program
    .command('certificate')
    .summary('make a client certificate for one person, in a kubeconfig')
    .description(
      "Makes a key and a CertificateSigningRequest for the signer kubernetes.io/kube-apiserver-client, approves it with your own rights, and merges a context with the certificate into a kubeconfig that only you can read. For guests and operators; members get tokens. Never for a system: user or group.\n\nA certificate can't be revoked: whoever has it is that user until it expires. So it lives for a day, and what it may do hangs on the RoleBinding: delete that, and it may do nothing.",
    )
    .argument('<name>', 'who it is for: the Kubernetes user name')
    .requiredOption('--out <file>', 'kubeconfig to write, or to merge into, readable by you alone')
    .option('--lifetime <duration>', 'how long it lives: 10m to 30d', '24h')
    .option('--group <name>', 'a group of this user; may be given several times', collect, [])
    .option('--namespace <name>', 'make this namespace, and a Role and a RoleBinding for the user in it')
    .option('--cluster-role <name>', 'with --namespace: bind this ClusterRole there in place of a Role')
    .option('--wait <duration>', 'how long the signer may take', '1m')
    .option('--use', 'make the new context the current one')
    .option('--replace', 'replace entries of the same name that are not ours')
    .action(async (name: string, options: CommandOptions) => {
      end(await certificateCommand(environment, flagsOf(program, name, options)));
    });
  withSettings(withFileFlag(withClusterFlags(command)), [
    'TARGET_NAMESPACE',
    'POD_NAMESPACE',
    'CLUSTER_PUBLIC_SERVER',
    'LOG_LEVEL',
  ]);
  withExamples(
    command,
    [
      [
        'A guest for a day, in a namespace of their own',
        'credentials-updater certificate kim --namespace lab-kim --out kim.yaml',
      ],
      [
        'The next day: the same again, in the same file',
        'credentials-updater certificate kim --namespace lab-kim --out kim.yaml',
      ],
      ['What it may do ends now', 'kubectl -n lab-kim delete rolebinding certificate:kim'],
    ],
    {
      0: 'made',
      1: 'not approved, not signed, or not what was asked for; no kubeconfig was written',
      2: 'a name that nobody may have; something is in the way; bad configuration or usage',
    },
  );
}

function collect(value: string, before: readonly string[]): string[] {
  return [...before, value];
}

/** @throws Failure (usage) */
function flagsOf(program: Command, name: string, options: CommandOptions): CertificateFlags {
  const groups = Array.isArray(options['group']) ? options['group'].map(String) : [];
  checkSubject({ name, groups });
  const namespace = textOf(options['namespace']);
  const clusterRole = textOf(options['clusterRole']);
  if (namespace === undefined && clusterRole !== undefined)
    throw new Failure('usage', '--cluster-role goes with --namespace', {
      hint: `for example: credentials-updater certificate ${name} --namespace lab-kim --cluster-role edit --out kim.yaml`,
    });
  if (namespace !== undefined && !/^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/.test(namespace))
    throw new Failure('usage', '--namespace is not a name that a namespace can have', {
      hint: 'a-z, 0-9 and hyphens, such as lab-kim',
    });
  return {
    ...commonFlags(program, options),
    name,
    groups,
    lifetimeSeconds: checkLifetime(parseDuration(textOf(options['lifetime']) ?? '')),
    waitSeconds: waitOf(textOf(options['wait']) ?? ''),
    workspace: namespace === undefined ? undefined : { namespace, clusterRole },
    out: textOf(options['out']) ?? '',
    use: options['use'] === true,
    replace: options['replace'] === true,
  };
}

function waitOf(text: string): number {
  const seconds = parseDuration(text);
  if (seconds !== undefined && seconds > 0 && seconds <= 3_600) return seconds;
  throw new Failure('usage', '--wait must be from 1s to 1h', { hint: 'for example --wait 2m' });
}

/** @returns the exit code */
async function certificateCommand(environment: Environment, given: CertificateFlags): Promise<number> {
  const flags = await withMemberSync(environment, given);
  const { env, stderr, signal } = environment;
  const { name, groups, workspace, out, use, replace } = flags;
  const settings = readSettings(env, { ...sourcesOf(flags), defaults: { LOG_LEVEL: 'warn' } });
  const redactor = new Redactor();
  const log = openLog(environment, settings, 'text', redactor);
  const { client } = await openTarget(environment, settings, { log, redactor, cluster: flags });
  try {
    nameCluster(environment, client.access);
    const cluster = describeCluster(client.access, {
      name: undefined,
      publicServer: settings.cluster.server,
      certificateAuthority: undefined,
      insecureSkipTlsVerify: false,
      inPod: settings.inPod,
    });
    const made = await makeCertificate(client, {
      subject: { name, groups },
      lifetimeSeconds: flags.lifetimeSeconds,
      waitSeconds: flags.waitSeconds,
      workspace,
      closedNamespaces: closedNamespaces(settings),
      clock: systemClock,
      redactor,
      signal,
    });
    const user = `${name}@${cluster.name}`;
    const entry = {
      cluster,
      user: { name: user, credential: { certificate: made.certificate, key: made.key } },
      contextName: user,
      ...(workspace === undefined ? {} : { namespace: workspace.namespace }),
    };
    await updatePrivateFile(out, (existing) =>
      mergeKubeconfig(existing, entry, { file: out, makeCurrent: use, replace }),
    );
    const at = new Date(made.expiresAt).toISOString().slice(0, 16).replace('T', ' ');
    const left = formatDuration(Math.floor((made.expiresAt - (client.serverTime ?? systemClock.now())) / 1_000));
    const { kubectl } = client.access;
    const lines = [
      ...made.made.map((what) => `made ${what}`),
      `context ${user} in ${out}: the certificate expires at ${at} UTC, in ${left}, and can't be revoked before`,
      workspace === undefined
        ? 'it may do nothing until a RoleBinding names this user; access ends when that is deleted'
        : `to end access before:\n${commandTemplate(kubectl)`-n ${workspace.namespace} delete rolebinding ${certificateObjectName(name)}`}`,
    ];
    for (const line of lines) stderr.write(`${redactor.redact(wrapMessage(line, columnsOf(stderr), 2))}\n`);
    return exitCodes.done;
  } finally {
    client.close();
  }
}

/** Where Secrets or accounts of others are. */
function closedNamespaces({ accounts, metadata, delivery }: Settings): string[] {
  return [accounts.namespace, metadata.namespace, ...(delivery.kind === 'secrets' ? [delivery.namespace] : [])];
}
