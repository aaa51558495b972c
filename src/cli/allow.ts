/** `credentials-updater allow NAME --removals N`: lets what the guard refuses happen, once, after showing whom it means. */
import type { Command } from 'commander';
import { readSettings } from '../config/settings.ts';
import {
  allowAdditionsAnnotation,
  allowRemovalsAnnotation,
  memberSyncCollection,
  memberSyncObjectSchema,
} from '../controller/object.ts';
import { parseAnswer } from '../kube/client.ts';
import { exitCodes, Failure } from '../lib/failure.ts';
import { Redactor } from '../lib/redact.ts';
import { columnsOf, withoutInvisible, wrapMessage } from '../lib/terminal-text.ts';
import { canAsk, confirmOnTerminal } from './confirm.ts';
import { type Environment, nameCluster, openLog } from './environment.ts';
import {
  type CommandContext,
  type CommandOptions,
  type CommonFlags,
  commonFlags,
  sourcesOf,
  textOf,
  withClusterFlags,
  withExamples,
  withSettings,
} from './flags.ts';
import { openCluster } from './wiring.ts';

interface AllowFlags extends CommonFlags {
  readonly name: string;
  readonly removals: number | undefined;
  readonly additions: number | undefined;
  readonly yes: boolean;
}

export function addAllowCommand(program: Command, { environment, end }: CommandContext): void {
  const command = program
    .command('allow')
    .summary('let happen once what the guard refuses in a MemberSync')
    .description(
      'Shows what the guard refuses in a MemberSync of the cluster, by name, asks, and allows exactly that, once: an annotation that the controller follows. Members who leave or join afterwards are not covered.',
    )
    .argument('<name>', 'the MemberSync')
    .option('--removals <n>', 'at most so many removals')
    .option('--additions <n>', 'at most so many additions')
    .option('-y, --yes', 'do not ask')
    .action(async (name: string, options: CommandOptions) => {
      end(
        await allowCommand(environment, {
          ...commonFlags(program, options),
          name,
          removals: countOf('--removals', textOf(options['removals'])),
          additions: countOf('--additions', textOf(options['additions'])),
          yes: options['yes'] === true,
        }),
      );
    });
  withSettings(withClusterFlags(command), ['POD_NAMESPACE', 'LOG_LEVEL']);
  withExamples(
    command,
    [
      [
        'A semester has ended, and 40 members really left',
        'credentials-updater allow credentials-updater --removals 40',
      ],
    ],
    {
      0: 'allowed; the controller follows within seconds',
      1: 'the cluster could not be read or written',
      2: 'nothing is refused, or another number; not confirmed; bad configuration or usage',
    },
  );
}

function countOf(flag: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  if (/^[1-9]\d{0,5}$/.test(text)) return Number(text);
  throw new Failure('usage', `${flag}=${withoutInvisible(text)} can't be used: a whole number from 1 is needed`);
}

async function allowCommand(environment: Environment, flags: AllowFlags): Promise<number> {
  const { name, removals, additions } = flags;
  if (removals === undefined && additions === undefined)
    throw new Failure('usage', 'allow needs --removals N, or --additions N');
  const { env, stdout, signal } = environment;
  const settings = readSettings(env, { ...sourcesOf(flags), defaults: { LOG_LEVEL: 'warn' } });
  const redactor = new Redactor();
  const log = openLog(environment, settings, 'text', redactor);
  const client = await openCluster(environment, settings, { log, redactor, cluster: flags });
  nameCluster(environment, client.access);
  const say = (text: string) => stdout.write(`${wrapMessage(redactor.redact(text), columnsOf(stdout), 2)}\n`);
  try {
    const { namespace } = settings.metadata;
    const path = `${memberSyncCollection(namespace)}/${encodeURIComponent(name)}`;
    const answer = await client.call({ method: 'GET', path, signal, expected: [404] });
    const shown = `${namespace}/${withoutInvisible(name)}`;
    if (answer.status === 404) throw new Failure('usage', `there is no MemberSync ${shown}`);
    const { status, metadata } = parseAnswer(memberSyncObjectSchema, answer, `the MemberSync ${shown}`);
    const refusal = status?.conditions?.find(({ type }) => type === 'DirectoryTrusted');
    if (status?.refused === undefined || refusal?.reason !== 'RefusedByGuard')
      throw new Failure('usage', `the guard refuses nothing in ${shown}; nothing was allowed`);
    requireEnough('removals', status.refused.removals ?? 0, removals);
    requireEnough('additions', status.refused.additions ?? 0, additions);
    say(withoutInvisible(refusal.message));
    await confirm(environment, flags, shown);
    // Another text each time, so that it is another allowance than one that was spent.
    const mark = `@${metadata.resourceVersion}`;
    const annotations = {
      ...(removals === undefined ? {} : { [allowRemovalsAnnotation]: `${removals}${mark}` }),
      ...(additions === undefined ? {} : { [allowAdditionsAnnotation]: `${additions}${mark}` }),
    };
    // With the version that was shown: what is refused may be something else by now.
    const body = { metadata: { resourceVersion: metadata.resourceVersion, annotations } };
    const patched = await client.call({ method: 'PATCH', path, body, signal, expected: [409] });
    if (patched.status === 409)
      throw new Failure('cluster', `${shown} was changed meanwhile; nothing was allowed`, { hint: 'look again' });
    say(`allowed, once; \`kubectl -n ${namespace} get msync ${name}\` shows what became of it`);
    return exitCodes.done;
  } finally {
    client.close();
  }
}

function requireEnough(what: 'removals' | 'additions', refused: number, allowed: number | undefined): void {
  if (allowed === undefined || allowed >= refused) return;
  throw new Failure(
    'usage',
    `--${what}=${allowed} is fewer than the ${refused} that are refused; nothing was allowed`,
    {
      hint: `look at who they are; if all of them are right, give --${what} ${refused}`,
    },
  );
}

async function confirm(environment: Environment, { yes }: AllowFlags, shown: string): Promise<void> {
  if (yes) return;
  if (!canAsk(environment)) {
    throw new Failure('usage', `allow would let this happen in ${shown}; nothing was allowed`, {
      hint: 'there is no terminal to ask on: confirm with --yes',
    });
  }
  await confirmOnTerminal(environment, `Allow this in ${shown}, once?`);
}
