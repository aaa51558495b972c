/** `credentials-updater rekey -f NEW --match login|FILE`: the accounts get another directory's ids, and every token lives on. */
import { readFileSync } from 'node:fs';
import type { Command } from 'commander';
import { parse } from 'csv-parse/sync';
import { readSettings } from '../config/settings.ts';
import { type MemberId, parseMemberId } from '../core/member-id.ts';
import type { Matching, RekeyPlan } from '../core/rekey.ts';
import { exitCodes, Failure } from '../lib/failure.ts';
import { Redactor } from '../lib/redact.ts';
import { columnsOf, table, wrapMessage } from '../lib/terminal-text.ts';
import { findRekey, rekey } from '../operator/rekey.ts';
import { readMembers } from '../sync/make-plan.ts';
import { canAsk, confirmOnTerminal } from './confirm.ts';
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
import { openDirectory } from './open-directory.ts';
import { openLocked } from './wiring.ts';

interface RekeyFlags extends CommonFlags {
  readonly match: string;
  readonly yes: boolean;
}

export function addRekeyCommand(program: Command, { environment, end }: CommandContext): void {
  const command = program
    .command('rekey')
    .summary("move the accounts to another directory's ids; no token breaks")
    .description(
      "Gives the accounts the ids of another directory: of the one in this MemberSync, which otherwise has the name and the accounts' namespace that it had before. Names and UIDs stay, so that every token and every binding goes on working. Holds and reserved names move along. Shows who becomes whom, and asks. It can be cut short anywhere and run again; until it is through, every sync is refused.",
    )
    .requiredOption(
      '--match <how>',
      'login: an account is the member whose login makes its name; else a CSV file with the header from,to and the ids of each',
    )
    .option('-y, --yes', 'do not ask')
    .action(async (options: CommandOptions) => {
      const match = textOf(options['match']) ?? '';
      end(await rekeyCommand(environment, { ...commonFlags(program, options), match, yes: options['yes'] === true }));
    });
  withSettings(withFileFlag(withClusterFlags(command)), [
    'POOLC_API_ENDPOINT',
    'POOLC_API_KEY_FILE',
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
        'From a list in a file to LDAP, where logins are the same',
        'credentials-updater rekey -f ldap.yaml --match login',
      ],
      [
        'By a table: from,to and then file:1,ldap:ldap.example.org:6ba7…',
        'credentials-updater rekey -f ldap.yaml --match ids.csv',
      ],
    ],
    {
      0: 'done, or nothing to move',
      1: 'failed; run it again',
      2: 'not confirmed; a table that can not be used; bad configuration or usage',
      4: "an account would be nobody's or two members', or the accounts are another MemberSync's; nothing was changed",
      5: 'the run lock is held by a run, or was lost',
    },
  );
}

/** @returns the exit code */
async function rekeyCommand(environment: Environment, flags: RekeyFlags): Promise<number> {
  const { stdout, signal } = environment;
  const settings = readSettings(environment.env, sourcesOf(flags));
  const matching: Matching = flags.match === 'login' ? { by: 'login' } : { by: 'table', ids: readTable(flags.match) };
  const redactor = new Redactor();
  const log = openLog(environment, settings, 'text', redactor);
  const directory = openDirectory(environment, settings, redactor);
  const context = await openLocked(environment, settings, { redactor, log, flags });
  const say = (text: string) => stdout.write(`${wrapMessage(redactor.redact(text), columnsOf(stdout), 2)}\n`);
  try {
    const members = await readMembers(directory, log, signal);
    const wish = { directory, members, matching, hasWorkspaces: settings.workspace !== undefined };
    const plan = await findRekey(context, wish);
    if (plan.moves.length === 0) {
      say(`nothing to move: no account, hold or listed name has another directory's id`);
      return exitCodes.done;
    }
    stdout.write(`${redactor.redact(planText(plan, columnsOf(stdout)))}\n`);
    const question = `Give ${plan.moves.length} ${plan.moves.length === 1 ? 'member' : 'members'} these ids?`;
    if (!flags.yes) {
      if (!canAsk(environment))
        throw new Failure('usage', 'the plan above was not confirmed; nothing was changed', {
          hint: 'there is no terminal to ask on: look at each line, then confirm with --yes',
        });
      await confirmOnTerminal(environment, question);
    }
    await rekey(context, wish, plan);
    say(
      `moved: every account keeps its name and its tokens. Look at the next sync before it runs:\n${context.commandLine('plan')}`,
    );
    return exitCodes.done;
  } finally {
    context.target.client.close();
  }
}

function planText({ moves, unmatchedHolds, newcomers }: RekeyPlan, columns: number | undefined): string {
  const rows = moves.map(({ from, to, label, accounts, names, held, isMember }) => [
    accounts.length > 0 ? accounts.map(({ name }) => name).join(', ') : `(${names.join(', ') || 'no account'})`,
    label,
    from,
    to,
    [held ? 'held out' : '', isMember ? '' : 'not in the directory: goes with the next sync']
      .filter(Boolean)
      .join(', ') || '-',
  ]);
  return [
    ...table(['ACCOUNT', 'MEMBER', 'FROM', 'TO', 'NOTE'], rows, columns),
    '',
    ...unmatchedHolds.map((id) => `  ${id} is held out and matched to nobody: the hold stays with the old id`),
    `${newcomers} members of the directory have no account; the next sync makes one for each`,
  ].join('\n');
}

const tableHint =
  'a CSV with the header from,to: the id that `credentials-updater status` shows, and the one that `plan` with the new directory shows';

/** @throws Failure (usage) that names the line */
function readTable(file: string): ReadonlyMap<MemberId, MemberId> {
  let rows: readonly (readonly string[])[];
  try {
    rows = parse(readFileSync(file, 'utf8'), { bom: true, trim: true, skip_empty_lines: true });
  } catch (error) {
    const why = error instanceof Error ? (error.message.split('\n')[0] ?? '') : '';
    throw new Failure('usage', `the table of --match, ${file}, can't be read: ${why}`, {
      cause: error,
      hint: tableHint,
    });
  }
  const [header = [], ...entries] = rows;
  const refuse = (why: string) =>
    new Failure('usage', `the table of --match, ${file}, can't be used: ${why}`, { hint: tableHint });
  if (header.join(',').toLowerCase() !== 'from,to') throw refuse('its first line is not from,to');
  const ids = new Map<MemberId, MemberId>();
  const targets = new Set<MemberId>();
  for (const [index, row] of entries.entries()) {
    const [from, to] = row.map((text) => parseMemberId(text));
    const where = `entry ${index + 1}`;
    if (from === undefined || to === undefined) throw refuse(`${where} does not name two member ids`);
    if (ids.has(from) || targets.has(to)) throw refuse(`${where} names an id that an earlier one names`);
    ids.set(from, to);
    targets.add(to);
  }
  return ids;
}
