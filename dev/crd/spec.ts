/** The schema of spec: what zod says of the settings table, in the form that the API server takes. */
import * as z from 'zod';
import { aboutOf } from '../../src/config/fields.ts';
import { memberSyncSchema } from '../../src/config/member-sync.ts';
import { isRecord } from '../../src/lib/json.ts';
import { exactlyOne, specRules } from './rules.ts';

type Json = Record<string, unknown>;

/** Not in the cluster: a file or a variable of somebody's machine. */
const commandOnly = 'x-command-only';
/** A document must say it, though variables need not. */
const needed = 'x-needed';

/** CEL's cost is estimated from the longest that a value may be. */
const longest = { text: 4_096, name: 253, duration: 12, items: 100, properties: 32 };

export function specSchema(): Json {
  const document: Json = z.toJSONSchema(memberSyncSchema, {
    io: 'input',
    unrepresentable: 'any',
    reused: 'inline',
    override: ({ zodSchema, jsonSchema }) => {
      const about = aboutOf(zodSchema);
      if (about === undefined) return;
      const marks: Json = jsonSchema;
      marks['description'] = about.inDocument ?? about.description;
      if (about.only === 'command') marks[commandOnly] = true;
      if (about.required === true) marks[needed] = true;
    },
  });
  const spec = structural(at(document, 'properties', 'spec'));
  for (const kind of ['directory', 'delivery']) {
    const one = at(spec, 'properties', kind);
    one['x-kubernetes-validations'] = [exactlyOne(Object.keys(at(one, 'properties')), kind)];
  }
  const file = at(spec, 'properties', 'directory', 'properties', 'file');
  file['x-kubernetes-validations'] = [exactlyOne(Object.keys(at(file, 'properties')), 'place of the list')];
  spec['x-kubernetes-validations'] = specRules;
  return spec;
}

function at(schema: Json, ...path: readonly string[]): Json {
  let found = schema;
  for (const name of path) {
    const next = found[name];
    if (!isRecord(next)) throw new Error(`The schema has no ${path.join('.')}`);
    found = next;
  }
  return found;
}

function structural(schema: Json): Json {
  const {
    description,
    type,
    enum: choices,
    const: only,
    default: fallback,
    pattern,
    minLength,
    minimum,
    maximum,
  } = schema;
  const common: Json = defined({ description });
  // A quantity: a number or a text.
  if (Array.isArray(type) || Array.isArray(schema['anyOf'])) return { ...common, 'x-kubernetes-int-or-string': true };
  if (isRecord(schema['properties'])) return { ...common, ...objectOf(schema, schema['properties']) };
  if (isRecord(schema['additionalProperties'])) {
    const values = structural(schema['additionalProperties']);
    return { ...common, type, maxProperties: longest.properties, additionalProperties: values };
  }
  if (type === 'object') return { ...common, type };
  if (type === 'array') {
    const items = isRecord(schema['items']) ? structural(schema['items']) : {};
    return defined({ ...common, type, maxItems: longest.items, items });
  }
  const values = only === undefined ? choices : [only];
  const scalar = defined({ ...common, type, enum: values, default: fallback, pattern, minLength, minimum, maximum });
  return type === 'string' && values === undefined ? { ...scalar, maxLength: lengthOf(pattern) } : scalar;
}

function lengthOf(pattern: unknown): number {
  if (typeof pattern !== 'string') return longest.text;
  return pattern.includes('(s|m|h|d)') ? longest.duration : longest.name;
}

function objectOf({ required, default: fallback }: Json, properties: Json): Json {
  const kept = Object.entries(properties).flatMap(([name, child]): [string, Json][] =>
    isRecord(child) && child[commandOnly] !== true ? [[name, child]] : [],
  );
  const names = kept.map(([name]) => name);
  const wanted = new Set(Array.isArray(required) ? required.map(String) : []);
  for (const [name, child] of kept) if (child[needed] === true) wanted.add(name);
  // Where only one place is left that a secret may be in, it is that one.
  if (names.join() === 'secretKeyRef') wanted.add('secretKeyRef');
  const mandatory = names.filter((name) => wanted.has(name));
  // An empty object's own defaults follow; any other default names what is not there in a cluster.
  const isEmptyDefault = isRecord(fallback) && Object.keys(fallback).length === 0;
  return defined({
    type: 'object',
    ...(mandatory.length === 0 ? {} : { required: mandatory }),
    ...(isEmptyDefault && mandatory.length === 0 ? { default: {} } : {}),
    properties: Object.fromEntries(kept.map(([name, child]) => [name, structural(child)])),
  });
}

function defined(schema: Json): Json {
  return Object.fromEntries(Object.entries(schema).filter(([, value]) => value !== undefined));
}
