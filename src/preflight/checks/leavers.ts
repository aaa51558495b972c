/** `--leavers`: what still names somebody who left, and what they left in their namespaces. */
import { nobodysUuid, printable } from '../../plan/model.ts';
import { isValidName } from '../../plan/names.ts';
import { Failure } from '../../shared/errors.ts';
import type { PreflightContext } from '../context.ts';
import { type Finding, ok, unknown, warning } from '../finding.ts';
import { type Belongings, takeInventory } from '../leavers/belongings.ts';
import { findTraces, type Leaver, type Naming, type Trace } from '../leavers/leavers.ts';
import { quarantineLabel, waysWithBinding, waysWithNamespace } from '../leavers/ways.ts';
import type { Namespace } from '../objects.ts';
import { readPlan } from '../plan.ts';
import type { Binding } from '../rbac.ts';
import { bindingName, listed } from '../words.ts';

export async function leavers(context: PreflightContext): Promise<Finding[]> {
  const { gathered, settings } = context;
  const [accounts, reservations, holds, namespaces, { bindings }, directory] = await Promise.all([
    gathered.accounts(),
    gathered.reservations(),
    gathered.holds(),
    gathered.namespaces(),
    gathered.rbac(),
    askDirectory(context),
  ]);
  const traces = findTraces({
    targetNamespace: settings.targetNamespace,
    accounts,
    reservations,
    holds,
    members: directory.members,
    namespaces,
    bindings,
  });
  const heirs = await heirsOf(context, traces);
  const findings = [
    ...unrecordedFindings(context, traces, heirs),
    // What may well be a newcomer's own is not to be handed over or deleted.
    ...(await traceFindings(
      context,
      traces.filter(({ leaver }) => leaver.uuid !== undefined || !heirs.has(leaver.name)),
      namespaces,
    )),
    ...(directory.unavailable === undefined
      ? []
      : [unknown(`who is still a member could not be told: ${directory.unavailable}`)]),
  ];
  if (findings.length > 0) return findings;
  return [ok(`nobody who left is named in ${bindings.length} bindings and ${namespaces.length} namespaces`)];
}

async function askDirectory({ members }: PreflightContext) {
  try {
    return { members: await members(), unavailable: undefined };
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    return { members: undefined, unavailable: error.message };
  }
}

/** Who gets which name with the next sync: UUIDs by name. Empty where nobody can tell. */
async function heirsOf(context: PreflightContext, traces: readonly Trace[]): Promise<ReadonlyMap<string, string>> {
  if (traces.every(({ leaver }) => leaver.uuid !== undefined)) return new Map();
  const plan = await readPlan(context).catch(() => undefined);
  return new Map((plan?.create ?? []).map(({ name, member }) => [name, member.uuid] as const));
}

/** Names that anybody could get, since no record keeps them for who had them. */
function unrecordedFindings(
  context: PreflightContext,
  traces: readonly Trace[],
  heirs: ReadonlyMap<string, string>,
): Finding[] {
  const names = new Set(
    traces.flatMap(({ leaver: { name, uuid } }) => (uuid === undefined && isValidName(name) ? [name] : [])),
  );
  return [...names].map((name) => {
    const uuid = heirs.get(name);
    const places = traces
      .filter(({ leaver }) => leaver.name === name)
      .map(({ namespace }) => (namespace === undefined ? 'the whole cluster' : printable(namespace)));
    const danger =
      uuid === undefined
        ? 'Whoever gets that name next inherits what is bound to it'
        : `The next sync gives that name to ${uuid}, and with it what is bound to it in ${listed(places)}`;
    return warning(
      `no account and no record says who ${printable(name)} was, but something is bound to that name. ${danger}`,
      {
        label:
          uuid === undefined
            ? 'keep it from everybody (or, with the UUID of who had it, for them)'
            : 'unless it was theirs: keep it from everybody',
        command: context.commands.credentialsUpdater`reserve ${name} ${nobodysUuid}`,
      },
    );
  });
}

async function traceFindings(
  { gathered, settings, commands }: PreflightContext,
  traces: readonly Trace[],
  namespaces: readonly Namespace[],
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
    return [
      warning(
        `${whoText(leaver)}, and has the namespace ${printable(namespace)}: ${contentsText(trace, left)}`,
        ...waysWithNamespace(commands, namespace, trace, left, settings.targetNamespace),
      ),
    ];
  });
  const namings = traces
    .filter(({ owns }) => !owns)
    .flatMap((trace) => trace.namings.map((naming) => ({ leaver: trace.leaver, naming })));
  const elsewhere = [...Map.groupBy(namings, ({ naming }) => naming.binding).values()]
    .flatMap((ofBinding) => ofBinding.toSorted((one, other) => indexOf(other.naming) - indexOf(one.naming)))
    .map(({ leaver, naming }) =>
      warning(
        `${whoText(leaver)}, and ${bindingName(naming.binding)} still gives them ${roleText(naming.binding)}`,
        ...waysWithBinding(commands, naming, settings.targetNamespace),
      ),
    );
  const findings = [...inNamespaces, ...elsewhere];
  if (inventory.unseen.length > 0)
    findings.push(unknown(`what else is in those namespaces: no permission to list ${inventory.unseen.join(', ')}`));
  return findings;
}

/** The last subject of a binding comes first, so that its commands can be run one after the other. */
function indexOf({ binding, subject }: Naming): number {
  return binding.subjects.indexOf(subject);
}

function whoText({ name, uuid, why }: Leaver): string {
  return `${printable(name)}${uuid === undefined || uuid === nobodysUuid ? '' : ` (${uuid})`} ${why}`;
}

function roleText({ roleRef }: Binding): string {
  return `${roleRef.kind} ${printable(roleRef.name)}`;
}

function contentsText({ namings }: Trace, { accounts, tokenSecrets, workloads }: Belongings): string {
  const part = (what: string, names: readonly string[]) =>
    names.length === 0 ? [] : [`${what} ${listed(names.map(printable))}`];
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
  ];
  return parts.length === 0 ? 'nothing else was seen in it' : parts.join('; ');
}
