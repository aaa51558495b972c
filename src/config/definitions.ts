/** The settings as people meet them: in --help, in the docs, in an error. Made from the fields. */
import {
  defaultOf,
  environmentOnlyGroup,
  type Field,
  fieldsOf,
  type Notation,
  notationOf,
  type Schema,
  type SettingGroupTitle,
  settingGroupTitles,
} from './fields.ts';
import { gatewaySchema } from './gateway-settings.ts';
import { memberSyncSchema } from './member-sync.ts';
import { processSchema } from './process-settings.ts';

export interface SettingDefinition {
  readonly name: string;
  readonly default: string | undefined;
  readonly placeholder: string;
  readonly description: string;
  /** The only values there are. */
  readonly choices?: readonly string[];
  /** What says it: a MemberSync, or nothing but the process itself. */
  readonly belongsTo: 'member-sync' | 'process';
  /** Where it is there. */
  readonly paths: readonly (readonly string[])[];
  readonly group: SettingGroupTitle;
  readonly notation: Notation;
  readonly onlyWith: string | undefined;
}

export interface SettingGroup {
  readonly title: SettingGroupTitle;
  /** It has no flags. */
  readonly environmentOnly: boolean;
  readonly settings: readonly SettingDefinition[];
}

const ofMemberSync = fieldsOf(memberSyncSchema).map((field) => ({
  field,
  name: field.about.setting,
  belongsTo: 'member-sync' as const,
}));
/** The settings of a sync, of a run around it, and of every command that looks after them. */
export const settingDefinitions = definitionsOf([...ofMemberSync, ...ofProcess(processSchema)]);

/** Those of a gateway, which is a process of its own. */
export const gatewayDefinitions = definitionsOf(ofProcess(gatewaySchema));

interface NamedField {
  readonly field: Field;
  readonly name: string | undefined;
  readonly belongsTo: SettingDefinition['belongsTo'];
}

function ofProcess(schema: Schema): NamedField[] {
  return fieldsOf(schema).map((field) => {
    const [property = '', ...inside] = field.path;
    // What is inside is a part of a value, as of a secret.
    return { field, name: inside.length === 0 ? variableOf(property) : undefined, belongsTo: 'process' };
  });
}

function definitionsOf(fields: readonly NamedField[]): readonly SettingDefinition[] {
  return [...Map.groupBy(fields, ({ name }) => name)].flatMap(([name, [first, ...others]]) => {
    const group = first?.field.about.group;
    if (name === undefined || first === undefined || group === undefined) return [];
    const paths = [first, ...others].map(({ field }) => field.path);
    return [{ ...describe(first.field), name, group, belongsTo: first.belongsTo, paths }];
  });
}

export const settingGroups: readonly SettingGroup[] = settingGroupTitles.map((title) => ({
  title,
  environmentOnly: title === environmentOnlyGroup,
  settings: settingDefinitions.filter(({ group }) => group === title),
}));

function describe({ schema, about }: Field) {
  const notation = notationOf({ schema, about });
  const fallback = defaultOf(schema);
  const { placeholder, choices } = notation;
  const { description, onlyWith } = about;
  return {
    // An empty list says nothing: the description says what holds then.
    default: fallback === undefined ? undefined : notation.toText(fallback) || undefined,
    placeholder,
    description,
    ...(choices === undefined ? {} : { choices }),
    notation,
    onlyWith,
  };
}

/** What a setting is called where it was said: `MIN_MEMBERS`, or in a document `spec.guard.minMembers`. */
export function spellingFor({ file }: { readonly file: string | undefined }): (settingName: string) => string {
  return (settingName) => {
    const definition = settingDefinitions.find(({ name }) => name === settingName);
    return file === undefined || definition?.belongsTo !== 'member-sync'
      ? settingName
      : (definition.paths[0]?.join('.') ?? settingName);
  };
}

export const flagOf = (settingName: string): string => `--${settingName.toLowerCase().replaceAll('_', '-')}`;

/** fooBar -> FOO_BAR. */
function variableOf(property: string): string {
  return property.replace(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase();
}
