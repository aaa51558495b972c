/** `credentials-updater reserve NAME UUID`: keeps a name for who had it. */
import type { Command } from 'commander';
import { readSettings } from '../config/settings.ts';
import { nobodysId, parseMemberId } from '../core/member-id.ts';
import { exitCodes } from '../lib/failure.ts';
import { Redactor } from '../lib/redact.ts';
import { columnsOf, wrapMessage } from '../lib/terminal-text.ts';
import { reserve } from '../operator/reserve.ts';
import { type Environment, openLog } from './environment.ts';
import {
  type CommandContext,
  type CommandOptions,
  type CommonFlags,
  commonFlags,
  sourcesOf,
  withClusterFlags,
  withExamples,
  withSettings,
} from './flags.ts';
import { openLocked } from './wiring.ts';

export interface ReserveFlags extends CommonFlags {
  readonly name: string;
  readonly memberId: string;
}

export function addReserveCommand(program: Command, { environment, end }: CommandContext): void {
  const command = program
    .command('reserve')
    .summary('keep a name for the member who had it')
    .description(
      "Records that a ServiceAccount name belongs to a UUID, so that no sync ever gives it to anyone else: for names that bindings still hold and the record has lost, which `preflight --leavers` finds. Who returns with that UUID gets the name back. Changes no account. A name that is another member's is refused.",
    )
    .argument('<name>', 'ServiceAccount name, as the bindings have it')
    .argument('<id>', `the member's id (a UUID for PoolC); ${nobodysId} keeps the name from everybody`)
    .action(async (name: string, memberId: string, options: CommandOptions) => {
      end(await reserveCommand(environment, { ...commonFlags(program, options), name, memberId }));
    });
  withSettings(withClusterFlags(command), [
    'TARGET_NAMESPACE',
    'POD_NAMESPACE',
    'LOCK_DURATION',
    'LOCK_WAIT',
    'LOG_LEVEL',
  ]);
  withExamples(
    command,
    [
      ['Somebody called kim left before there was a record', `credentials-updater reserve kim ${nobodysId}`],
      [
        'The site still knows whose it was: they get it back when they return',
        'credentials-updater reserve kim 5b1c7c1e-3a52-4d0f-9c55-0f3f9f2f7c11',
      ],
    ],
    {
      0: 'reserved, now or before',
      1: 'failed',
      2: "the name is another member's or can't be one; bad configuration or usage",
      5: 'the run lock is held by a run, or was lost',
    },
  );
}

/** @returns the exit code */
async function reserveCommand(environment: Environment, flags: ReserveFlags): Promise<number> {
  const { env, stdout } = environment;
  const settings = readSettings(env, sourcesOf(flags));
  const redactor = new Redactor();
  const log = openLog(environment, settings, 'text', redactor);
  const context = await openLocked(environment, settings, { redactor, log, flags });
  try {
    const outcome = await reserve(context, flags);
    const whose = flags.memberId === nobodysId ? 'nobody' : (parseMemberId(flags.memberId) ?? flags.memberId);
    const text =
      outcome === 'reserved'
        ? `${flags.name} is reserved for ${whose}: no sync gives it to anyone else`
        : `${flags.name} was reserved for ${whose} before; nothing was changed`;
    stdout.write(`${wrapMessage(redactor.redact(text), columnsOf(stdout), 2)}\n`);
  } finally {
    context.target.client.close();
  }
  return exitCodes.done;
}
