/** `--probe`: what a member can really do, tried with a fresh member's own token, and in a member's namespace. */
import pMap from 'p-map';
import * as z from 'zod';
import { parseJson, partialMetadata, partialMetadataOfOne } from '../../kube/client.ts';
import type { AuditContext } from '../context.ts';
import { type Finding, failed, ok, unknown, warning } from '../finding.ts';
import { isExempt } from '../kyverno-exclusions.ts';
import { isMembersGroup, ownerOf, readerRoleName } from '../members.ts';
import { readPolicies, variantInPlace, variantToApply } from '../policies-in-place.ts';
import { sweepProbes, withProbe } from '../probe/account.ts';
import { type Attempt, attemptsInMembersNamespace, memberAttempts } from '../probe/attempts.ts';
import { type Answer, type Outcome, outcomeOf } from '../probe/outcome.ts';
import { grantsOf, isGrantRefusal, isRbacRefusal, serviceAccountUser } from '../rbac.ts';
import { listed } from '../words.ts';

const concurrency = 8;
/** What was applied a moment ago is not in force at once: the API server reads and compiles a policy first. */
const comingIntoForceMs = 20_000;
/** Answers, each of which says something about an attempt. */
const answers = [400, 401, 403, 404, 405, 406, 409, 410, 413, 415, 422, 500, 503];

export async function probe(context: AuditContext): Promise<Finding[]> {
  const { client, namespaces, gathered, clock, random, signal, redact } = context;
  const namespace = namespaces.targetNamespace;
  if ((await gathered.namespace(namespace)) === undefined)
    return [unknown(`there is no namespace ${namespace} for a fresh member`)];
  const swept = await sweepProbes(client, namespace, signal);
  const owned = await findMembersNamespace(context);
  const membersNamespace = owned?.namespace;
  const patientUntil = clock.monotonic() + comingIntoForceMs;
  const asMember = await withProbe(
    { client, namespace, clock, random, signal, onToken: redact },
    async ({ name, token }) => {
      const attempts = await attemptsOf(context, name, membersNamespace);
      return tryAll(context, attempts, { who: { kind: 'member', token }, patientUntil });
    },
  );
  const isTried = owned !== undefined && (await isHeldByPolicies(context));
  const inside = isTried ? await tryInside(context, owned, patientUntil) : [];

  const findings = [
    ...swept.slice(0, 1).map(() => warning(`removed what a probe that was killed had left: ${listed(swept)}`)),
    ...(await summarize(context, asMember, 'a fresh member')),
    ...(await summarize(context, inside, `anyone who has a role in a member's namespace (${membersNamespace ?? ''})`)),
  ];
  if (findings.length > 0) return findings;
  const note = membersNamespace === undefined ? ", none of them in a member's namespace: there is none yet" : '';
  return [ok(`${asMember.length + inside.length} attempts ended as they should${note}`)];
}

/**
 * As the owner. What the owner has no right to do is tried with our own rights: a ServiceAccount of that namespace may have
 * more. But not where Kyverno exempts us: then we would see nothing of what it refuses.
 */
async function tryInside(
  context: AuditContext,
  { namespace, owner }: { readonly namespace: string; readonly owner: string },
  patientUntil: number,
): Promise<Tried[]> {
  const user = serviceAccountUser(context.namespaces.targetNamespace, owner);
  const tried = await tryAll(context, attemptsInMembersNamespace(namespace), {
    who: { kind: 'owner', user },
    patientUntil,
  });
  const lacking = tried.filter(({ answer }) => isRbacRefusal(answer.said) || isGrantRefusal(answer.said));
  if (lacking.length === 0 || (await isExempt(context))) return tried;
  const again = await tryAll(
    context,
    lacking.map(({ attempt }) => attempt),
    { who: { kind: 'operator' }, patientUntil },
  );
  return tried.map((each) => again.find(({ attempt }) => attempt === each.attempt) ?? each);
}

/** With a ServiceAccount of its owner, if there is one: a leaver's has no rights any more. */
async function findMembersNamespace({
  gathered,
}: AuditContext): Promise<{ readonly namespace: string; readonly owner: string } | undefined> {
  const accounts = new Set((await gathered.accounts()).map(({ name }) => name));
  const owned = (await gathered.namespaces()).flatMap((namespace) => {
    const owner = ownerOf(namespace);
    const { name, deletionTimestamp } = namespace.metadata;
    return owner === undefined || deletionTimestamp !== undefined ? [] : [{ namespace: name, owner }];
  });
  return owned.find(({ owner }) => accounts.has(owner)) ?? owned[0];
}

async function attemptsOf(
  context: AuditContext,
  name: string,
  othersNamespace: string | undefined,
): Promise<Attempt[]> {
  const { namespaces, gathered } = context;
  const attempts = memberAttempts(name, {
    podNamespace: namespaces.podNamespace,
    targetNamespace: namespaces.targetNamespace,
    keySecret: await context.keySecret(),
    hasKyverno: (await gathered.apiGroups()).has('kyverno.io'),
    hasReader: grantsOf(await gathered.rbac()).some(
      ({ subject, role, namespace }) =>
        namespace === undefined && role.name === readerRoleName && isMembersGroup(subject, namespaces.targetNamespace),
    ),
    othersNamespace,
  });
  if (await isHeldByPolicies(context)) return attempts;
  return attempts.filter(({ should, by }) => should === 'be refused' && by === 'rights');
}

/** A club that does without policies, and whose members create no namespaces, is not asked for them. */
async function isHeldByPolicies({ expectsPolicies, gathered }: AuditContext): Promise<boolean> {
  return expectsPolicies || variantInPlace(await readPolicies(gathered)) !== undefined;
}

interface Tried {
  readonly attempt: Attempt;
  readonly outcome: Outcome;
  readonly answer: Answer;
}

interface Trying {
  readonly who:
    | { readonly kind: 'member'; readonly token: string }
    | { readonly kind: 'owner'; readonly user: string }
    /** We ourselves. */
    | { readonly kind: 'operator' };
  /** Until when policies may still come into force, on the monotonic clock. */
  readonly patientUntil: number;
}

/** Tries all of them; what only policies refuse, and did not, again for a while. */
async function tryAll(
  context: AuditContext,
  attempts: readonly Attempt[],
  { who, patientUntil }: Trying,
): Promise<Tried[]> {
  const { clock, signal } = context;
  let tried = await tryOnce(context, attempts, who);
  while (tried.some(letThroughByPolicies) && clock.monotonic() < patientUntil) {
    await clock.sleep(1_000, signal);
    const again = await tryOnce(
      context,
      tried.filter(letThroughByPolicies).map(({ attempt }) => attempt),
      who,
    );
    tried = tried.map((each) => again.find(({ attempt }) => attempt === each.attempt) ?? each);
  }
  return tried;
}

const letThroughByPolicies = ({ attempt, outcome }: Tried): boolean => attempt.by === 'policies' && outcome === 'open';

async function tryOnce(context: AuditContext, attempts: readonly Attempt[], who: Trying['who']): Promise<Tried[]> {
  return pMap(
    attempts,
    async (attempt) => {
      const answer = await perform(context, attempt, who);
      return { attempt, outcome: outcomeOf(attempt, answer, who.kind), answer };
    },
    { concurrency, signal: context.signal },
  );
}

const objectSchema = z.object({
  message: z.string().optional(),
  metadata: z.object({ labels: z.record(z.string(), z.string()).optional() }).optional(),
});

async function perform(
  { client, signal }: AuditContext,
  { method, path, body, as }: Attempt,
  who: Trying['who'],
): Promise<Answer> {
  const response = await client.call({
    method,
    path,
    ...(body === undefined ? {} : { body }),
    ...(who.kind === 'member' ? { bearer: who.token } : {}),
    ...(who.kind === 'owner' ? { impersonate: who.user } : {}),
    ...(as === undefined ? {} : { impersonate: as }),
    // What an open door would show is not wanted.
    ...(method === 'GET' ? { accept: path.includes('limit=') ? partialMetadata : partialMetadataOfOne } : {}),
    signal,
    expected: answers,
  });
  const { status } = response;
  const object = objectSchema.safeParse(parseJson(response.body)).data;
  const said = status < 300 ? '' : (object?.message?.slice(0, 300) ?? `HTTP ${status}`);
  return { status, said, labels: object?.metadata?.labels ?? {} };
}

/** @param who what the sentences are about: `a fresh member` */
async function summarize(context: AuditContext, tried: readonly Tried[], who: string): Promise<Finding[]> {
  const { gathered, commands } = context;
  const of = (outcome: Outcome, by?: Attempt['by']) =>
    tried.filter((each) => each.outcome === outcome && (by === undefined || each.attempt.by === by));
  const deeds = (some: readonly Tried[]) => some.map(({ attempt }) => attempt.does).join('; ');
  const findings: Finding[] = of('closed').map(({ attempt, answer }) =>
    failed(`${who} can't ${attempt.does}: ${answer.said}`, commands.applyMemberRole),
  );
  const [byRights, byPolicies] = [of('open', 'rights'), of('open', 'policies')];
  if (byRights.length > 0)
    findings.push(failed(`${who} may, and must not: ${deeds(byRights)}. Above, member-role says by which binding`));
  if (byPolicies.length > 0) {
    const variant = await variantToApply(gathered, await readPolicies(gathered));
    findings.push(failed(`${who} may, and must not: ${deeds(byPolicies)}`, commands.applyPolicies(variant)));
  }
  const untried = of('untried');
  const [first] = untried;
  if (first !== undefined) findings.push(unknown(`could not be tried: ${deeds(untried)}. ${first.answer.said}`));
  return findings;
}
