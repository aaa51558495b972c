/** A MemberSync from a file: YAML or JSON. Each refusal says the line, the field, and what is needed there. */
import { readFileSync } from 'node:fs';
import { isMap, LineCounter, type ParsedNode, parseDocument, visit } from 'yaml';
import type * as z from 'zod';
import { Failure, firstSentence } from '../lib/failure.ts';
import { isRecord } from '../lib/json.ts';
import { nearest } from '../lib/nearest.ts';
import { withoutInvisible } from '../lib/terminal-text.ts';
import { aboutOf, childOf, childrenOf, fieldsOf, ownNotationOf, type Schema } from './fields.ts';
import { type MemberSync, memberSyncSchema, toMemberSync } from './member-sync.ts';

/** No MemberSync comes near it; what is longer was meant for something else. */
const longestDocument = 1024 * 1024;

interface Source {
  /** For messages. */
  readonly file: string;
  readonly document: ReturnType<typeof parseDocument>;
  readonly lines: LineCounter;
  readonly content: unknown;
}

/**
 * @param namespace where the document doesn't name its own
 * @throws Failure (usage)
 */
export function readMemberSyncFile(file: string, namespace: string, reader: Reader = 'command'): MemberSync {
  return parseMemberSync(readText(file), file, namespace, reader);
}

/** Who uses the document: a command can't read the Secrets of a cluster. */
export type Reader = 'command' | 'controller';

/** @throws Failure (usage) */
export function parseMemberSync(text: string, file: string, namespace: string, reader: Reader = 'command'): MemberSync {
  const source = parse(text, withoutInvisible(file));
  const result = memberSyncSchema.safeParse(withNamespace(source.content, namespace));
  if (!result.success) throw refusalOf(result.error.issues, source);
  refuseMissing(source);
  if (reader === 'command') refuseForController(source);
  const memberSync = toMemberSync(result.data);
  const { directory, delivery } = memberSync;
  if (delivery.kind === 'poolc' && JSON.stringify(directory) !== JSON.stringify(delivery))
    throw refusal(
      source,
      ['spec', 'delivery', 'poolc'],
      'spec.delivery.poolc must be the same as spec.directory.poolc: the PoolC API knows its own members only',
    );
  return memberSync;
}

function readText(file: string): string {
  const shown = withoutInvisible(file);
  const hint = 'give -f the file of a MemberSync; `credentials-updater explain` shows its fields';
  let bytes: Buffer;
  try {
    bytes = readFileSync(file);
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown';
    const why = code === 'ENOENT' ? 'does not exist' : code === 'EISDIR' ? 'is a directory' : `can't be read (${code})`;
    throw new Failure('usage', `the file ${shown} ${why}`, { cause: error, hint });
  }
  if (bytes.length > longestDocument)
    throw new Failure('usage', `the file ${shown} is too long for a MemberSync`, { hint });
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (error) {
    throw new Failure('usage', `the file ${shown} is not UTF-8 text`, { cause: error, hint });
  }
}

function parse(text: string, file: string): Source {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, logLevel: 'error' });
  const at = (offset: number) => {
    const { line, col } = lines.linePos(offset);
    return `${file}:${line}:${col}`;
  };
  const [wrong = document.warnings[0]] = document.errors;
  if (wrong !== undefined) {
    const several = wrong.code === 'MULTIPLE_DOCS';
    const why = several ? 'it has more than one document' : printableLong(firstSentence(wrong));
    throw new Failure('usage', `${at(wrong.pos[0])}: this is not one YAML or JSON document: ${why}`, {
      hint: several ? 'give each MemberSync a file of its own' : 'are indentation and quotes as you meant them?',
    });
  }
  visit(document, {
    Pair: (_, { key }) => {
      if (typeof key === 'object' && key !== null && 'value' in key && typeof key.value === 'string') return;
      const offset = isNode(key) ? key.range[0] : 0;
      throw new Failure('usage', `${at(offset)}: a field's name must be a text`);
    },
  });
  try {
    const content: unknown = document.toJS();
    return { file, document, lines, content };
  } catch (error) {
    throw new Failure('usage', `${file}: its aliases can't be resolved`, {
      cause: error,
      hint: 'write out what *NAME stands for',
    });
  }
}

function isNode(value: unknown): value is ParsedNode {
  return typeof value === 'object' && value !== null && 'range' in value && Array.isArray(value.range);
}

function withNamespace(content: unknown, namespace: string): unknown {
  if (!isRecord(content) || !isRecord(content['metadata']) || content['metadata']['namespace'] !== undefined)
    return content;
  return { ...content, metadata: { ...content['metadata'], namespace } };
}

/** The first that an author would look at: what document it is, then a mistyped name, then values. */
function refusalOf(issues: readonly z.core.$ZodIssue[], source: Source): Failure {
  const [issue] = issues.toSorted((a, b) => rank(a) - rank(b));
  if (issue === undefined) return refusal(source, [], 'it has another shape');
  const path = issue.path.map(String);
  if (issue.code === 'unrecognized_keys') return unknownField(source, path, issue.keys[0] ?? '');
  if (path.length === 0)
    return refusal(
      source,
      [],
      'this is not a MemberSync: it has no fields',
      '`credentials-updater explain` shows them',
    );
  const name = path.join('.');
  const value = valueAt(source.content, path);
  // What is wrong with an object is that something in it is missing, or too much.
  if (isRecord(value) || Array.isArray(value))
    return refusal(source, path, `${printableLong(name)}: ${wordsOf(issue)}`);
  if (value === undefined && issue.code !== 'custom') return missing(source, path);
  if (value === undefined) return refusal(source, path, `${name}: ${wordsOf(issue)}`);
  if (value === null)
    return refusal(
      source,
      path,
      `${printableLong(name)} has no value`,
      'give it one, or leave the line out; nothing is {}',
    );
  const schema = schemaAt(path);
  const notation = schema && ownNotationOf(schema);
  // Where fields are wanted, it may be the secret itself, in the place of where it is.
  const shown = (isScalar(value) && notation?.shown?.(String(value))) || '';
  const hint = issue.code === 'custom' ? issue.params?.['hint'] : undefined;
  const words = `${printableLong(name)}${shown} can't be used: ${wordsOf(issue)}`;
  return refusal(source, path, words, typeof hint === 'string' ? hint : undefined);
}

function isScalar(value: unknown): value is string | number | boolean {
  return ['string', 'number', 'boolean'].includes(typeof value);
}

function rank({ code, path }: z.core.$ZodIssue): number {
  if (path[0] === 'apiVersion' || path[0] === 'kind') return 0;
  return code === 'unrecognized_keys' ? 1 : 2;
}

function wordsOf({ code, message }: z.core.$ZodIssue): string {
  return code === 'invalid_key' ? 'a name of a header is needed' : message;
}

function unknownField(source: Source, path: readonly string[], name: string): Failure {
  const schema = schemaAt(path);
  const known = Object.entries(schema === undefined ? {} : childrenOf(schema)).flatMap(([each, child]) =>
    aboutOf(child) === undefined ? [] : [each],
  );
  const meant = nearest(name, known);
  const whole = [...path, name];
  return refusal(
    source,
    whole,
    `${printableLong(whole.join('.'))} is not a field of a MemberSync${meant === undefined ? '' : `; did you mean ${meant}?`}`,
    known.length === 0 ? undefined : `${path.length === 0 ? 'it' : path.join('.')} has the fields ${known.join(', ')}`,
  );
}

function missing(source: Source, path: readonly string[]): Failure {
  const within = path.slice(0, -1);
  const where = within.length === 0 ? 'the document' : printableLong(within.join('.'));
  return refusal(
    source,
    within,
    `${where} has no ${path.at(-1) ?? ''}, which it needs`,
    `\`credentials-updater explain ${path.join('.')}\` says what it is`,
  );
}

/** What variables may leave out, and a document may not. */
function refuseMissing(source: Source): void {
  for (const { path, about } of documentFields) {
    const parent = valueAt(source.content, path.slice(0, -1));
    if (about.required === true && isRecord(parent) && valueAt(source.content, path) === undefined)
      throw missing(source, path);
  }
}

/** What only the controller can read. */
function refuseForController(source: Source): void {
  const found = fieldsIn(source.content, memberSyncSchema).find(({ only }) => only === 'controller');
  if (found === undefined) return;
  throw refusal(
    source,
    found.path,
    `${printableLong(found.path.join('.'))} can't be used with -f: only the controller reads Secrets and ConfigMaps of the cluster`,
    'give the path of a file, or {file: PATH} or {env: NAME} for a secret',
  );
}

/** The fields that the document has, those below a name of people's own choice too. */
function fieldsIn(
  content: unknown,
  schema: Schema,
  path: readonly string[] = [],
): { path: readonly string[]; only: 'command' | 'controller' | undefined }[] {
  if (!isRecord(content)) return [];
  return Object.entries(content).flatMap(([name, value]) => {
    const child = childOf(schema, name);
    if (child === undefined || value === undefined) return [];
    const here = [...path, name];
    return [{ path: here, only: aboutOf(child)?.only }, ...fieldsIn(value, child, here)];
  });
}

const documentFields = fieldsOf(memberSyncSchema);

function schemaAt(path: readonly string[]): Schema | undefined {
  let schema: Schema | undefined = memberSyncSchema;
  for (const name of path) schema = schema === undefined ? undefined : childOf(schema, name);
  return schema;
}

function valueAt(content: unknown, path: readonly string[]): unknown {
  let value = content;
  for (const name of path) value = isRecord(value) && Object.hasOwn(value, name) ? value[name] : undefined;
  return value;
}

/** @param path of a field; where it isn't there, the place of the nearest one around it is named */
function refusal({ file, document, lines }: Source, path: readonly string[], why: string, hint?: string): Failure {
  let node: unknown = document.contents;
  let offset = isNode(node) ? node.range[0] : 0;
  for (const name of path) {
    if (!isMap(node)) break;
    const pair = node.items.find(({ key }) => isNode(key) && 'value' in key && key.value === name);
    if (pair === undefined) break;
    if (isNode(pair.key)) offset = pair.key.range[0];
    node = pair.value;
  }
  const { line, col } = lines.linePos(offset);
  return new Failure('usage', `${file}:${line}:${col}: ${why}`, hint === undefined ? {} : { hint });
}

/** A name or words from the document; longer than a value, since it is made of several names. */
function printableLong(text: string): string {
  const escaped = withoutInvisible(text);
  return escaped.length > 200 ? `${escaped.slice(0, 199)}…` : escaped;
}
