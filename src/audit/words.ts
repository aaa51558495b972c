/** Rights and bindings in words, and the command that takes one away. */
import { printable } from '../core/model.ts';
import { en, joined, type Message, type Text } from '../lib/message.ts';
import { generalMessages as messages } from '../lib/messages/general.ts';
import type { Commands } from './commands.ts';
import type { Lead } from './escalation.ts';
import type { Binding, Grant, Right, Subject } from './rbac.ts';

const longestList = 8;

/** `a, b, … 3 more`. */
export function listed(words: readonly Text[], { longest = longestList, separator = ', ' } = {}): Message {
  const shown = joined(words.slice(0, longest), separator);
  return words.length > longest ? messages.listed({ shown, separator, more: words.length - longest }) : shown;
}

/** The same in English. */
export function enListed(...given: Parameters<typeof listed>): string {
  return en(listed(...given));
}

export function subjectName({ kind, name, namespace }: Subject): string {
  return `${kind} ${printable(namespace === undefined ? name : `${namespace}/${name}`)}`;
}

/** `ClusterRoleBinding old-admin → ClusterRole cluster-admin`: how somebody comes by a right. */
export function pathOf({ binding, role }: Pick<Grant, 'binding' | 'role'>): string {
  const roleKind = role.namespace === undefined ? 'ClusterRole' : 'Role';
  return `${bindingName(binding)} → ${roleKind} ${printable(role.name)}`;
}

export function bindingName({ name, namespace }: Binding): string {
  return namespace === undefined
    ? `ClusterRoleBinding ${printable(name)}`
    : `RoleBinding ${printable(name)} in ${printable(namespace)}`;
}

/** `get, list secrets; get, update configmaps "a", "b"`. */
export function rightsText(rights: readonly Right[]): string {
  if (rights.some(isEverything)) return 'do everything';
  const byObject = Map.groupBy(rights, (right) => `${kindText(right)} ${nameText(right)}`);
  const objects = [...byObject.values()].flatMap((same) => {
    const verbs = new Set(same.map(({ verb }) => printable(verb)));
    return same
      .slice(0, 1)
      .map((right) => ({ what: `${[...verbs].join(', ')} ${kindText(right)}`, name: nameText(right) }));
  });
  const parts = [...Map.groupBy(objects, ({ what }) => what)].map(([what, each]) => {
    const names = each.map(({ name }) => name).filter((name) => name !== '');
    return names.length === 0 ? what : `${what} ${enListed(names, { longest: 3 })}`;
  });
  return enListed(parts, { separator: '; ' });
}

const mostReasons = 3;

/** `reads Secrets, changes nodes (why the one; why the other)`: the reasons where there are few. */
export function leadsText(leads: readonly Lead[]): string {
  const gains = [...new Set(leads.map(({ gain }) => gain))];
  const reasons = [...new Set(leads.map(({ reason }) => reason))];
  const why = reasons.length === 0 || reasons.length > mostReasons ? '' : ` (${reasons.join('; ')})`;
  return `${enListed(gains)}${why}`;
}

function isEverything(right: Right): boolean {
  return right.kind === 'resource' && [right.verb, right.apiGroup, right.resource].every((part) => part === '*');
}

function kindText(right: Right): string {
  if (right.kind === 'url') return printable(right.url);
  return printable(right.apiGroup === '' ? right.resource : `${right.resource}.${right.apiGroup}`);
}

/** Empty for a right to every object. */
function nameText(right: Right): string {
  return right.kind === 'url' || right.name === undefined ? '' : `"${printable(right.name)}"`;
}

/** `in poolc-users` or `cluster-wide`. */
export function placeOf(namespace: string | undefined): string {
  return namespace === undefined ? 'cluster-wide' : `in ${printable(namespace)}`;
}

/** Of one binding, from its last subject to its first: so its commands can be run one after the other. */
export function bySubject(ofBinding: readonly Grant[]): [Subject, Grant[]][] {
  return [...Map.groupBy(ofBinding, ({ subject }) => subject)].toReversed();
}

/** One subject of one binding at a time: that is what a command can take away. */
export function bySubjectOfBinding(grants: readonly Grant[]): Grant[][] {
  return [...Map.groupBy(grants, ({ binding }) => binding).values()].flatMap((each) =>
    bySubject(each).map(([, ofSubject]) => ofSubject),
  );
}

/** Takes one subject out of a binding; the whole binding where it has no other. */
export function removeSubjectCommand(
  { kubectl }: Pick<Commands, 'kubectl'>,
  binding: Binding,
  subject: Subject,
): string {
  const { name, namespace, subjects } = binding;
  if (subjects.length === 1) {
    return namespace === undefined
      ? kubectl`delete clusterrolebinding/${name}`
      : kubectl`-n ${namespace} delete rolebinding/${name}`;
  }
  const index = subjects.indexOf(subject);
  const patch = JSON.stringify([
    // Somebody may have changed the list meanwhile.
    { op: 'test', path: `/subjects/${index}/name`, value: subject.name },
    { op: 'remove', path: `/subjects/${index}` },
  ]);
  return namespace === undefined
    ? kubectl`patch clusterrolebinding/${name} --type=json -p ${patch}`
    : kubectl`-n ${namespace} patch rolebinding/${name} --type=json -p ${patch}`;
}
