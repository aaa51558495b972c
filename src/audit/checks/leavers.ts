/** `--leavers`: what still names a leaver, and what they left in their namespaces. */

import type { Refusal } from '../../core/guard.ts';
import { nobodysId } from '../../core/member-id.ts';
import { type Member, printable } from '../../core/model.ts';
import { isValidName } from '../../core/names.ts';
import { allInOrder } from '../../lib/all-in-order.ts';
import { Failure } from '../../lib/failure.ts';
import { en } from '../../lib/message.ts';
import type { AuditContext } from '../context.ts';
import { type Finding, type Fix, ok, unknown, warning } from '../finding.ts';
import { type Belongings, takeInventory } from '../leavers/belongings.ts';
import { deviceFindings } from '../leavers/devices.ts';
import { findTraces, type Leaver, makesOwner, type Naming, type Trace } from '../leavers/leavers.ts';
import { quarantineLabel, waysWithBinding, waysWithNamespace } from '../leavers/ways.ts';
import { criticalNamespaces, ownerLabel, ownerOf } from '../members.ts';
import type { Namespace } from '../objects.ts';
import { type Binding, grantsOf } from '../rbac.ts';
import { reservedNamespaces, trustedNamespaces } from '../system-namespaces.ts';
import { bindingName, enListed, subjectName } from '../words.ts';

/** Those whose work could go with a namespace are all to be seen. */
const longestOthers = 50;

export async function leavers(context: AuditContext): Promise<Finding[]> {
  const { gathered } = context;
  const [accounts, namesGiven, holds, namespaces, rbac, trusted, isReserved, directory] = await allInOrder([
    gathered.accounts(),
    gathered.namesGiven(),
    gathered.holds(),
    gathered.namespaces(),
    gathered.rbac(),
    trustedNamespaces(gathered),
    reservedNamespaces(gathered),
    askDirectory(context),
  ]);
  const { bindings } = rbac;
  const isCritical = criticalNamespaces(grantsOf(rbac), context.namespaces);
  const owned = new Set(
    namespaces.filter((namespace) => ownerOf(namespace) !== undefined).map(({ metadata }) => metadata.name),
  );
  // A reserved name may be a member's from before the policies: then its label says so.
  const isSystem = (namespace: string) =>
    isCritical(namespace) || trusted.names.has(namespace) || (isReserved(namespace) && !owned.has(namespace));
  const traces = findTraces({
    targetNamespace: context.namespaces.targetNamespace,
    accounts,
    namesGiven,
    holds,
    members: directory.members,
    onlyReports: directory.onlyReports,
    namespaces,
    bindings,
    isSystem,
  });
  const { heirs } = directory;
  const findings = [
    ...unrecordedFindings(context, traces, heirs),
    // What may well be a newcomer's own is not to be handed over or deleted.
    ...(await traceFindings(
      context,
      traces.filter(({ leaver }) => leaver.memberId !== undefined || !heirs.has(leaver.name)),
      { namespaces, isSystem },
    )),
    ...(await deviceFindings(context, accounts, directory.members)),
    ...(directory.unavailable === undefined
      ? []
      : [
          unknown(
            `who is still a member could not be told: ${directory.unavailable}. So nothing is offered by which somebody loses what is theirs`,
          ),
        ]),
  ];
  if (findings.length > 0) return findings;
  return [ok(`no leaver is named in ${bindings.length} bindings and ${namespaces.length} namespaces`)];
}

interface Directory {
  readonly members: readonly Member[] | undefined;
  /** Who gets which name with the next sync: UUIDs by name. */
  readonly heirs: ReadonlyMap<string, string>;
  readonly onlyReports: boolean;
  /** Why there are no members. */
  readonly unavailable: string | undefined;
}

/** A directory that a sync would refuse makes leavers of members here, too (P3). */
async function askDirectory({ nextSync }: AuditContext): Promise<Directory> {
  const without = (unavailable: string): Directory => ({
    members: undefined,
    heirs: new Map(),
    onlyReports: false,
    unavailable,
  });
  try {
    const { members, plan, refusals } = await nextSync();
    if (refusals.length > 0) return without(refusals.map(refusalText).join('; '));
    if (plan.owned === 0) return without('there is no account that we own that the directory could be compared with');
    const heirs = new Map(plan.create.map(({ name, member }) => [name, member.id] as const));
    return { members, heirs, onlyReports: plan.reported.length > 0, unavailable: undefined };
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    return without(error.message);
  }
}

function refusalText({ reason, allowance }: Refusal): string {
  return typeof allowance === 'object'
    ? `${en(reason)} (if that is right, run this with ${allowance.setting}=${allowance.value})`
    : en(reason);
}

/** Names that anybody could get, since no record keeps them for who had them. */
function unrecordedFindings(
  context: AuditContext,
  traces: readonly Trace[],
  heirs: ReadonlyMap<string, string>,
): Finding[] {
  const names = new Set(
    traces.flatMap(({ leaver: { name, memberId } }) => (memberId === undefined && isValidName(name) ? [name] : [])),
  );
  return [...names].map((name) => {
    const memberId = heirs.get(name);
    const places = traces
      .filter(({ leaver }) => leaver.name === name)
      .map(({ namespace }) => (namespace === undefined ? 'the whole cluster' : printable(namespace)));
    const danger =
      memberId === undefined
        ? 'Anyone who gets that name next inherits what is bound to it'
        : `The next sync gives that name to ${memberId}, and with it what is bound to it in ${enListed(places)}`;
    return warning(
      `no account and no record says who ${printable(name)} was, but something is bound to that name. ${danger}`,
      {
        label:
          memberId === undefined
            ? 'keep it from everybody (or, with the UUID of who had it, for them)'
            : 'unless it was theirs: keep it from everybody',
        command: context.commands.credentialsUpdater('reserve', [name, nobodysId]),
      },
    );
  });
}

async function traceFindings(
  { gathered, namespaces: { targetNamespace }, commands }: AuditContext,
  traces: readonly Trace[],
  { namespaces, isSystem }: { namespaces: readonly Namespace[]; isSystem: (namespace: string) => boolean },
): Promise<Finding[]> {
  const quarantined = new Set(
    namespaces
      .filter(({ metadata }) => metadata.labels[quarantineLabel] === 'true')
      .map(({ metadata }) => metadata.name),
  );
  const owned = new Set(traces.flatMap(({ owns, namespace }) => (owns && namespace !== undefined ? [namespace] : [])));
  const inventory = await takeInventory(gathered, owned);
  const inNamespaces = traces.flatMap((trace): Finding[] => {
    const { leaver, namespace, owns } = trace;
    if (!owns || namespace === undefined) return [];
    const left = inventory.of(namespace);
    if (quarantined.has(namespace) && left.tokenSecrets.length === 0)
      return [ok(`${whoText(leaver)}; the namespace ${printable(namespace)} is in quarantine`)];
    const ways = waysWithNamespace(commands, namespace, trace, left, targetNamespace);
    return [
      offer(
        leaver,
        `${whoText(leaver)}, and has the namespace ${printable(namespace)}: ${contentsText(trace, left)}`,
        ways,
      ),
    ];
  });
  const labels = traces.flatMap(({ leaver, namespace, labelsSystem }) =>
    labelsSystem && namespace !== undefined
      ? [
          warning(
            `${whoText(leaver)}, and the label ${ownerLabel} says that the namespace ${printable(namespace)} is theirs. But it is the cluster's own, so nothing is offered for it: see who set that label, and take it off`,
          ),
        ]
      : [],
  );
  const namings = traces
    .filter(({ owns }) => !owns)
    .flatMap((trace) => trace.namings.map((naming) => ({ leaver: trace.leaver, naming })));
  const elsewhere = [...Map.groupBy(namings, ({ naming }) => naming.binding).values()]
    .flatMap((ofBinding) => ofBinding.toSorted((one, other) => indexOf(other.naming) - indexOf(one.naming)))
    .map(({ leaver, naming }) => {
      const { namespace } = naming.binding;
      const inSystem = namespace !== undefined && isSystem(namespace);
      const ways = waysWithBinding(commands, naming, { targetNamespace, inSystem });
      const what = `${bindingName(naming.binding)} still gives them ${roleText(naming.binding)}`;
      return offer(leaver, `${whoText(leaver)}, and ${what}`, ways);
    });
  const findings = [...inNamespaces, ...labels, ...elsewhere];
  if (inventory.unseen.length > 0)
    findings.push(unknown(`what else is in those namespaces: no permission to list ${inventory.unseen.join(', ')}`));
  return findings;
}

/** Nothing of somebody's is touched who may be a member. */
function offer({ doubt }: Leaver, message: string, ways: readonly Fix[]): Finding {
  return doubt === undefined ? warning(message, ...ways) : warning(`${message}. No command is offered: ${doubt}`);
}

/** The last subject of a binding comes first, so that its commands can be run one after the other. */
function indexOf({ binding, subject }: Naming): number {
  return binding.subjects.indexOf(subject);
}

function whoText({ name, memberId, why }: Leaver): string {
  return `${printable(name)}${memberId === undefined || memberId === nobodysId ? '' : ` (${memberId})`} ${why}`;
}

function roleText({ roleRef }: Binding): string {
  return `${roleRef.kind} ${printable(roleRef.name)}`;
}

function contentsText({ namings, others }: Trace, { accounts, tokenSecrets, workloads }: Belongings): string {
  const part = (what: string, names: readonly string[]) =>
    names.length === 0 ? [] : [`${what} ${enListed(names.map(printable))}`];
  const bound = new Set(
    others
      .toSorted((one, other) => Number(makesOwner(other)) - Number(makesOwner(one)))
      .map(({ binding, subject }) => `${subjectName(subject)} (${roleText(binding)})`),
  );
  const parts = [
    ...part(
      'their RoleBindings',
      namings.map(({ binding }) => binding.name),
    ),
    ...part('ServiceAccounts', accounts),
    ...part('tokens that never expire in the Secrets', tokenSecrets),
    ...part(
      'running or ready to run',
      workloads.map(({ kind, name }) => `${kind}/${name}`),
    ),
    ...(bound.size === 0 ? [] : [`others who have rights in it: ${enListed([...bound], { longest: longestOthers })}`]),
  ];
  return parts.length === 0 ? 'nothing else was seen in it' : parts.join('; ');
}
