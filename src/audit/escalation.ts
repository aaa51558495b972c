/**
 * Rights that lead to more than they say: with each of these one gets at another's credentials, identity or rules. What
 * they are, and why, is in escalation-table.ts; here a rule is held against the table.
 */
import {
  type Escalation,
  type Gain,
  kubernetesEscalations,
  kubernetesGroups,
  urlEscalations,
} from './escalation-table.ts';
import { projectEscalations, reportGroups } from './escalation-table-projects.ts';
import { covers, grantsRight, matchesResource, type PolicyRule, type Right, rightsOf, touches } from './rbac.ts';

export type { Gain };

/** One way in which a rule leads further. */
export interface Lead {
  readonly gain: Gain;
  readonly reason: string;
}

const escalations: readonly Escalation[] = [...kubernetesEscalations, ...projectEscalations];

/** What the rule leads to where it holds. A rule that allows everything leads to that alone. @param namespace undefined: everywhere */
export function leadsOf(rule: PolicyRule, namespace: string | undefined): Lead[] {
  if (touches(rule, { verb: '*', apiGroup: '*', resource: '*' }))
    return [{ gain: 'does everything', reason: 'the rule allows every verb on every resource' }];
  const isClusterWide = namespace === undefined;
  return [
    ...escalations.filter((row) => (isClusterWide || !row.clusterOnly) && isTouched(rule, row)),
    ...(isClusterWide ? leadsOfUrls(rule.nonResourceURLs) : []),
  ];
}

/** The same without the reasons, each gain once. */
export function gainsOf(rule: PolicyRule, namespace: string | undefined): Gain[] {
  return [...new Set(leadsOf(rule, namespace).map(({ gain }) => gain))];
}

export interface PlacedRule {
  readonly rule: PolicyRule;
  /** undefined for everywhere. */
  readonly namespace: string | undefined;
}

/** What several rules lead to together, each way once; alone what includes all the others. */
export function leadsOfAll(rules: readonly PlacedRule[]): Lead[] {
  const leads = rules.flatMap(({ rule, namespace }) => leadsOf(rule, namespace));
  const all = leads.find(({ gain }) => gain === 'does everything');
  if (all !== undefined) return [all];
  return [...new Map(leads.map((lead) => [`${lead.gain}: ${lead.reason}`, lead])).values()];
}

export function gainsOfAll(rules: readonly PlacedRule[]): Gain[] {
  return [...new Set(leadsOfAll(rules).map(({ gain }) => gain))];
}

const knownGroups = new Set([...kubernetesGroups, ...reportGroups, ...escalations.map(({ apiGroup }) => apiGroup)]);

/** API groups of the rule that nobody here knows: their objects may run code or hold Secrets. `*` where it means every API. */
export function unknownGroupsOf({ apiGroups, resources }: PolicyRule): string[] {
  if (resources.length === 0) return [];
  return apiGroups.filter((group) => (group === '*' ? resources.includes('*') : !knownGroups.has(group)));
}

function isTouched(rule: PolicyRule, { verbs, apiGroup, resources }: Escalation): boolean {
  return (
    verbs.some((verb) => hasVerb(rule.verbs, verb)) && resources.some((resource) => hasObject(rule, apiGroup, resource))
  );
}

/** A row's `prefix:*` is met by a verb that is named, not by `*`: that one has a row for what it allows besides. */
function hasVerb(granted: readonly string[], wanted: string): boolean {
  return wanted.endsWith(':*') ? granted.some((verb) => verb.startsWith(wanted.slice(0, -1))) : covers(granted, wanted);
}

/** A row's `userextras/*` is any of these subresources, and its `*` any resource of the group. */
function hasObject({ apiGroups, resources }: PolicyRule, group: string, wanted: string): boolean {
  if (wanted !== '*')
    return (
      covers(apiGroups, group) &&
      resources.some(
        (resource) =>
          matchesResource(resource, wanted) || (wanted.endsWith('/*') && resource.startsWith(wanted.slice(0, -1))),
      )
    );
  if (resources.length === 0) return false;
  // `*` for the groups says of one resource nothing about those of this group.
  return group === '*' || apiGroups.includes(group) || (apiGroups.includes('*') && resources.includes('*'));
}

function leadsOfUrls(granted: readonly string[]): Lead[] {
  if (granted.some((url) => url === '*' || url === '/*'))
    return [{ gain: 'reads and writes every URL of the API server', reason: 'the rule allows every URL' }];
  return urlEscalations.filter(({ prefix }) =>
    granted.some((url) => {
      const start = url.endsWith('*') ? url.slice(0, -1) : url;
      return start === prefix || start.startsWith(`${prefix}/`) || (url.endsWith('*') && prefix.startsWith(start));
    }),
  );
}

/** Whether the rule grants more than the allowed rights, each of them in `namespace` or everywhere. */
export function rightsBeyond(rule: PolicyRule, namespace: string | undefined, allowed: readonly PlacedRule[]): Right[] {
  return rightsOf(rule, namespace).filter(
    (right) => !allowed.some((other) => grantsRight(other.rule, other.namespace, right)),
  );
}
