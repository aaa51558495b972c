/** The updater's own rights: all that a run needs, and nothing beyond. */

import * as z from 'zod';
import { leadsOfAll, type PlacedRule, rightsBeyond } from '../../audit/escalation.ts';
import { type Finding, failed, ok, warning } from '../../audit/finding.ts';
import {
  everyonesRules,
  type Grant,
  grantsOf,
  grantsRight,
  isSubject,
  type Right,
  resourceRule,
  rightsOf,
  serviceAccountIdentity,
} from '../../audit/rbac.ts';
import { leadsText, pathOf, placeOf, removeSubjectCommand, rightsText } from '../../audit/words.ts';
import { namespacesOf } from '../../config/settings.ts';
import { parseAnswer } from '../../kube/client.ts';
import { allInOrder } from '../../lib/all-in-order.ts';
import { Failure } from '../../lib/failure.ts';
import { accountPath } from '../../registry/accounts.ts';
import { holdsName } from '../../registry/place.ts';
import type { PreflightContext } from '../context.ts';
import { printedName, type RequiredRole, requiredRoles } from '../required-rights.ts';
import { authoritiesName } from './endpoint.ts';

export async function updaterRights(context: PreflightContext): Promise<Finding[]> {
  const { settings, identity, gathered } = context;
  const { podNamespace, targetNamespace } = namespacesOf(settings);
  const account = await context.updaterAccount();
  const updater = serviceAccountIdentity(podNamespace, account);
  const required = requiredRoles(settings);

  const findings: Finding[] = [];
  let held: readonly PlacedRule[] = [];
  const runsAsUpdater = identity.user === updater.user;
  if (runsAsUpdater) {
    // What the API server itself says, by whichever authorizers it has.
    held = await reviewOwnRules(context, [podNamespace, targetNamespace, 'kube-system']);
    findings.push(...beyondByReview(held, required));
  }
  try {
    const grants = grantsOf(await gathered.rbac()).filter(({ subject }) => isSubject(subject, updater));
    if (!(await accountExists(context, account)))
      findings.push(
        failed(
          `the ServiceAccount ${account} in ${podNamespace} does not exist`,
          settings.file === undefined
            ? context.commands.applyUpdater
            : context.commands.kubectl`-n ${podNamespace} create serviceaccount ${account}`,
        ),
      );
    held = [...held, ...grants];
    findings.push(...beyondByBinding(context, account, grants, required));
  } catch (error) {
    const isForbidden = error instanceof Failure && error.status === 403;
    if (!isForbidden || !runsAsUpdater) throw error;
  }
  findings.unshift(...missing(context, held, required));
  findings.push(...(await plantable(context)));
  return findings.length > 0 ? findings : [ok(`${account} has all the rights that a run needs, and no others`)];
}

/** ConfigMaps that runs trust, and that the updater could make itself where they are missing: RBAC can't restrict `create`. */
async function plantable({ gathered, settings, commands }: PreflightContext): Promise<Finding[]> {
  const trusted = [
    { name: holdsName(settings.metadata), what: 'who is held out' },
    ...(settings.file === undefined ? [{ name: authoritiesName, what: 'whose certificates are trusted' }] : []),
  ];
  const found = await allInOrder(trusted.map(({ name }) => gathered.configMap(name)));
  return trusted
    .filter((_, index) => found[index]?.resourceVersion === undefined)
    .map(({ name, what }) =>
      warning(
        `there is no ConfigMap ${name} in ${settings.metadata.namespace}: a run that was taken over could make it, and say in it ${what}`,
        commands.applyUpdater,
      ),
    );
}

function missing(
  { commands }: PreflightContext,
  held: readonly PlacedRule[],
  required: readonly RequiredRole[],
): Finding[] {
  return required.flatMap(({ namespace, rules }) => {
    const lacking = rules
      .flatMap((rule) => rightsOf(rule, namespace))
      .filter((right) => !held.some((each) => grantsRight(each.rule, each.namespace, right)));
    if (lacking.length === 0) return [];
    return [failed(`the updater may not ${rightsText(lacking)} ${placeOf(namespace)}`, commands.applyUpdater)];
  });
}

function allowed(required: readonly RequiredRole[]): PlacedRule[] {
  return [
    ...required.flatMap(({ namespace, rules }) => rules.map((rule) => ({ rule, namespace }))),
    ...everyonesRules.map((rule) => ({ rule, namespace: undefined })),
  ];
}

function beyondByBinding(
  { commands, settings }: PreflightContext,
  account: string,
  grants: readonly Grant[],
  required: readonly RequiredRole[],
): Finding[] {
  return [...Map.groupBy(grants, ({ binding }) => binding).values()].flatMap((ofBinding) => {
    const rights = ofBinding.flatMap(({ rule, namespace }) => rightsBeyond(rule, namespace, allowed(required)));
    const [first] = ofBinding;
    if (first === undefined || rights.length === 0) return [];
    const { binding, role, subject } = first;
    const isOurs =
      (binding.name === account || binding.name === printedName(settings.metadata)) &&
      role.namespace !== undefined &&
      [settings.metadata.namespace, settings.accounts.namespace].includes(role.namespace);
    const fix = isOurs ? commands.applyUpdater : removeSubjectCommand(commands, binding, subject);
    return [beyond(rights, binding.namespace, ` (${pathOf(first)})`, fix)];
  });
}

function beyondByReview(held: readonly PlacedRule[], required: readonly RequiredRole[]): Finding[] {
  return [...Map.groupBy(held, ({ namespace }) => namespace)].flatMap(([namespace, rules]) => {
    const rights = rules.flatMap(({ rule }) => rightsBeyond(rule, namespace, allowed(required)));
    return rights.length === 0 ? [] : [beyond(rights, namespace, '')];
  });
}

function beyond(rights: readonly Right[], namespace: string | undefined, path: string, ...fixes: string[]): Finding {
  const leads = leadsOfAll(rights.map(placedRule));
  const text = `the updater needs no right to ${rightsText(rights)} ${placeOf(namespace)}${path}`;
  return leads.length === 0 ? warning(text, ...fixes) : failed(`${text}: with that it ${leadsText(leads)}`, ...fixes);
}

function placedRule(right: Right): PlacedRule {
  if (right.kind === 'resource')
    return { rule: resourceRule([right.verb], right.apiGroup, [right.resource]), namespace: right.namespace };
  const rule = { verbs: [right.verb], apiGroups: [], resources: [], resourceNames: [], nonResourceURLs: [right.url] };
  return { rule, namespace: undefined };
}

const list = z
  .array(z.string())
  .nullish()
  .transform((strings) => strings ?? []);
const reviewSchema = z.object({
  status: z.object({
    resourceRules: z.array(z.object({ verbs: list, apiGroups: list, resources: list, resourceNames: list })),
    nonResourceRules: z.array(z.object({ verbs: list, nonResourceURLs: list })),
  }),
});

/** SelfSubjectRulesReviews: what we may do in each of these namespaces, cluster-wide rights included. */
async function reviewOwnRules(
  { client, signal }: PreflightContext,
  namespaces: readonly string[],
): Promise<PlacedRule[]> {
  const reviews = await allInOrder(
    namespaces.map(async (namespace) => {
      const response = await client.call({
        method: 'POST',
        path: '/apis/authorization.k8s.io/v1/selfsubjectrulesreviews',
        body: { apiVersion: 'authorization.k8s.io/v1', kind: 'SelfSubjectRulesReview', spec: { namespace } },
        signal,
      });
      const { status } = parseAnswer(reviewSchema, response, 'a SelfSubjectRulesReview');
      const nowhere = { apiGroups: [], resources: [], resourceNames: [] };
      return [
        ...status.resourceRules.map((rule): PlacedRule => ({ rule: { ...rule, nonResourceURLs: [] }, namespace })),
        ...status.nonResourceRules.map((rule): PlacedRule => ({ rule: { ...rule, ...nowhere }, namespace: undefined })),
      ];
    }),
  );
  return reviews.flat();
}

async function accountExists({ client, settings, signal }: PreflightContext, name: string): Promise<boolean> {
  const path = accountPath(settings.metadata.namespace, name);
  const { status } = await client.call({ method: 'GET', path, signal, expected: [404] });
  return status === 200;
}
