/** `credentials-updater status`: who has credentials, until when. */
import { type Command, Option } from 'commander';
import { readSurroundings } from '../config/surroundings.ts';
import { type MemberState, type MemberStatus, memberStates } from '../core/member-status.ts';
import { computeRenewalMargin, type Schedule } from '../core/renewal-margin.ts';
import { compareNames } from '../lib/by-name.ts';
import { systemClock } from '../lib/clock.ts';
import { parseDuration } from '../lib/duration.ts';
import { exitCodes, Failure } from '../lib/failure.ts';
import type { Language } from '../lib/message.ts';
import { Redactor } from '../lib/redact.ts';
import { columnsOf } from '../lib/terminal-text.ts';
import type { DirectoryAnswer } from '../operator/ask-directory.ts';
import { type ClubStatus, gatherStatus } from '../operator/status.ts';
import { askConfiguredDirectory } from './ask-directory.ts';
import { documentText, isDocument } from './document.ts';
import { type Environment, nameCluster, type OutputFormat, openLog, outputFormat } from './environment.ts';
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
import { loginOf, renderStatus, type StatusPlace, statusData } from './render-status.ts';
import { readSettingsHere } from './settings-here.ts';
import { statusDevicesCommand } from './status-devices.ts';
import { styleFor } from './style.ts';
import { type Look, watch } from './watch.ts';
import { openTarget, registryOf } from './wiring.ts';

export interface StatusFlags extends CommonFlags {
  /** Comma-separated states. */
  readonly state?: string | undefined;
  /** Part of a login id, a ServiceAccount name or a UUID. */
  readonly match?: string | undefined;
  readonly expiresWithin?: string | undefined;
  readonly sort: string;
  readonly watch: boolean;
}

const sortKeys = ['login', 'account', 'state', 'expires', 'created'] as const;

export function addStatusCommand(program: Command, { environment, end }: CommandContext): void {
  const command = program
    .command('status')
    .summary('show who has credentials, and until when')
    .description(
      `Shows who has credentials: each member's login id, ServiceAccount and state, when their token expires, the last delivery, and the time that tokens have to spare. Everything is read from the cluster; the PoolC API, where it is configured and answers, adds login ids, and who joined or left since. Without it, accounts go by their names.

States: ok (a delivered token lives), expired, undelivered (left out of the last delivery), new (no token was delivered yet), leaving (no longer in the directory: the next sync removes the account, or reports it where spec.removalPolicy is Report), missing (in the directory without an account: the next sync creates it), surplus (a second account of a member), held (kept out by revoke --hold).`,
    )
    .addOption(outputOption(['text', 'wide', 'name', 'json', 'yaml']))
    .option('--state <list>', `only these states, comma-separated: ${memberStates.join(', ')}`)
    .option('--match <text>', 'only members whose login id, ServiceAccount name or UUID contains this')
    .option('--devices', 'the devices that a gateway lets in instead: whose, since when, last used when')
    .option('-w, --watch', 'show it again whenever it changes, until Ctrl-C')
    .option('--expires-within <duration>', 'only whose token expires within this, such as 2d')
    .addOption(new Option('--sort <key>', 'what to sort by').choices(sortKeys).default('login'))
    .action(async (options: CommandOptions) => {
      const common = commonFlags(program, options);
      const match = textOf(options['match']);
      if (options['devices'] === true) {
        const others = [
          ...['state', 'expiresWithin', 'watch'].filter((name) => options[name] !== undefined),
          ...(command.getOptionValueSource('sort') === 'cli' ? ['sort'] : []),
        ].map((name) => command.options.find((option) => option.attributeName() === name)?.long ?? name);
        if (others.length > 0)
          throw new Failure('usage', `--devices takes no ${others.join(' and no ')}: that is for members`, {
            hint: '--match and --output go with --devices',
          });
        return end(await statusDevicesCommand(environment, { ...common, match }));
      }
      end(
        await statusCommand(environment, {
          ...common,
          state: textOf(options['state']),
          match,
          expiresWithin: textOf(options['expiresWithin']),
          sort: textOf(options['sort']) ?? 'login',
          watch: options['watch'] === true,
        }),
      );
    });
  withSettings(withFileFlag(withClusterFlags(command)), [
    'POOLC_API_ENDPOINT',
    'POOLC_API_KEY_FILE',
    'TARGET_NAMESPACE',
    'POD_NAMESPACE',
    'LOG_LEVEL',
  ]);
  withExamples(
    command,
    [
      ['Who has credentials', 'credentials-updater status'],
      ['What needs a look, worst first', 'credentials-updater status --state expired,undelivered,new --sort state'],
      ['Whose tokens end before the weekend does', 'credentials-updater status --expires-within 2d'],
      ['For a script', 'credentials-updater status -o json | jq \'.members[] | select(.state != "ok")\''],
    ],
    {
      0: 'shown, whatever the states are',
      1: 'the cluster could not be read',
      2: 'bad configuration or usage',
    },
  );
}

/** @returns the exit code */
async function statusCommand(environment: Environment, given: StatusFlags): Promise<number> {
  const flags = await withMemberSync(environment, given);
  const { stdout, signal } = environment;
  const redactor = new Redactor();
  const chosen = readFilter(flags);
  const { language } = readSurroundings(environment.env);
  const settings = await readSettingsHere(environment, flags, { redactor, defaults: { LOG_LEVEL: 'warn' } });
  const format = outputFormat(environment, flags.output);
  // Warnings go where people read them: what is printed on stdout is one document.
  const log = openLog(environment, settings, 'text', redactor);
  const target = await openTarget(environment, settings, { log, redactor, cluster: flags });
  nameCluster(environment, target.client.access);
  const askDirectory = () => askConfiguredDirectory(environment, settings, { redactor, log });
  const look = async (directory: DirectoryAnswer): Promise<Look> => {
    const status = withMargin(
      await gatherStatus({ target, registry: registryOf(settings), clock: systemClock, signal }, directory),
      settings.schedule,
    );
    const members = status.members.filter((member) => chosen(member, status.now)).toSorted(orderBy(flags.sort));
    const unavailable = 'unavailable' in directory ? directory.unavailable : undefined;
    const place = { namespace: settings.accounts.namespace, unavailable, of: status.members.length };
    const { now: _now, ...state } = { ...status, members };
    const text = redactor.redact(statusText({ ...status, members }, place, { format, stdout, language }));
    return { text, state: JSON.stringify([state, unavailable]) };
  };
  try {
    if (flags.watch) return await watch(environment, { askDirectory, look });
    stdout.write((await look(await askDirectory())).text);
    return exitCodes.done;
  } finally {
    target.client.close();
  }
}

/** A run that did not know the schedule has left no margin behind: it is computed here, where the schedule is known. */
function withMargin(status: ClubStatus, schedule: Schedule | undefined): ClubStatus {
  const { lastRun, now } = status;
  if (schedule === undefined || lastRun?.grantedSeconds === undefined || lastRun.slackSeconds !== undefined)
    return status;
  const { marginSeconds } = computeRenewalMargin(schedule, lastRun.grantedSeconds, lastRun.runSeconds, now);
  return { ...status, lastRun: { ...lastRun, slackSeconds: Math.round(marginSeconds) } };
}

function statusText(
  status: ClubStatus,
  place: StatusPlace & { readonly of: number },
  { format, stdout, language }: { format: OutputFormat; stdout: NodeJS.WriteStream; language: Language },
): string {
  if (isDocument(format)) return documentText(format, statusData(status, place));
  if (format === 'name') {
    const names = status.members.flatMap(({ account }) => (account === undefined ? [] : [account]));
    return names.map((name) => `serviceaccount/${name}\n`).join('');
  }
  const look = { style: styleFor(stdout), columns: columnsOf(stdout), wide: format === 'wide', language };
  return renderStatus(status, place, look);
}

type Filter = (member: MemberStatus, now: number) => boolean;

/** @throws Failure (usage) for a state or a duration that is none */
function readFilter({ state, match, expiresWithin }: StatusFlags): Filter {
  const states = state === undefined ? undefined : state.split(',').map(readState);
  const within = expiresWithin === undefined ? undefined : parseDuration(expiresWithin);
  if (expiresWithin !== undefined && within === undefined)
    throw new Failure(
      'usage',
      `--expires-within=${expiresWithin} can't be used: a duration such as 2d or 12h is needed`,
    );
  const text = match?.toLowerCase();
  return (member, now) =>
    (states === undefined || states.includes(member.state)) &&
    (within === undefined || (member.token !== undefined && member.token.expiresAt <= now + within * 1_000)) &&
    (text === undefined ||
      [member.login, member.account, member.memberId].some((name) => name?.toLowerCase().includes(text)));
}

function readState(text: string): MemberState {
  const state = memberStates.find((known) => known === text.trim().toLowerCase());
  if (state !== undefined) return state;
  throw new Failure('usage', `--state=${text.trim()} can't be used: it is none of ${memberStates.join(', ')}`);
}

/** By the key, then by login, so that the order never depends on the cluster's. */
function orderBy(key: string): (a: MemberStatus, b: MemberStatus) => number {
  const last = Number.POSITIVE_INFINITY;
  const byLogin = (a: MemberStatus, b: MemberStatus) =>
    compareNames(loginOf(a), loginOf(b)) || compareNames(a.memberId, b.memberId);
  const byKey: Readonly<Record<string, (a: MemberStatus, b: MemberStatus) => number>> = {
    account: (a, b) =>
      Number(a.account === undefined) - Number(b.account === undefined) ||
      compareNames(a.account ?? '', b.account ?? ''),
    state: (a, b) => memberStates.indexOf(a.state) - memberStates.indexOf(b.state),
    expires: (a, b) => compare(a.token?.expiresAt ?? last, b.token?.expiresAt ?? last),
    created: (a, b) => compare(a.createdAt ?? last, b.createdAt ?? last),
  };
  return (a, b) => byKey[key]?.(a, b) || byLogin(a, b);
}

function compare(a: number, b: number): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
