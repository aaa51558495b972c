/**
 * How a field of the settings table is written down: a schema that reads its value, and what people are told about it.
 * Everything else (variables, flags, --help, tables of the docs, `explain`, the schema of the custom resource) is made
 * from these.
 */

import * as z from 'zod';
import { valueMessages } from '../lib/messages/settings.ts';
import { errorText } from './words.ts';

/** How a value is written outside a document: in a variable or behind a flag. */
export interface Notation {
  readonly placeholder: string;
  /** What it is called where a document's fields are explained. */
  readonly type: string;
  /** The value as a document has it. What can't be read is returned as it is, for the schema to refuse. */
  fromText(text: string, setting: string): unknown;
  /** The other way round, for what is printed. */
  toText(value: unknown): string;
  /** `=VALUE` for a refusal; where nothing may be shown, an empty text. Escaped and cut unless given. */
  shown?(text: string): string;
  /** The only values there are. */
  readonly choices?: readonly string[];
}

export interface About {
  /** For people who write a document or a variable: a phrase, without the default. */
  readonly description: string;
  /** The variable that says the same; `--foo-bar` for FOO_BAR is the flag. */
  readonly setting?: string;
  /** The heading of this setting. */
  readonly group?: SettingGroupTitle;
  /** This setting counts only together with that one. */
  readonly onlyWith?: string;
  /** Differs from that of the value's own type. */
  readonly notation?: Notation;
  /** What a document's field is, where that is not what the setting is. */
  readonly inDocument?: string;
  /** A command on somebody's machine alone can use it (a file there), or the controller alone (a Secret). */
  readonly only?: 'command' | 'controller';
  /** Whether a document must say it, where variables need not, or the other way round. */
  readonly required?: boolean;
}

/** In the order of --help. */
export const settingGroupTitles = [
  'PoolC API',
  'Cluster',
  'Tokens and time',
  'Guard',
  'Controller',
  'Notifications',
  'Log',
  'Gateway',
  'Log in',
] as const;
export type SettingGroupTitle = (typeof settingGroupTitles)[number];
/** Read by `controller` alone. */
export const controllerGroup: SettingGroupTitle = 'Controller';
/** Its values are credentials: they have no flag, since every user of a host can read command lines. */
export const environmentOnlyGroup: SettingGroupTitle = 'Notifications';

export type Schema = z.core.$ZodType;

const notations = z.registry<Notation>();
const abouts = z.registry<About>();

/** A type of value, with the way it is written outside a document. */
export function valueType<S extends z.ZodType>(schema: S, notation: Notation): S {
  notations.add(schema, notation);
  return schema;
}

/** An object of a document. Fields that it doesn't have are refused. */
export function object<Shape extends z.ZodRawShape>(shape: Shape) {
  return z.strictObject(shape, { error: errorText(valueMessages.fields()) });
}

/** A field: its value's schema, and what is said about it. */
export function field<S extends z.ZodType>(schema: S, about: About): S {
  abouts.add(schema, about);
  return schema;
}

export interface Field {
  /** From the root: `spec.token.lifetime`. */
  readonly path: readonly string[];
  readonly about: About;
  readonly schema: Schema;
}

/** Every field below a schema, each before those inside it. What nothing is said about is passed over. */
export function fieldsOf(schema: Schema, path: readonly string[] = []): Field[] {
  return Object.entries(childrenOf(schema)).flatMap(([name, child]) => {
    const about = abouts.get(child);
    const here = [...path, name];
    return [...(about === undefined ? [] : [{ path: here, about, schema: child }]), ...fieldsOf(child, here)];
  });
}

/** Stands for any name that people choose. */
export const anyName = 'NAME';

/** The fields of an object by name; none for anything else. */
export function childrenOf(schema: Schema): Readonly<Record<string, Schema>> {
  for (const layer of layersOf(schema)) {
    if (layer instanceof z.ZodObject) return layer.shape;
    if (layer instanceof z.ZodRecord) return { [anyName]: layer.def.valueType };
  }
  return {};
}

/** The field of this name; undefined where there is none. */
export function childOf(schema: Schema, name: string): Schema | undefined {
  const children = childrenOf(schema);
  if (Object.hasOwn(children, name)) return children[name];
  return isRecordOfAny(schema) ? children[anyName] : undefined;
}

function isRecordOfAny(schema: Schema): boolean {
  return [...layersOf(schema)].some((layer) => layer instanceof z.ZodRecord);
}

/** @throws for a value that has no notation, which no setting can be */
export function notationOf({ schema, about }: Pick<Field, 'schema' | 'about'>): Notation {
  const found = about.notation ?? ownNotationOf(schema);
  if (found === undefined) throw new Error(`no notation for ${about.setting ?? about.description}`);
  return found;
}

export function ownNotationOf(schema: Schema): Notation | undefined {
  return [...layersOf(schema)].map((layer) => notations.get(layer)).find(Boolean);
}

/** What is said about a field; undefined for what is none. */
export function aboutOf(schema: Schema): About | undefined {
  return abouts.get(schema);
}

/** The value that holds when none is given; undefined where there is none. */
export function defaultOf(schema: Schema): unknown {
  for (const layer of layersOf(schema)) if (layer instanceof z.ZodPrefault) return layer.def.defaultValue;
  return undefined;
}

/** The schema itself, and those that it is wrapped around, from outside in. */
function* layersOf(schema: Schema): Generator<Schema> {
  yield schema;
  if (schema instanceof z.ZodOptional || schema instanceof z.ZodPrefault) yield* layersOf(schema.def.innerType);
  else if (schema instanceof z.ZodPipe) yield* layersOf(schema.def.in);
}

/** Whether an object must have this field. */
export function requiredOf(schema: Schema): boolean {
  return !z.safeParse(schema, undefined).success;
}
