/** `credentials-updater preflight`: is everything in place, and closed that must be closed? */
import type { Command } from 'commander';
import type { Commands } from '../audit/commands.ts';
import { readApiKey } from '../config/poolc.ts';
import { isGiven, readSettings } from '../config/settings.ts';
import { readSurroundings } from '../config/surroundings.ts';
import type { ClusterAccess } from '../kube/kubeconfig.ts';
import { systemClock } from '../lib/clock.ts';
import { exitCodes } from '../lib/failure.ts';
import { Redactor } from '../lib/redact.ts';
import { commandTemplate } from '../lib/shell-command.ts';
import { columnsOf } from '../lib/terminal-text.ts';
import { resultData, runPreflight } from '../preflight/preflight.ts';
import { commandLineOf } from './command-line.ts';
import { documentText, isDocument } from './document.ts';
import { type Environment, openLog, outputFormat, userAgent } from './environment.ts';
import {
  type CommandContext,
  type CommandOptions,
  type CommonFlags,
  commonFlags,
  outputOption,
  sourcesOf,
  textOf,
  withClusterFlags,
  withExamples,
  withFileFlag,
  withSettings,
} from './flags.ts';
import { withMemberSync } from './member-sync-by-name.ts';
import { openDirectory } from './open-directory.ts';
import { renderPreflight } from './render-preflight.ts';
import { styleFor } from './style.ts';
import { openCluster } from './wiring.ts';

/** Those that a check looks at; the rest of the CronJob's are only checked for being usable. */
const settingNames = [
  'POOLC_API_ENDPOINT',
  'POOLC_API_KEY_FILE',
  'TARGET_NAMESPACE',
  'POD_NAMESPACE',
  'TOKEN_LIFETIME',
  'MIN_MEMBERS',
  'LOG_LEVEL',
];

/** PKS's, and the one of deploy/argocd. */
const defaultOperatorProjects = 'admin-proj,poolc-system-proj,credentials-updater';

export interface PreflightFlags extends CommonFlags {
  readonly probe: boolean;
  readonly leavers: boolean;
  /** The kustomization that deploys the updater. */
  readonly overlay: string;
  /** The kustomization of the members' policies; found out unless given. */
  readonly policies?: string | undefined;
  readonly operatorProjects: readonly string[];
}

export function addPreflightCommand(program: Command, { environment, end }: CommandContext): void {
  const command = program
    .command('preflight')
    .summary('is everything in place, and what is open that must not be')
    .description(
      "Looks at everything that a sync and the members' access rest on, one line a check, with the reason and the command that fixes it. Changes nothing, but for the throw-away account of --probe. What is not set here is taken from the CronJob on the cluster. What may not be read is unknown, not wrong.",
    )
    .addOption(outputOption(['text', 'json', 'yaml']))
    .option('--probe', 'act as a fresh member: a throw-away account, and attempts that change nothing')
    .option('--leavers', 'list what still names members who left, and what they left in their namespaces')
    .option(
      '--overlay <path>',
      'kustomization that deploys the updater, for the commands',
      'deploy/overlays/production',
    )
    .option('--policies <path>', "kustomization of the members' policies, for the commands (found out)")
    .option(
      '--operator-projects <names>',
      `AppProjects of Argo CD that no member deploys through, comma-separated (${defaultOperatorProjects.replaceAll(',', ', ')})`,
    )
    .action(async (options: CommandOptions) => {
      end(
        await preflightCommand(environment, {
          ...commonFlags(program, options),
          probe: options['probe'] === true,
          leavers: options['leavers'] === true,
          overlay: textOf(options['overlay']) ?? 'deploy/overlays/production',
          policies: textOf(options['policies']),
          operatorProjects: (textOf(options['operatorProjects']) ?? defaultOperatorProjects)
            .split(',')
            .map((name) => name.trim()),
        }),
      );
    });
  withSettings(withFileFlag(withClusterFlags(command)), settingNames);
  withExamples(
    command,
    [
      ['Before the first deployment, and after any change', 'credentials-updater preflight'],
      ['Attack the cluster as a member would', 'credentials-updater preflight --probe'],
      ["After the semester's change of members", 'credentials-updater preflight --leavers'],
      [
        'The commands that fix what failed',
        "credentials-updater preflight -o json | jq -r '.checks[].findings[].fixes[].command'",
      ],
    ],
    { 0: 'nothing failed', 1: 'something failed', 2: 'bad configuration or usage' },
  );
}

/** @returns the exit code */
async function preflightCommand(environment: Environment, given: PreflightFlags): Promise<number> {
  const flags = await withMemberSync(environment, given);
  const { env, stdout, signal } = environment;
  const settings = readSettings(env, { ...sourcesOf(flags), defaults: { LOG_LEVEL: 'warn' } });
  // A file that was named must be there; the one at the default path only is in a pod.
  if (settings.directory.kind === 'poolc' && isGiven('POOLC_API_KEY_FILE', env, sourcesOf(flags)))
    readApiKey(settings, env);
  const format = outputFormat(environment, flags.output);
  const redactor = new Redactor();
  const log = openLog(environment, settings, 'text', redactor);
  const client = await openCluster(environment, settings, { log, redactor, cluster: flags });
  try {
    const report = await runPreflight({
      env,
      sources: sourcesOf(flags),
      openDirectory: (wanted) => openDirectory(environment, wanted, redactor),
      client,
      clock: systemClock,
      random: Math.random,
      redactor,
      signal,
      userAgent,
      commands: commandsFor(environment, flags, client.access),
      options: { probe: flags.probe, leavers: flags.leavers, operatorProjects: flags.operatorProjects },
    });
    const { server, user, results, counts } = report;
    const text = isDocument(format)
      ? documentText(format, { server, user, counts, checks: results.map(resultData) })
      : renderPreflight(report, {
          style: styleFor(stdout),
          columns: columnsOf(stdout),
          language: readSurroundings(env).language,
        });
    stdout.write(redactor.redact(text));
    return counts.failed > 0 ? exitCodes.failed : exitCodes.done;
  } finally {
    client.close();
  }
}

/** They go to the cluster that was looked at, whatever is current in the shell that they are copied into. */
function commandsFor(environment: Environment, flags: PreflightFlags, access: ClusterAccess): Commands {
  const { overlay, policies } = flags;
  const kubectl = commandTemplate(access.kubectl);
  // A fix is run by a person, who reads what it says, also where a program has read the report.
  const credentialsUpdater = commandLineOf(environment, { ...flags, output: undefined }, access);
  return {
    kubectl,
    credentialsUpdater,
    applyUpdater:
      flags.file === undefined
        ? kubectl`apply -k ${overlay}`
        : `${credentialsUpdater('rbac')} | ${kubectl`apply -f -`}`,
    applyMemberRole: kubectl`apply -k deploy/policies/base`,
    applyPolicies: (variant) => kubectl`apply -k ${policies ?? `deploy/policies/${variant}`}`,
  };
}
