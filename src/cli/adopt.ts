/** `credentials-updater adopt`: the accounts of a namespace become this MemberSync's. */
import type { Command } from 'commander';
import { readSettings } from '../config/settings.ts';
import { exitCodes, Failure } from '../lib/failure.ts';
import { Redactor } from '../lib/redact.ts';
import { columnsOf, wrapMessage } from '../lib/terminal-text.ts';
import { type Adoption, adopt, findAdoption } from '../operator/adopt.ts';
import { ownerOf } from '../registry/owner.ts';
import { canAsk, confirmOnTerminal } from './confirm.ts';
import { type Environment, openLog } from './environment.ts';
import {
  type CommandContext,
  type CommandOptions,
  type CommonFlags,
  commonFlags,
  sourcesOf,
  withClusterFlags,
  withExamples,
  withFileFlag,
  withSettings,
} from './flags.ts';
import { openLocked } from './wiring.ts';

interface AdoptFlags extends CommonFlags {
  readonly takeOver: boolean;
  readonly yes: boolean;
}

export function addAdoptCommand(program: Command, { environment, end }: CommandContext): void {
  const command = program
    .command('adopt')
    .summary("make a namespace's accounts this MemberSync's")
    .description(
      "Claims the accounts with our label in the accounts' namespace for this MemberSync, where nobody has claimed them yet. With --take-over, another MemberSync's: its holds, its reserved names, and the Secrets and workspaces of its members move along, and its own syncs are refused from then on. No account is changed and no token breaks. Asks before it does anything.",
    )
    .option('--take-over', 'also where another MemberSync has claimed them')
    .option('-y, --yes', 'do not ask')
    .action(async (options: CommandOptions) => {
      end(
        await adoptCommand(environment, {
          ...commonFlags(program, options),
          takeOver: options['takeOver'] === true,
          yes: options['yes'] === true,
        }),
      );
    });
  withSettings(withFileFlag(withClusterFlags(command)), [
    'TARGET_NAMESPACE',
    'POD_NAMESPACE',
    'LOCK_DURATION',
    'LOCK_WAIT',
    'LOG_LEVEL',
  ]);
  withExamples(
    command,
    [
      [
        'The accounts that settings from the environment made, for a document',
        'credentials-updater adopt -f lab.yaml --take-over',
      ],
      ['Accounts from before there was a claim', 'credentials-updater adopt -f lab.yaml'],
    ],
    {
      0: 'done, now or before',
      1: 'failed; run it again',
      2: 'not confirmed; bad configuration or usage',
      4: "they are another MemberSync's; nothing was changed",
      5: 'a run of one of the two holds its lock, or it was lost',
    },
  );
}

/** @returns the exit code */
async function adoptCommand(environment: Environment, flags: AdoptFlags): Promise<number> {
  const { stdout } = environment;
  const settings = readSettings(environment.env, sourcesOf(flags));
  const redactor = new Redactor();
  const log = openLog(environment, settings, 'text', redactor);
  const context = await openLocked(environment, settings, { redactor, log, flags });
  const say = (text: string) => stdout.write(`${wrapMessage(redactor.redact(text), columnsOf(stdout), 2)}\n`);
  const ours = ownerOf(context.registry);
  const place = context.target.namespace;
  try {
    const adoption = await findAdoption(context, flags.takeOver);
    if (adoption === undefined) {
      say(`the accounts in ${place} belong to ${ours} already; nothing was changed`);
      return exitCodes.done;
    }
    const question = questionOf(adoption, place, ours);
    if (!flags.yes) {
      if (!canAsk(environment))
        throw new Failure('usage', `${question} Nothing was changed`, {
          hint: 'there is no terminal to ask on: confirm with --yes',
        });
      await confirmOnTerminal(environment, question);
    }
    await adopt(context, adoption, {
      hasWorkspaces: settings.workspace !== undefined,
      secretsNamespace: settings.delivery.kind === 'secrets' ? settings.delivery.namespace : undefined,
    });
    say(
      `the accounts in ${place} belong to ${ours} now. Look at the next sync before it runs:\n${context.commandLine('plan')}`,
    );
    return exitCodes.done;
  } finally {
    context.target.client.close();
  }
}

function questionOf({ owner, accounts, names, holds }: Adoption, place: string, ours: string): string {
  const what = `${accounts.length} ${accounts.length === 1 ? 'account' : 'accounts'} in ${place}`;
  return owner === undefined
    ? `${what} that nobody has claimed would become those of ${ours}.`
    : `${what}, ${names} names and ${holds} holds of the MemberSync ${owner} would become those of ${ours}, and ${owner} could not sync them any more.`;
}
