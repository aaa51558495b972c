/** `credentials-updater reserve NAME UUID`: keeps a name for who had it; shows the names that are kept, and takes one back. */
import { type Command, Option } from 'commander';
import { readSettings } from '../config/settings.ts';
import { nobodysId, parseMemberId } from '../core/member-id.ts';
import { exitCodes, Failure } from '../lib/failure.ts';
import { Redactor } from '../lib/redact.ts';
import { columnsOf, table, wrapMessage } from '../lib/terminal-text.ts';
import { findReservation, listReservations, removeReservation, reserve } from '../operator/reserve.ts';
import type { LockedContext } from '../run/context.ts';
import { canAsk, confirmOnTerminal } from './confirm.ts';
import { documentText, isDocument } from './document.ts';
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
  withFileFlag,
  withSettings,
} from './flags.ts';
import { withMemberSync } from './member-sync-by-name.ts';
import { openLocked } from './wiring.ts';

const listFormats = ['text', 'name', 'json', 'yaml'] as const;
type ListFormat = (typeof listFormats)[number];

/** One of them. */
type Use =
  | { readonly kind: 'reserve'; readonly name: string; readonly memberId: string }
  | { readonly kind: 'list'; readonly format: ListFormat }
  | { readonly kind: 'remove'; readonly name: string; readonly yes: boolean };

export function addReserveCommand(program: Command, { environment, end }: CommandContext): void {
  const command = program
    .command('reserve')
    .summary('keep a name for the member who had it')
    .description(
      "Records that a ServiceAccount name belongs to a UUID, so that no sync ever gives it to anyone else: for names that bindings still hold and the record has lost, which `preflight --leavers` finds. Who returns with that UUID gets the name back. Changes no account. A name that is another member's is refused. --list shows the record; --remove takes a name out of it, after which the next member with that login id gets the name and all that namespaces and bindings still give to it.",
    )
    .argument('[name]', 'ServiceAccount name, as the bindings have it')
    .argument('[id]', `the member's id (a UUID for PoolC); ${nobodysId} keeps the name from everybody`)
    .option('--list', 'show every name in the record, whose it is, and whether an account has it')
    .option('--remove <name>', 'take this name out of the record; not while an account has it')
    .addOption(new Option('-o, --output <format>', 'with --list: how to print it (text)').choices(listFormats))
    .option('-y, --yes', 'with --remove: do not ask')
    .action(async (name: string | undefined, memberId: string | undefined, options: CommandOptions) => {
      end(await reserveCommand(environment, commonFlags(program, options), useOf(name, memberId, options)));
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
      ['Somebody called kim left before there was a record', `credentials-updater reserve kim ${nobodysId}`],
      [
        'The site still knows whose it was: they get it back when they return',
        'credentials-updater reserve kim 5b1c7c1e-3a52-4d0f-9c55-0f3f9f2f7c11',
      ],
      ['Which names are kept, and for whom', 'credentials-updater reserve --list'],
      ['A UUID was mistyped', 'credentials-updater reserve --remove kim'],
    ],
    {
      0: 'reserved, now or before; shown; removed',
      1: 'failed',
      2: "the name is another member's or can't be one; not recorded, in use, or not confirmed; bad configuration or usage",
      4: "the accounts are another MemberSync's",
      5: 'the run lock is held by a run, or was lost',
    },
  );
}

function useOf(name: string | undefined, memberId: string | undefined, options: CommandOptions): Use {
  const isList = options['list'] === true;
  const removed = textOf(options['remove']);
  const output = textOf(options['output']);
  if (output !== undefined && !isList) throw new Failure('usage', '--output goes with --list');
  if (name !== undefined && memberId !== undefined && !isList && removed === undefined)
    return { kind: 'reserve', name, memberId };
  if (name === undefined && isList && removed === undefined)
    return { kind: 'list', format: listFormats.find((format) => format === output) ?? 'text' };
  if (name === undefined && !isList && removed !== undefined)
    return { kind: 'remove', name: removed, yes: options['yes'] === true };
  throw new Failure('usage', 'reserve takes a name and an id, or --list, or --remove with a name', {
    hint: '`credentials-updater reserve --help` shows each with an example',
  });
}

/** @returns the exit code */
async function reserveCommand(environment: Environment, given: CommonFlags, use: Use): Promise<number> {
  const flags = await withMemberSync(environment, given);
  const { env, stdout } = environment;
  const settings = readSettings(env, sourcesOf(flags));
  const redactor = new Redactor();
  const log = openLog(environment, settings, 'text', redactor);
  const context = await openLocked(environment, settings, { redactor, log, flags });
  try {
    if (use.kind === 'list') {
      stdout.write(redactor.redact(await listText(context, use.format, columnsOf(stdout))));
      return exitCodes.done;
    }
    const text = wrapMessage(
      use.kind === 'reserve' ? await reserveName(context, use) : await removeName(environment, context, use),
      columnsOf(stdout),
      2,
    );
    stdout.write(`${redactor.redact(text)}\n`);
  } finally {
    context.target.client.close();
  }
  return exitCodes.done;
}

async function reserveName(context: LockedContext, { name, memberId }: Use & { kind: 'reserve' }): Promise<string> {
  const outcome = await reserve(context, { name, memberId });
  const whose = ownerText(parseMemberId(memberId) ?? memberId);
  return outcome === 'reserved'
    ? `${name} is reserved for ${whose}: no sync gives it to anyone else`
    : `${name} was reserved for ${whose} before; nothing was changed`;
}

async function listText(context: LockedContext, format: ListFormat, columns: number | undefined): Promise<string> {
  const names = await listReservations(context);
  if (isDocument(format)) return documentText(format, { namespace: context.target.namespace, names });
  if (format === 'name') return names.map(({ name }) => `serviceaccount/${name}\n`).join('');
  const rows = names.map(({ name, memberId, inUse }) => [name, ownerText(memberId), inUse ? 'in use' : '-']);
  const shown = rows.length === 0 ? [] : [...table(['NAME', 'KEPT FOR', 'ACCOUNT'], rows, columns), ''];
  const count = `${names.length} ${names.length === 1 ? 'name is' : 'names are'}`;
  return [...shown, `${count} recorded for ${context.target.namespace}`, ''].join('\n');
}

async function removeName(
  environment: Environment,
  context: LockedContext,
  { name, yes }: Use & { kind: 'remove' },
): Promise<string> {
  const found = await findReservation(context, name);
  const whose = ownerText(found.memberId);
  if (!yes) {
    const meaning =
      'the next member with that login id would get the name, and all that namespaces and bindings still give to it';
    if (!canAsk(environment)) {
      throw new Failure('usage', `${name} would no longer be kept for ${whose}: ${meaning}; nothing was changed`, {
        hint: 'there is no terminal to ask on: confirm with --yes',
      });
    }
    const question = `${name} would no longer be kept for ${whose}: ${meaning}. Remove it?`;
    await confirmOnTerminal(environment, question);
  }
  await removeReservation(context, found);
  return `${name} is no longer kept for ${whose}: the next member with that login id gets it`;
}

function ownerText(memberId: string): string {
  return memberId === nobodysId ? 'nobody' : memberId;
}
