/** `credentials-updater plan`: what sync would do and why. Reads only. */
import type { Command } from 'commander';
import { directoryAddress, type Settings } from '../config/settings.ts';
import { readSurroundings } from '../config/surroundings.ts';
import { hasChanges } from '../core/plan.ts';
import { toPlanDocument } from '../core/plan-file.ts';
import { computeRenewalMargin, type RenewalMargin, renewalMarginText } from '../core/renewal-margin.ts';
import { systemClock } from '../lib/clock.ts';
import { exitCodes } from '../lib/failure.ts';
import { en } from '../lib/message.ts';
import { planFileMessages as messages } from '../lib/messages/plan-file.ts';
import { updatePrivateFile } from '../lib/private-file.ts';
import { Redactor } from '../lib/redact.ts';
import { columnsOf, terminalJson, withoutInvisible, wrapMessage } from '../lib/terminal-text.ts';
import { readLastRun } from '../registry/last-run.ts';
import { makePlan, observe, readMembers } from '../sync/make-plan.ts';
import { lookAtWorkspaces } from '../sync/workspaces.ts';
import { commandLineOf } from './command-line.ts';
import { documentText, isDocument } from './document.ts';
import { type Environment, nameCluster, openLog, outputFormat } from './environment.ts';
import {
  type CommandContext,
  type CommandOptions,
  type CommonFlags,
  commonFlags,
  outputOption,
  textOf,
  withClusterFlags,
  withExamples,
  withFileFlag,
  withSettings,
} from './flags.ts';
import { withMemberSync } from './member-sync-by-name.ts';
import { openDirectory } from './open-directory.ts';
import { changedNames, renderPlan, workspaceData } from './render-plan.ts';
import { readSettingsHere } from './settings-here.ts';
import { styleFor } from './style.ts';
import { whatAllows } from './what-allows.ts';
import { judgementBy, openTarget, registryOf } from './wiring.ts';

export interface PlanFlags extends CommonFlags {
  readonly firstRun: boolean;
  readonly detailedExitcode: boolean;
  /** In text, those who stay as well. */
  readonly all: boolean;
  /** Where to write the plan, for `sync --plan`. */
  readonly out?: string | undefined;
}

export function addPlanCommand(program: Command, { environment, end }: CommandContext): void {
  const command = program
    .command('plan')
    .summary('show what sync would do and why; change nothing')
    .description(
      'Shows what sync would change, one line for each account with the reason, removals last; the counts, the time that tokens have to spare, and whether the guard would let it happen. Where it would not, the command that allows it. Reads the directory and the cluster; changes nothing, and needs no lock.',
    )
    .addOption(outputOption(['text', 'wide', 'name', 'json', 'yaml']))
    .option('--all', 'in text, show those who stay as well')
    .option('--first-run', 'judge as sync --first-run would')
    .option('--out <file>', 'write the plan to this file, without secrets, for sync --plan')
    .option('--detailed-exitcode', 'exit with 10 when changes are pending')
    .action(async (options: CommandOptions) => {
      end(
        await planCommand(environment, {
          ...commonFlags(program, options),
          firstRun: options['firstRun'] === true,
          detailedExitcode: options['detailedExitcode'] === true,
          all: options['all'] === true,
          out: textOf(options['out']),
        }),
      );
    });
  withSettings(withFileFlag(withClusterFlags(command)));
  withExamples(
    command,
    [
      ['What would happen, and why', 'credentials-updater plan'],
      ['In three steps: 1. make a plan, 2. read it', 'credentials-updater plan --out plan.json'],
      ['3. apply exactly that, or be refused', 'credentials-updater sync --plan plan.json'],
      ['Who would lose access, for a script', 'credentials-updater plan -o json | jq .remove'],
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
async function planCommand(environment: Environment, given: PlanFlags): Promise<number> {
  const flags = await withMemberSync(environment, given);
  const redactor = new Redactor();
  const settings = await readSettingsHere(environment, flags, { redactor, defaults: { LOG_LEVEL: 'warn' } });
  const format = outputFormat(environment, flags.output);
  const { signal } = environment;
  const log = openLog(environment, settings, format, redactor);
  const directory = openDirectory(environment, settings, redactor);
  const target = await openTarget(environment, settings, { log, redactor, cluster: flags });
  const { client } = target;
  nameCluster(environment, client.access);
  const registry = registryOf(settings);
  const judgement = judgementBy(settings, directory, flags.firstRun);
  try {
    const { plan, verdict } = await makePlan(
      {
        members: (stepSignal) => readMembers(directory, log, stepSignal),
        observed: (stepSignal) => observe(target, registry, stepSignal),
        isSnapshot: directory.isSnapshot,
        options: settings,
      },
      judgement,
      async (_name, work) => work(signal),
    );
    const now = client.serverTime ?? systemClock.now();
    const summary = await readLastRun(client, registry, signal);
    const granted = summary?.grantedSeconds ?? settings.token.lifetime;
    const renewalMargin =
      settings.schedule === undefined
        ? undefined
        : computeRenewalMargin(settings.schedule, granted, summary?.runSeconds ?? 0, now);
    const time =
      renewalMargin === undefined || settings.schedule === undefined
        ? undefined
        : renewalMarginText(renewalMargin, settings.schedule);
    const understood = flags.file === undefined ? undefined : directoryText(settings);
    const workspaces =
      settings.workspace === undefined
        ? undefined
        : await lookAtWorkspaces(target, { settings: settings.workspace, registry }, plan, signal);
    const document = {
      ...toPlanDocument(plan, judgement.place, now),
      warnings: plan.warn.map(({ about, reason }) => ({ about, reason: en(reason) })),
      guard: {
        allowed: verdict.refusals.length === 0,
        refusals: verdict.refusals.map(({ reason }) => en(reason)),
        notes: verdict.notes.map(en),
      },
      ...(renewalMargin === undefined ? {} : { slack: slackField(renewalMargin) }),
      ...(understood === undefined ? {} : { directory: understood }),
      ...(workspaces === undefined ? {} : { workspaces: workspaceData(workspaces) }),
    };
    const { stdout } = environment;
    const columns = columnsOf(stdout);
    const { out, firstRun } = flags;
    const commandLine = commandLineOf(environment, flags, client.access);
    const refusedRun = { settings, directory, commandLine, planFile: out, firstRun };
    const allowed = verdict.refusals.length === 0 ? undefined : whatAllows(refusedRun, verdict.refusals);
    // Of a plan in a file, it is said where the file is named.
    const advice = out === undefined ? allowed : undefined;
    const wide = format === 'wide';
    const { language } = readSurroundings(environment.env);
    const shown = { all: flags.all, wide, style: styleFor(stdout), columns, language };
    const look = { ...shown, directory: understood, time, advice, workspaces };
    const printed = isDocument(format)
      ? documentText(format, document)
      : format === 'name'
        ? changedNames(plan)
        : renderPlan(plan, verdict, look);
    stdout.write(redactor.redact(printed));
    if (out !== undefined) {
      await updatePrivateFile(out, () => redactor.redact(terminalJson(document)));
      const file = withoutInvisible(out);
      const command = commandLine('sync', [...(firstRun ? ['--first-run'] : []), '--plan', out]);
      const said =
        allowed === undefined ? [messages.written({ file, command })] : [messages.writtenRefused({ file }), allowed];
      const lines = said.map((text) => wrapMessage(redactor.redact(text[language]), columns, 2));
      environment.stderr.write(`${lines.join('\n')}\n`);
    }
    const pending =
      hasChanges(plan) || (workspaces !== undefined && workspaces.closing.length + workspaces.due.length > 0);
    return flags.detailedExitcode && pending ? exitCodes.changesPending : exitCodes.done;
  } finally {
    client.close();
  }
}

/** The directory as the document was understood. */
function directoryText(settings: Settings): string {
  const address = directoryAddress(settings);
  return [settings.directory.kind, ...(address === undefined ? [] : [`at ${address.href}`])].join(' ');
}

/** `slack` is the name that scripts know this field of the document by. */
function slackField({ marginSeconds, ...others }: RenewalMargin) {
  return { ...others, slackSeconds: marginSeconds };
}
