/** `--probe`: what a member can really do, tried with a fresh member's own token, as a real one, and in a member's namespace. */

import { isOwned } from '../../core/model.ts';
import { hasAmbiguousNamespaces, isNamespaceName } from '../../core/namespace-names.ts';
import { allInOrder } from '../../lib/all-in-order.ts';
import type { AuditContext } from '../context.ts';
import { type Finding, failed, ok, unknown, warning } from '../finding.ts';
import { isExempt } from '../kyverno-exclusions.ts';
import { memberNamed } from '../members.ts';
import { readPolicies, variantInPlace, variantToApply } from '../policies-in-place.ts';
import { sweepProbes, withProbe } from '../probe/account.ts';
import type { Attempt } from '../probe/attempt.ts';
import { memberAttempts, ownNamespace, type ProbedMember } from '../probe/attempts.ts';
import { attemptsInMembersNamespace } from '../probe/attempts-inside.ts';
import { type OwnedNamespace, ownedNamespaces, probedCluster, probedNamespace } from '../probe/cluster.ts';
import { uncounted } from '../probe/counted.ts';
import type { Outcome } from '../probe/outcome.ts';
import { type Tried, type Trying, tryAll } from '../probe/try.ts';
import { grantsOf, isGrantRefusal, isRbacRefusal, serviceAccountUser } from '../rbac.ts';
import { enListed } from '../words.ts';

/** What was applied a moment ago is not in force at once: the API server reads and compiles a policy first. */
const comingIntoForceMs = 20_000;

export async function probe(context: AuditContext): Promise<Finding[]> {
  const { client, namespaces, gathered, clock, random, signal, redact } = context;
  const namespace = namespaces.targetNamespace;
  if ((await gathered.namespace(namespace)) === undefined)
    return [unknown(`there is no namespace ${namespace} for a fresh member`)];
  const swept = await sweepProbes(client, namespace, signal);
  const [owned] = await ownedNamespaces(context);
  const patientUntil = clock.monotonic() + comingIntoForceMs;
  const asFresh = await withProbe(
    { client, namespace, clock, random, signal, onToken: redact },
    async ({ name, token }) => {
      const member = { account: name, unique: name.slice(-8), isReal: false };
      const attempts = await attemptsOf(context, member, owned);
      return tryAll(context, attempts, { who: { kind: 'member', token }, patientUntil });
    },
  );
  const isHeld = await isHeldByPolicies(context);
  const real = await realMember(context, owned?.owner);
  const groups: readonly Group[] = [
    { who: 'a fresh member', tried: asFresh },
    ...(real === undefined ? [] : [await tryAsReal(context, real, patientUntil)]),
    ...(owned === undefined || !isHeld ? [] : [await tryInside(context, owned, patientUntil)]),
  ];
  const findings = [
    ...swept.slice(0, 1).map(() => warning(`removed what a probe that was killed had left: ${enListed(swept)}`)),
    ...(await allInOrder(groups.map((group) => summarize(context, group)))).flat(),
    ...(isHeld ? await uncounted(context) : []),
  ];
  return [...findings, conclusion(groups, owned)];
}

/** Attempts that are about one of them: the sentences begin so. */
interface Group {
  readonly who: string;
  /** The namespace that they are about. */
  readonly namespace?: string;
  readonly tried: readonly Tried[];
}

/** Somebody's own rights, beside those that all have. */
async function tryAsReal(context: AuditContext, account: string, patientUntil: number): Promise<Group> {
  const user = serviceAccountUser(context.namespaces.targetNamespace, account);
  const invitedTo = new Set(
    grantsOf(await context.gathered.rbac())
      .filter(({ subject }) => memberNamed(subject, context.namespaces.targetNamespace) === account)
      .map(({ namespace }) => namespace),
  );
  const others = (await ownedNamespaces(context)).find(
    ({ namespace, owner }) => owner !== account && !invitedTo.has(namespace.metadata.name),
  );
  const attempts = await attemptsOf(context, realMemberOf(context, account), others);
  return {
    who: `the member ${account}`,
    tried: await tryAll(context, attempts, { who: { kind: 'impersonated', user }, patientUntil }),
  };
}

/** Who has a namespace, else anyone whose namespaces are called after the account. */
async function realMember(context: AuditContext, preferred: string | undefined): Promise<string | undefined> {
  const accounts = (await context.gathered.accounts()).filter(isOwned).map(({ name }) => name);
  const usable = accounts.filter(
    (name) => !hasAmbiguousNamespaces(name) && isNamespaceName(ownNamespace(realMemberOf(context, name))),
  );
  return usable.find((name) => name === preferred) ?? usable[0];
}

function realMemberOf({ random }: AuditContext, account: string): ProbedMember {
  return {
    account,
    unique: `p${Math.floor(random() * 2 ** 28)
      .toString(16)
      .padStart(7, '0')}`,
    isReal: true,
  };
}

/**
 * As the owner. What the owner has no right to do is tried with our own rights: a ServiceAccount of that namespace may have
 * more. But not where Kyverno exempts us: then we would see nothing of what it refuses.
 */
async function tryInside(context: AuditContext, owned: OwnedNamespace, patientUntil: number): Promise<Group> {
  const user = serviceAccountUser(context.namespaces.targetNamespace, owned.owner);
  const namespace = owned.namespace.metadata.name;
  const who = `anyone who has a role in a member's namespace (${namespace})`;
  const attempts = attemptsInMembersNamespace(await probedNamespace(context, owned));
  const asOwner: Trying['who'] = { kind: 'impersonated', user };
  const tried = await tryAll(context, attempts, { who: asOwner, patientUntil });
  const lacking = tried.filter(
    ({ attempt, answer }) =>
      attempt.onlyServiceAccounts !== true && (isRbacRefusal(answer.said) || isGrantRefusal(answer.said)),
  );
  if (lacking.length === 0 || (await isExempt(context))) return { who, namespace, tried };
  const again = await tryAll(
    context,
    lacking.map(({ attempt }) => attempt),
    { who: { kind: 'operator' }, patientUntil },
  );
  return { who, namespace, tried: tried.map((each) => again.find(({ attempt }) => attempt === each.attempt) ?? each) };
}

async function attemptsOf(
  context: AuditContext,
  member: ProbedMember,
  others: OwnedNamespace | undefined,
): Promise<Attempt[]> {
  const attempts = memberAttempts(member, await probedCluster(context, others));
  if (await isHeldByPolicies(context)) return attempts;
  return attempts.filter(({ should, by }) => should === 'be refused' && by === 'rights');
}

/** A club that does without policies, and whose members create no namespaces, is not asked for them. */
async function isHeldByPolicies({ expectsPolicies, gathered }: AuditContext): Promise<boolean> {
  return expectsPolicies || variantInPlace(await readPolicies(gathered)) !== undefined;
}

async function summarize(context: AuditContext, { who, namespace = '', tried }: Group): Promise<Finding[]> {
  const { gathered, commands } = context;
  const of = (outcome: Outcome, by?: Attempt['by']) =>
    tried.filter((each) => each.outcome === outcome && (by === undefined || each.attempt.by === by));
  const deeds = (some: readonly Tried[]) => some.map(({ attempt }) => attempt.does).join('; ');
  const findings: Finding[] = of('closed').map(({ attempt, answer }) =>
    failed(`${who} can't ${attempt.does}: ${answer.said}`, commands.applyMemberRole),
  );
  const [byRights, byPolicies, byQuota] = [of('open', 'rights'), of('open', 'policies'), of('open', 'quota')];
  if (byRights.length > 0)
    findings.push(failed(`${who} may, and must not: ${deeds(byRights)}. Above, member-role says by which binding`));
  if (byPolicies.length > 0) {
    const variant = await variantToApply(gathered, await readPolicies(gathered));
    findings.push(failed(`${who} may, and must not: ${deeds(byPolicies)}`, commands.applyPolicies(variant)));
  }
  if (byQuota.length > 0)
    findings.push(
      failed(
        `${who} may, and must not: ${deeds(byQuota)}. No quota there forbids it`,
        commands.kubectl`apply -n ${namespace} -f deploy/policies/namespace-contents/quota.yaml`,
      ),
    );
  const untried = of('untried');
  const [first] = untried;
  if (first !== undefined) findings.push(unknown(`could not be tried: ${deeds(untried)}. ${first.answer.said}`));
  return findings;
}

/** Says each attempt, whatever came of it. */
function conclusion(groups: readonly Group[], owned: OwnedNamespace | undefined): Finding {
  const tried = groups.flatMap((group) => group.tried);
  const expected = tried.filter(({ outcome }) => outcome === 'expected').length;
  const note = owned === undefined ? ", none of them in a member's namespace: there is none yet" : '';
  const count = expected === tried.length ? `${expected} attempts` : `${expected} of ${tried.length} attempts`;
  return {
    ...ok(`${count} ended as they should${note}`),
    steps: groups.flatMap((group) => [`as ${group.who}:`, ...group.tried.map(stepText)]),
  };
}

function stepText({ attempt, outcome }: Tried): string {
  return `${outcomeWords[outcome][attempt.should]} ${attempt.does}`;
}

/** Of one width, so that what was tried is one column. */
const outcomeWords: Record<Outcome, Record<Attempt['should'], string>> = {
  expected: { 'be refused': '✓ refused:', 'be allowed': '✓ allowed:' },
  open: { 'be refused': '✗ ALLOWED:', 'be allowed': '✗ ALLOWED:' },
  closed: { 'be refused': '✗ REFUSED:', 'be allowed': '✗ REFUSED:' },
  untried: { 'be refused': '? untried:', 'be allowed': '? untried:' },
};
