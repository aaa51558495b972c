/** `credentials-updater sync`: flags in, one run, its report out. */
import { readFile } from 'node:fs/promises';
import type { Command } from 'commander';
import { readChannelSettings, readPlaceOfRun, readSettings, type Settings } from '../config/settings.ts';
import { readSurroundings } from '../config/surroundings.ts';
import { type PlanDocument, parsePlanDocument } from '../core/plan-file.ts';
import { renewalMarginText } from '../core/renewal-margin.ts';
import { systemClock } from '../lib/clock.ts';
import { Failure, toFailure } from '../lib/failure.ts';
import { jsonLog } from '../lib/log.ts';
import { en } from '../lib/message.ts';
import { planFileMessages } from '../lib/messages/plan-file.ts';
import { settingMessages } from '../lib/messages/settings.ts';
import { Redactor } from '../lib/redact.ts';
import type { CommandLine } from '../lib/shell-command.ts';
import { columnsOf, withoutInvisible } from '../lib/terminal-text.ts';
import type { OnceContext } from '../run/context.ts';
import { notifyOfFailedStart } from '../run/notify-of-run.ts';
import { runOnce } from '../run/once.ts';
import { reportData } from '../run/report.ts';
import { commandLineOf } from './command-line.ts';
import { type Environment, type OutputFormat, outputFormat, userAgent } from './environment.ts';
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
import { renderRun } from './render-run.ts';
import { readSettingsHere } from './settings-here.ts';
import { styleFor } from './style.ts';
import { openOnce } from './wiring.ts';

export interface SyncFlags extends CommonFlags {
  readonly firstRun: boolean;
  /** A file that `plan --out` wrote. */
  readonly plan?: string | undefined;
}

export function addSyncCommand(program: Command, { environment, end }: CommandContext): void {
  const command = program
    .command('sync')
    .summary('make the cluster equal to the directory, deliver fresh tokens')
    .description(
      'Makes the cluster equal to the directory: removes the ServiceAccounts of leavers, creates those of new members, mints a fresh token for every member, checks each one, and delivers them all in one request to the PoolC API, which replaces what it has stored. The tokens delivered before keep working until their own expiry, whatever happens. One run at a time: a second one waits for the first. A directory that is empty or suddenly much shorter is refused, and nothing is changed.',
    )
    .addOption(outputOption(['text', 'json']))
    .option('--first-run', 'confirm that this cluster has no accounts that we own yet')
    .option('--plan <file>', 'apply exactly the plan that `plan --out` wrote, or refuse and say what changed')
    .action(async (options: CommandOptions) => {
      const firstRun = options['firstRun'] === true;
      end(
        await syncCommand(environment, { ...commonFlags(program, options), firstRun, plan: textOf(options['plan']) }),
      );
    });
  withSettings(withFileFlag(withClusterFlags(command)));
  withExamples(
    command,
    [
      [
        'From a laptop, with the kubeconfig that kubectl uses',
        'POOLC_API_ENDPOINT=https://api.example.org credentials-updater sync --poolc-api-key-file ./key',
      ],
      ['The first run on a cluster, outside a pod', 'credentials-updater sync --first-run'],
      ['Look first, in three steps: 1. make a plan', 'credentials-updater plan --out plan.json'],
      ['2. read it; 3. apply exactly that, or be refused', 'credentials-updater sync --plan plan.json'],
      ['A semester has ended, and 40 members really left', 'credentials-updater sync --allow-removals 40'],
    ],
    {
      0: 'done',
      1: "failed; no active member's delivered token was harmed",
      2: 'bad configuration or usage; nothing was sent',
      3: 'done, but some members have no fresh token, or no complete workspace',
      4: 'refused by the guard, or because --plan no longer holds; nothing was changed',
      5: 'the run lock is held by another run, or was lost',
      130: 'stopped by Ctrl-C (143: by SIGTERM)',
    },
  );
}

/** @returns the exit code */
export async function syncCommand(environment: Environment, given: SyncFlags): Promise<number> {
  const flags = await withMemberSync(environment, given);
  const { context, format } = await openSync(environment, flags);
  try {
    const report = await runOnce(context);
    const { renewalMargin, failure } = report;
    const { schedule } = context;
    const { log, redactor } = context.sync;
    if (renewalMargin !== undefined && renewalMargin.marginSeconds <= 0 && schedule !== undefined)
      log.warn(en(renewalMarginText(renewalMargin, schedule)));
    if (format === 'text') {
      const { stdout } = environment;
      const { language } = readSurroundings(environment.env);
      const look = { schedule, style: styleFor(stdout), columns: columnsOf(stdout), language };
      stdout.write(redactor.redact(renderRun(report, look)));
    } else {
      const data = {
        ...reportData(report),
        undeliveredMembers: report.outcomes.failedMembers.slice(0, 100).map(({ member }) => member.id),
      };
      if (failure === undefined) log.info(`sync: ${report.outcome}`, flatten(data));
      else log.error(`sync: ${report.outcome}: ${failure.message}`, flatten(data));
    }
    return report.exitCode;
  } finally {
    context.sync.target.client.close();
  }
}

async function openSync(
  environment: Environment,
  flags: SyncFlags,
): Promise<{ context: OnceContext; format: OutputFormat }> {
  let settings: Settings | undefined;
  try {
    settings = readSettings(environment.env, sourcesOf(flags));
    refuseWhenSuspended(settings);
    settings = await readSettingsHere(environment, flags, { redactor: new Redactor() });
    const format = outputFormat(environment, flags.output);
    const agreedPlan =
      flags.plan === undefined
        ? undefined
        : { file: flags.plan, document: await readPlanFile(flags.plan, commandLineOf(environment, flags)) };
    const { firstRun } = flags;
    return { context: await openOnce(environment, settings, { format, firstRun, agreedPlan, flags }), format };
  } catch (error) {
    await notifyOfUnstartedRun(environment, settings, toFailure(error));
    throw error;
  }
}

function refuseWhenSuspended({ suspend, file }: Settings): void {
  if (!suspend) return;
  throw new Failure('usage', settingMessages.suspended(), {
    hint: settingMessages.resume({ where: file === undefined ? undefined : withoutInvisible(file) }),
  });
}

function placeOf({ metadata, accounts }: Settings) {
  return { namespace: metadata.namespace, membersNamespace: accounts.namespace };
}

/** In a pod nobody looks at the exit code. By hand, anyone who typed it reads it. */
async function notifyOfUnstartedRun(
  { env, stderr, signal }: Environment,
  settings: Settings | undefined,
  failure: Failure,
): Promise<void> {
  const { jobName: job, proxies: proxyEnv } = readSurroundings(env);
  if (job === undefined) return;
  const redactor = new Redactor();
  const log = jsonLog({ level: 'warn', redactor, write: (text) => void stderr.write(text) });
  await notifyOfFailedStart(
    {
      channels: settings?.channels ?? readChannelSettings(env),
      clock: systemClock,
      random: Math.random,
      log,
      redactor,
      userAgent,
      proxyEnv,
      signal,
    },
    failure,
    { ...(settings === undefined ? readPlaceOfRun(env) : placeOf(settings)), job },
  );
}

async function readPlanFile(file: string, commandLine: CommandLine): Promise<PlanDocument> {
  const hint = planFileMessages.writeOne({ command: commandLine('plan', ['--out', 'FILE']) });
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    throw new Failure('usage', planFileMessages.cannotBeRead({ file }), { cause: error, hint });
  }
  return parsePlanDocument(text, file, hint);
}

/** Log fields are flat: step times become `seconds.mint` and the like. */
function flatten(data: object): Record<string, string | number | boolean | null | readonly string[]> {
  const fields: Record<string, string | number | boolean | null | readonly string[]> = {};
  for (const [key, value] of Object.entries(data)) {
    if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') fields[key] = value;
    else if (Array.isArray(value)) fields[key] = value.map(String);
    else if (typeof value === 'object' && value !== null)
      for (const [inner, nested] of Object.entries(value)) fields[`${key}.${inner}`] = Number(nested);
  }
  return fields;
}
