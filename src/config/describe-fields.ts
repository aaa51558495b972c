/** The fields of a MemberSync as people read of them: in `explain`, and in the tables of docs/membersync.md. */
import {
  type About,
  aboutOf,
  anyName,
  childOf,
  childrenOf,
  defaultOf,
  notationOf,
  ownNotationOf,
  requiredOf,
  type Schema,
} from './fields.ts';
import { memberSyncSchema } from './member-sync.ts';

export interface FieldDescription {
  /** From the root: `spec.token.lifetime`; empty for the document itself. */
  readonly path: string;
  readonly name: string;
  readonly type: string;
  readonly description: string;
  readonly required: boolean;
  /** As a document writes it; undefined where there is none. */
  readonly default: string | undefined;
  /** The variable that says the same. */
  readonly setting: string | undefined;
  readonly only: About['only'];
  readonly fields: readonly FieldDescription[];
}

/** The whole document. */
export function describeMemberSync(): FieldDescription {
  return {
    path: '',
    name: 'MemberSync',
    type: 'object',
    description: 'one sync: who is a member, where credentials go, and what holds in between',
    required: true,
    default: undefined,
    setting: undefined,
    only: undefined,
    fields: fieldsBelow(memberSyncSchema, []),
  };
}

/** Those with a meaning of their own, for a table: what is inside a reference to a secret is said once for all. */
export function tableFields({ fields }: FieldDescription): FieldDescription[] {
  return fields.flatMap((field) => [
    field,
    ...(isReference(field.fields) || field.type === 'reference' ? [] : tableFields(field)),
  ]);
}

function isReference(fields: readonly Pick<FieldDescription, 'name'>[]): boolean {
  return fields.some(({ name }) => name === 'file') && fields.some(({ name }) => name === 'env');
}

/** The field at a path, or the last name on it that there is none of. */
export function findField(
  path: readonly string[],
): FieldDescription | { readonly within: FieldDescription; readonly unknown: string } {
  let found = describeMemberSync();
  for (const name of path) {
    const next = found.fields.find((field) => field.name === name);
    if (next === undefined) return { within: found, unknown: name };
    found = next;
  }
  return found;
}

function fieldsBelow(schema: Schema, path: readonly string[]): FieldDescription[] {
  return Object.keys(childrenOf(schema)).flatMap((name) => {
    const child = childOf(schema, name);
    const about = child === undefined ? undefined : aboutOf(child);
    if (child === undefined || about === undefined) return [];
    const here = [...path, name];
    const fields = fieldsBelow(child, here);
    return [
      {
        path: here.join('.'),
        name,
        type: typeOf(child, fields),
        description: about.inDocument ?? about.description,
        required: about.required ?? (name !== anyName && requiredOf(child)),
        default: about.required === true ? undefined : defaultText(child, about),
        setting: about.setting,
        only: about.only,
        fields,
      },
    ];
  });
}

function typeOf(schema: Schema, fields: readonly FieldDescription[]): string {
  const own = ownNotationOf(schema)?.type;
  if (own !== undefined) return own;
  if (isReference(fields)) return 'secret';
  if (fields.map(({ name }) => name).join() === 'name,key') return 'reference';
  return fields.length === 0 && Object.keys(childrenOf(schema)).length === 0 ? 'text' : 'object';
}

function defaultText(schema: Schema, about: About): string | undefined {
  const value = defaultOf(schema);
  if (value === undefined || (typeof value === 'object' && value !== null && Object.keys(value).length === 0))
    return undefined;
  return notationOf({ schema, about }).toText(value);
}
