/** How far the rights of one subject reach beyond what it may have, in one sentence. */
import { type Lead, leadsOfAll, rightsBeyond, unknownGroupsOf } from './escalation.ts';
import { everyonesRules, type Grant, type PolicyRule, type Right } from './rbac.ts';
import { enListed, leadsText, placeOf, rightsText } from './words.ts';

export interface Reach {
  /** Beyond what is allowed. */
  readonly rights: readonly Right[];
  readonly leads: readonly Lead[];
  /** API groups among them of which nobody here knows what they lead to. */
  readonly unknownGroups: readonly string[];
}

/** @param grants of one subject by one binding @param allowed what it may have, beside what everybody has */
export function reachOf(grants: readonly Grant[], allowed: readonly PolicyRule[] = []): Reach {
  const fine = [...allowed, ...everyonesRules].map((rule) => ({ rule, namespace: undefined }));
  const beyond = grants
    .map((grant) => ({ grant, rights: rightsBeyond(grant.rule, grant.namespace, fine) }))
    .filter(({ rights }) => rights.length > 0);
  return {
    rights: beyond.flatMap(({ rights }) => rights),
    leads: leadsOfAll(beyond.map(({ grant }) => grant)),
    unknownGroups: [...new Set(beyond.flatMap(({ grant }) => unknownGroupsOf(grant.rule)))],
  };
}

/** `may get nodes/log cluster-wide` */
export function mayText({ rights }: Reach, namespace: string | undefined): string {
  return `may ${rightsText(rights)} ${placeOf(namespace)}`;
}

/** `: anyone who has that reaches the kubelets (why)`; empty where the rights lead nowhere, or say it themselves. */
export function leadsToText({ leads, unknownGroups }: Reach): string {
  if (leads.some(({ gain }) => gain === 'does everything')) return '';
  const known = leads.length === 0 ? '' : `: anyone who has that ${leadsText(leads)}`;
  if (unknownGroups.length === 0) return known;
  const apis = unknownGroups.map((group) => (group === '*' ? 'every API' : group));
  return `${known}. Unknown is what ${enListed(apis)} leads to: objects of an API that preflight doesn't know may run code or hold Secrets`;
}
