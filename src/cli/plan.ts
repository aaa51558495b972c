/** `credentials-updater plan`: what sync would do and why. Reads only. */
import type { Command } from 'commander';
import { directoryAddress, isLocalEndpoint, planPlace, readSettings, type Settings } from '../config/settings.ts';
import { guard } from '../core/guard.ts';
import { buildPlan, hasChanges } from '../core/plan.ts';
import { toPlanDocument } from '../core/plan-file.ts';
import { computeSlack, slackText } from '../core/renewal-margin.ts';
import { fetchMembers } from '../directories/poolc.ts';
import { exitCodes } from '../lib/failure.ts';
import { updatePrivateFile } from '../lib/private-file.ts';
import { columnsOf, wrapLine } from '../lib/terminal-text.ts';
import { readSummary } from '../registry/last-run.ts';
import { observe } from '../sync/observe.ts';
import { type Environment, openRun, outputFormat } from './environment.ts';
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
import { renderPlan } from './render-plan.ts';
import { styleFor } from './style.ts';

export interface PlanFlags extends CommonFlags {
  readonly firstRun: boolean;
  readonly detailedExitcode: boolean;
  /** Where to write the plan, for `sync --plan`. */
  readonly out?: string | undefined;
}

export function addPlanCommand(program: Command, { environment, end }: CommandContext): void {
  const command = program
    .command('plan')
    .summary('show what sync would do and why; change nothing')
    .description(
      'Shows what sync would do, one line for each member and account with the reason, the counts, the time that tokens have to spare, and whether the guard would let it happen. Reads the directory and the cluster; changes nothing, and needs no lock.',
    )
    .addOption(outputOption(['text', 'json']))
    .option('--first-run', 'judge as sync --first-run would')
    .option('--out <file>', 'write the plan to this file, without secrets, for sync --plan')
    .option('--detailed-exitcode', 'exit with 10 when changes are pending')
    .action(async (options: CommandOptions) => {
      end(
        await planCommand(environment, {
          ...commonFlags(options),
          firstRun: options['firstRun'] === true,
          detailedExitcode: options['detailedExitcode'] === true,
          out: textOf(options['out']),
        }),
      );
    });
  withSettings(withFileFlag(withClusterFlags(command)));
  withExamples(
    command,
    [
      ['What would happen, and why', 'credentials-updater plan'],
      ['Look first, then apply exactly that', 'credentials-updater plan --out plan.json'],
      ['Who would lose access, for a script', 'credentials-updater plan --output json | jq .remove'],
      [
        'Does anything wait to be done?',
        'credentials-updater plan --detailed-exitcode >/dev/null; test $? = 10 && echo yes',
      ],
    ],
    {
      0: 'planned, whatever the guard says',
      1: 'the directory or the cluster could not be read',
      2: 'bad configuration or usage',
      10: 'with --detailed-exitcode: changes are pending',
    },
  );
}

/** @returns the exit code: 0, or with --detailed-exitcode 10 when changes are pending */
export async function planCommand(environment: Environment, flags: PlanFlags): Promise<number> {
  const settings = readSettings(environment.env, { ...sourcesOf(flags), defaults: { LOG_LEVEL: 'warn' } });
  const format = outputFormat(environment, flags.output);
  const context = await openRun(environment, settings, { format, firstRun: flags.firstRun, cluster: flags });
  const { client, poolc, signal, random, log, redactor, clock } = context;
  try {
    const members = await fetchMembers(poolc, { signal, random, log });
    const plan = buildPlan({ members, ...(await observe(client, settings, signal)) });
    const verdict = guard(plan, settings.guard, {
      inPod: settings.inPod,
      loopbackDirectory: isLocalEndpoint(settings),
      firstRunConfirmed: flags.firstRun,
    });
    const summary = await readSummary(client, settings.metadata.namespace, signal);
    const granted = summary?.grantedSeconds ?? settings.token.lifetime;
    const slack =
      settings.schedule === undefined
        ? undefined
        : computeSlack(settings.schedule, granted, summary?.runSeconds ?? 0, client.serverTime ?? clock.now());
    const time =
      slack === undefined || settings.schedule === undefined ? undefined : slackText(slack, settings.schedule);
    const directory = flags.file === undefined ? undefined : directoryText(settings);
    const document = {
      ...toPlanDocument(plan, planPlace(settings), client.serverTime ?? clock.now()),
      warnings: plan.warn,
      guard: {
        allowed: verdict.refusals.length === 0,
        refusals: verdict.refusals.map(({ reason }) => reason),
        notes: verdict.notes,
      },
      ...(slack === undefined ? {} : { slack }),
      ...(directory === undefined ? {} : { directory }),
    };
    const json = `${JSON.stringify(document, undefined, 2)}\n`;
    const { stdout } = environment;
    const columns = columnsOf(stdout);
    const look = { directory, time, style: styleFor(stdout), columns };
    stdout.write(redactor.redact(format === 'json' ? json : renderPlan(plan, verdict, look)));
    if (flags.out !== undefined) {
      await updatePrivateFile(flags.out, () => redactor.redact(json));
      const said = `written to ${flags.out}; \`credentials-updater sync --plan ${flags.out}\` applies exactly this, or refuses`;
      environment.stderr.write(`${wrapLine(said, columns, 2)}\n`);
    }
    return flags.detailedExitcode && hasChanges(plan) ? exitCodes.changesPending : exitCodes.done;
  } finally {
    client.close();
  }
}

/** The directory as the document was understood. */
function directoryText(settings: Settings): string {
  const address = directoryAddress(settings);
  return [settings.directory.kind, ...(address === undefined ? [] : [`at ${address.href}`])].join(' ');
}
