/** `credentials-updater revoke LOGIN|UUID`: who is meant, are you sure, done. */
import type { Command } from 'commander';
import { readSettings, type Settings } from '../config/settings.ts';
import { exitCodes, Failure } from '../lib/failure.ts';
import { Redactor } from '../lib/redact.ts';
import type { CommandLine } from '../lib/shell-command.ts';
import { columnsOf, wrapMessage } from '../lib/terminal-text.ts';
import { findRevokeTarget, type RevokeTarget, release, revoke } from '../operator/revoke.ts';
import { survivorsText } from '../operator/survivors.ts';
import { askConfiguredDirectory } from './ask-directory.ts';
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
import { withMemberSync } from './member-sync-by-name.ts';
import { revokeDeviceCommand } from './revoke-device.ts';
import { syncCommand } from './sync.ts';
import { openLocked } from './wiring.ts';

export interface RevokeFlags extends CommonFlags {
  /** Login id, UUID or ServiceAccount name. */
  readonly member: string;
  readonly yes: boolean;
  readonly hold: boolean;
  readonly release: boolean;
  readonly sync: boolean;
}

export function addRevokeCommand(program: Command, { environment, end }: CommandContext): void {
  const command = program
    .command('revoke')
    .summary("take a member's access, or one of their devices, away at once")
    .description(
      "Takes a member's access away at once: deletes their ServiceAccount, so that the API server rejects every token they hold within 30 s. Says what goes on in their namespaces, with the commands that show it. Works with the directory down, then by UUID or ServiceAccount name. Who is still in the directory gets a new account with the next sync, unless they are held out. With --device, only that device of a gateway's ends, and nothing else of the member's. Asks before it does anything.",
    )
    .argument('[member]', 'login id, UUID or ServiceAccount name; with --device, the ServiceAccount name')
    .option('--device <name>', 'end this one device of a gateway, by its name or id')
    .option('-y, --yes', 'do not ask')
    .option('--hold', 'keep this member out, whatever the directory says')
    .option('--release', 'end a hold; removes nothing')
    .option('--sync', 'sync at once afterwards, so that no dead token stays where members find theirs')
    .action(async (member: string | undefined, options: CommandOptions) => {
      const isSet = (name: string) => options[name] === true;
      const whole = { hold: isSet('hold'), release: isSet('release'), sync: isSet('sync') };
      const common = { ...commonFlags(program, options), yes: isSet('yes') };
      const device = textOf(options['device']);
      if (device !== undefined) {
        if (whole.hold || whole.release || whole.sync)
          throw new Failure('usage', '--device ends one device: --hold, --release and --sync are for a whole member');
        return end(await revokeDeviceCommand(environment, { ...common, device, member }));
      }
      if (member === undefined)
        throw new Failure('usage', 'revoke needs to know whom: nothing was changed', {
          hint: 'give a login id, a UUID or a ServiceAccount name; or a device, with --device',
        });
      end(await revokeCommand(environment, { ...common, ...whole, member }));
    });
  withSettings(withFileFlag(withClusterFlags(command)));
  withExamples(
    command,
    [
      ['A laptop was stolen: its tokens die, the member gets fresh ones', 'credentials-updater revoke kim --sync'],
      ['Out at once, and no sync brings them back', 'credentials-updater revoke kim --hold --sync'],
      ['Let them in again with the next sync', 'credentials-updater revoke kim --release'],
      ['One lost laptop, and nothing else of that member', 'credentials-updater revoke kim --device laptop'],
    ],
    {
      0: 'done',
      1: 'failed; what was done is said',
      2: 'nobody is meant, or two are; not confirmed; bad configuration or usage',
      4: "the accounts are another MemberSync's",
      5: 'the run lock is held by a run, or was lost',
    },
  );
}

/** @returns the exit code */
async function revokeCommand(environment: Environment, given: RevokeFlags): Promise<number> {
  const flags = await withMemberSync(environment, given);
  if (flags.hold && flags.release)
    throw new Failure('usage', '--hold and --release contradict each other: give one of them');
  const settings = readSettings(environment.env, sourcesOf(flags));
  const redactor = new Redactor();
  const log = openLog(environment, settings, 'text', redactor);
  const context = await openLocked(environment, settings, { redactor, log, flags });
  const { stdout } = environment;
  const say = (text: string) => stdout.write(`${wrapMessage(redactor.redact(text), columnsOf(stdout), 2)}\n`);
  try {
    const directory = await askConfiguredDirectory(environment, settings, { redactor, log });
    const target = await findRevokeTarget(context, flags.member, directory);
    if (flags.release) {
      await release(context, target);
      say(
        target.held
          ? `${target.label} (${target.memberId}) is no longer held out; ${afterRelease(target)}`
          : `${target.label} (${target.memberId}) was not held out`,
      );
    } else {
      await confirm(environment, flags, target);
      const { removed } = await revoke(context, target, { hold: flags.hold });
      say(
        removed.length === 0
          ? `${target.label} (${target.memberId}) had no account`
          : `removed ${removed.join(', ')}: every token of ${target.label} is rejected within 30 s`,
      );
      say(afterRevoke(target, flags.hold || target.held, context.commandLine));
      say(await survivorsText(context.target.client, context.registry, target, environment.signal));
    }
  } finally {
    context.target.client.close();
  }
  if (flags.sync) return syncCommand(environment, { ...flags, firstRun: false });
  const dead = deadTokenText(settings);
  if (!flags.release && dead !== undefined) say(`${dead} To sync now:\n${context.commandLine('sync')}`);
  return exitCodes.done;
}

async function confirm(environment: Environment, { yes, hold }: RevokeFlags, target: RevokeTarget): Promise<void> {
  if (yes) return;
  const names = target.accounts.map(({ name }) => name).join(', ') || 'no account';
  if (!canAsk(environment)) {
    throw new Failure(
      'usage',
      `revoke would remove ${names} of ${target.label} (${target.memberId}); nothing was changed`,
      { hint: 'there is no terminal to ask on: confirm with --yes' },
    );
  }
  await confirmOnTerminal(
    environment,
    `Remove ${names} of ${target.label} (${target.memberId})${hold ? ' and hold them out' : ''}?`,
  );
}

function afterRevoke({ inDirectory, label, memberId }: RevokeTarget, held: boolean, commandLine: CommandLine): string {
  if (held)
    return `${label} is held out: no sync gives access back until you run:\n${commandLine('revoke', ['--release', memberId])}`;
  if (inDirectory === false) return `${label} is not in the directory, so no sync gives access back.`;
  if (inDirectory === true)
    return `${label} is still in the directory: the next sync gives them a new account and token. To keep them out, add --hold.`;
  return `Whether the next sync gives access back depends on the directory, which could not be asked. To keep them out, add --hold.`;
}

/** Where the token that no longer works is still to be found; undefined where none was delivered. */
function deadTokenText({ delivery }: Settings): string | undefined {
  switch (delivery.kind) {
    case 'poolc':
      return 'The site shows the dead token until the next sync.';
    case 'secrets':
      return `The Secret in ${delivery.namespace} holds the dead token until the next sync.`;
    case 'files':
      return `The file in ${delivery.directory} holds the dead token until the next sync.`;
    case 'none':
      return undefined;
  }
}

function afterRelease({ inDirectory }: RevokeTarget): string {
  if (inDirectory === undefined) return 'the next sync gives access back if the directory lists them';
  return inDirectory
    ? 'the next sync gives access back'
    : 'the directory does not list them, so no sync gives access back';
}
