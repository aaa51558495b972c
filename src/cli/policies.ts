/** `credentials-updater policies would-refuse|adopt|provide|grant`: the steps that bring the policies to a cluster in use. */
import type { Command } from 'commander';
import { gather, once } from '../audit/gather.ts';
import { isExempt } from '../audit/kyverno-exclusions.ts';
import { namespacesOf, readSettings } from '../config/settings.ts';
import { exitCodes } from '../lib/failure.ts';
import { Redactor } from '../lib/redact.ts';
import { commandTemplate } from '../lib/shell-command.ts';
import { columnsOf } from '../lib/terminal-text.ts';
import { adopt, planAdoption } from '../rollout/adopt.ts';
import { readContents } from '../rollout/contents.ts';
import type { RolloutContext } from '../rollout/context.ts';
import { exemptMembers } from '../rollout/exempt.ts';
import { type GrantRequest, grant } from '../rollout/grant.ts';
import { provide } from '../rollout/provide.ts';
import { wouldRefuse } from '../rollout/would-refuse.ts';
import { canAsk, confirmOnTerminal } from './confirm.ts';
import { documentText, isDocument } from './document.ts';
import { type Environment, type OutputFormat, openLog, outputFormat } from './environment.ts';
import {
  type CommandContext,
  type CommandOptions,
  type CommonFlags,
  commonFlags,
  outputOption,
  textOf,
  withClusterFlags,
  withExamples,
  withSettings,
} from './flags.ts';
import {
  type RolloutLook,
  renderAdopted,
  renderAdoptionPlan,
  renderGrant,
  renderProvided,
  renderWouldRefuse,
} from './render-policies.ts';
import { openCluster } from './wiring.ts';

const defaultContents = 'deploy/policies/namespace-contents';

export function addPoliciesCommand(program: Command, { environment, end }: CommandContext): void {
  const policies = program
    .command('policies')
    .summary("bring the members' policies to a cluster that is in use")
    .description(
      "The steps of docs/policies.md between auditing and enforcing: find the owners of members' namespaces, see what would be refused, and give each namespace what it comes with.",
    );

  const adoptCommand = policies
    .command('adopt')
    .summary('record the owners of namespaces from before the policies')
    .description(
      'Finds the owners of namespaces that have none recorded, from who is admin there, and labels the namespaces with them. Prints what it would do, and asks before it does it. A namespace with two admins or none, or with a name that the policies trust, is left to you.',
    )
    .option('-y, --yes', 'do not ask')
    .action(async (options: CommandOptions) => {
      end(await adoptAction(environment, { ...commonFlags(program, options), yes: options['yes'] === true }));
    });
  withExamples(
    shared(adoptCommand),
    [
      ['What it would do; it asks before it does it', 'credentials-updater policies adopt'],
      ['Without a question', 'credentials-updater policies adopt --yes'],
    ],
    {
      0: 'done, or there was nobody to ask',
      1: 'failed for some, or Kyverno exempts a member; they are named',
      2: 'not confirmed; bad usage',
    },
  );

  const wouldRefuseCommand = policies
    .command('would-refuse')
    .summary("what the policies would refuse of what is in members' namespaces")
    .description(
      "Tries everything in members' namespaces anew, and in those that are neither members' nor trusted by the policies, as a dry run on the API server, and prints what the policies would refuse, by owner. Changes nothing. The policies must be there: under the audit overlay they only warn.",
    )
    .action(async (options: CommandOptions) => {
      end(await wouldRefuseAction(environment, commonFlags(program, options)));
    });
  withExamples(
    shared(wouldRefuseCommand),
    [["What to talk about with the namespaces' owners", 'credentials-updater policies would-refuse']],
    { 0: 'everything was tried', 1: 'some things could not be tried; they are named', 2: 'bad usage' },
  );

  const provideCommand = policies
    .command('provide')
    .summary('give namespaces what they come with, where Kyverno did not')
    .description(
      "Gives each member's namespace its owner's RoleBinding, quota, limits and NetworkPolicy, and puts a wrong RoleBinding right. A quota and limits that are missing are made, and never written over; what owners may delete is made with the RoleBinding only. Can be run at any time; a failure in one namespace stops no other.",
    )
    .option('--contents <folder>', `what each namespace comes with (${defaultContents})`)
    .action(async (options: CommandOptions) => {
      const contents = textOf(options['contents']) ?? defaultContents;
      end(await provideAction(environment, { ...commonFlags(program, options), contents }));
    });
  withExamples(
    shared(provideCommand),
    [['After members have made namespaces', 'credentials-updater policies provide']],
    { 0: 'every namespace has it', 1: 'failed for some; they are named', 2: 'bad usage' },
  );

  const grantCommand = policies
    .command('grant')
    .summary('give a member a namespace whose name is not theirs by the account')
    .description(
      "Makes a namespace for one member under a name that members can't take themselves: any but the account's own and those that begin with it and two hyphens. Refuses a name of the cluster's own or of another account, and one whose ServiceAccounts a binding still names. Only an administrator can, no ServiceAccount.",
    )
    .argument('<namespace>', 'name of the new namespace')
    .requiredOption('--to <account>', "the member's ServiceAccount")
    .action(async (namespace: string, options: CommandOptions) => {
      const request = { namespace, account: textOf(options['to']) ?? '' };
      end(await grantAction(environment, { ...commonFlags(program, options), request }));
    });
  withExamples(
    shared(grantCommand),
    [['For an account whose own name has a dot', 'credentials-updater policies grant kim-lee --to kim.lee']],
    {
      0: 'it is theirs',
      1: 'something still names its ServiceAccounts, or the API server refused',
      2: "a name that can't be given; bad usage",
    },
  );
}

function shared(command: Command): Command {
  return withSettings(withClusterFlags(command.addOption(outputOption(['text', 'json', 'yaml']))), [
    'TARGET_NAMESPACE',
    'LOG_LEVEL',
  ]);
}

async function adoptAction(environment: Environment, flags: CommonFlags & { readonly yes: boolean }): Promise<number> {
  return withRollout(environment, flags, async ({ context, look, print }) => {
    const decisions = await planAdoption(context);
    const exempt = await exemptMembers(context, look.kubectl);
    const toAdopt = decisions.filter(({ kind }) => kind === 'adopt');
    const mayDo = toAdopt.length > 0 && (flags.yes || canAsk(environment));
    // A JSON document is one: that of what was done where something is.
    if (look.format === 'text' || !mayDo)
      print({ decisions, adopted: [], exempt }, () =>
        renderAdoptionPlan({ decisions, exempt }, { ...look, isLast: !mayDo }),
      );
    const exempted = exempt.length > 0 ? exitCodes.failed : exitCodes.done;
    if (!mayDo) return exempted;
    if (!flags.yes) await confirmOnTerminal(environment, `Label ${toAdopt.length} namespaces with these owners?`);
    const adopted = await adopt(context, decisions);
    print({ decisions, adopted, exempt }, () => renderAdopted(adopted, look));
    return adopted.some(({ problem }) => problem !== undefined) ? exitCodes.failed : exempted;
  });
}

async function wouldRefuseAction(environment: Environment, flags: CommonFlags): Promise<number> {
  return withRollout(environment, flags, async ({ context, look, print }) => {
    const found = await wouldRefuse(context);
    print(found, () => renderWouldRefuse(found, look));
    return found.untried.length > 0 ? exitCodes.failed : exitCodes.done;
  });
}

async function provideAction(
  environment: Environment,
  flags: CommonFlags & { readonly contents: string },
): Promise<number> {
  const contents = await readContents(flags.contents);
  return withRollout(environment, flags, async ({ context, look, print }) => {
    const provided = await provide(context, contents);
    print({ namespaces: provided }, () => renderProvided(provided, look));
    return provided.some(({ outcome }) => outcome === 'failed') ? exitCodes.failed : exitCodes.done;
  });
}

async function grantAction(
  environment: Environment,
  flags: CommonFlags & { readonly request: GrantRequest },
): Promise<number> {
  return withRollout(environment, flags, async ({ context, look, print }) => {
    const granted = await grant(context, flags.request);
    print({ ...flags.request, ...granted }, () => renderGrant(flags.request, granted, look));
    return granted.outcome === 'inherits' ? exitCodes.failed : exitCodes.done;
  });
}

interface Rollout {
  readonly context: RolloutContext;
  readonly look: RolloutLook & { readonly format: OutputFormat };
  /** As a document, or as text. */
  readonly print: (data: unknown, text: () => string) => void;
}

async function withRollout(
  environment: Environment,
  flags: CommonFlags,
  work: (rollout: Rollout) => Promise<number>,
): Promise<number> {
  const { env, stdout, signal } = environment;
  const settings = readSettings({ LOG_LEVEL: 'warn', ...env }, flags.settings);
  const format = outputFormat(environment, flags.output);
  const redactor = new Redactor();
  const log = openLog(environment, settings, 'text', redactor);
  const client = await openCluster(environment, settings, { log, redactor, cluster: flags });
  const gathered = gather(client, namespacesOf(settings), signal);
  try {
    return await work({
      context: {
        client,
        gathered,
        isExempt: once(() => isExempt({ client, gathered, signal })),
        targetNamespace: settings.accounts.namespace,
        concurrency: settings.accountConcurrency,
        signal,
      },
      look: { format, columns: columnsOf(stdout), kubectl: commandTemplate(client.access.kubectl) },
      print: (data, text) => {
        stdout.write(redactor.redact(isDocument(format) ? documentText(format, data) : text()));
      },
    });
  } finally {
    client.close();
  }
}
