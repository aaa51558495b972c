/** A MemberSync from a file: YAML or JSON. Each refusal says the line, the field, and what is needed there. */
import { readFileSync } from 'node:fs';
import { isMap, LineCounter, type ParsedNode, parseDocument, visit } from 'yaml';
import type * as z from 'zod';
import { Failure, firstSentence } from '../lib/failure.ts';
import { isRecord } from '../lib/json.ts';
import { inEach, inLanguage, type Text } from '../lib/message.ts';
import { settingMessages, valueMessages } from '../lib/messages/settings.ts';
import { documentMessages as messages } from '../lib/messages/settings-document.ts';
import { nearest } from '../lib/nearest.ts';
import { withoutInvisible } from '../lib/terminal-text.ts';
import { aboutOf, childOf, childrenOf, fieldsOf, ownNotationOf, type Schema } from './fields.ts';
import { type MemberSync, memberSyncSchema, toMemberSync } from './member-sync.ts';
import { hintOf, wordsOf } from './words.ts';

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
    throw refusal(source, ['spec', 'delivery', 'poolc'], valueMessages.samePoolc());
  return memberSync;
}

function readText(file: string): string {
  const shown = withoutInvisible(file);
  const hint = messages.giveOne();
  let bytes: Buffer;
  try {
    bytes = readFileSync(file);
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown';
    const why =
      code === 'ENOENT'
        ? messages.missingFile({ file: shown })
        : code === 'EISDIR'
          ? messages.isDirectory({ file: shown })
          : messages.unreadable({ file: shown, code });
    throw new Failure('usage', why, { cause: error, hint });
  }
  if (bytes.length > longestDocument) throw new Failure('usage', messages.tooLong({ file: shown }), { hint });
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (error) {
    throw new Failure('usage', messages.notText({ file: shown }), { cause: error, hint });
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
    const why = several ? messages.several() : printableLong(firstSentence(wrong));
    throw new Failure('usage', placed(at(wrong.pos[0]), messages.notOne({ why })), {
      hint: several ? messages.fileEach() : messages.indentation(),
    });
  }
  visit(document, {
    Pair: (_, { key }) => {
      if (typeof key === 'object' && key !== null && 'value' in key && typeof key.value === 'string') return;
      const offset = isNode(key) ? key.range[0] : 0;
      throw new Failure('usage', placed(at(offset), messages.nameNotText()));
    },
  });
  try {
    const content: unknown = document.toJS();
    return { file, document, lines, content };
  } catch (error) {
    throw new Failure('usage', messages.aliases({ file }), {
      cause: error,
      hint: messages.writeOut(),
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
  if (issue === undefined) return refusal(source, [], wordsOf(undefined));
  const path = issue.path.map(String);
  if (issue.code === 'unrecognized_keys') return unknownField(source, path, issue.keys[0] ?? '');
  if (path.length === 0) return refusal(source, [], messages.noFields(), messages.explainShows());
  const name = path.join('.');
  const value = valueAt(source.content, path);
  // What is wrong with an object is that something in it is missing, or too much.
  if (isRecord(value) || Array.isArray(value))
    return refusal(source, path, placed(printableLong(name), wordsOf(issue)));
  if (value === undefined && issue.code !== 'custom') return missing(source, path);
  if (value === undefined) return refusal(source, path, placed(name, wordsOf(issue)));
  if (value === null)
    return refusal(source, path, messages.noValue({ name: printableLong(name) }), messages.giveValue());
  const schema = schemaAt(path);
  const notation = schema && ownNotationOf(schema);
  // Where fields are wanted, it may be the secret itself, in the place of where it is.
  const shown = (isScalar(value) && notation?.shown?.(String(value))) || '';
  const why = settingMessages.unusable({ given: `${printableLong(name)}${shown}`, why: wordsOf(issue) });
  return refusal(source, path, why, hintOf(issue));
}

function isScalar(value: unknown): value is string | number | boolean {
  return ['string', 'number', 'boolean'].includes(typeof value);
}

function rank({ code, path }: z.core.$ZodIssue): number {
  if (path[0] === 'apiVersion' || path[0] === 'kind') return 0;
  return code === 'unrecognized_keys' ? 1 : 2;
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
    messages.unknownField({ field: printableLong(whole.join('.')), meant }),
    known.length === 0
      ? undefined
      : messages.hasFields({ where: path.length === 0 ? undefined : path.join('.'), fields: known.join(', ') }),
  );
}

function missing(source: Source, path: readonly string[]): Failure {
  const within = path.slice(0, -1);
  const where = within.length === 0 ? undefined : printableLong(within.join('.'));
  return refusal(
    source,
    within,
    messages.lacks({ where, name: path.at(-1) ?? '' }),
    messages.explainField({ path: path.join('.') }),
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
    settingMessages.controllerReadsBoth({ field: printableLong(found.path.join('.')) }),
    settingMessages.giveFile(),
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
function refusal({ file, document, lines }: Source, path: readonly string[], why: Text, hint?: Text): Failure {
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
  return new Failure('usage', placed(`${file}:${line}:${col}`, why), hint === undefined ? {} : { hint });
}

/** `lab.yaml:3:5: why`. */
function placed(where: string, why: Text): Text {
  return inEach((language) => `${where}: ${inLanguage(why, language)}`);
}

/** A name or words from the document; longer than a value, since it is made of several names. */
function printableLong(text: string): string {
  const escaped = withoutInvisible(text);
  return escaped.length > 200 ? `${escaped.slice(0, 199)}…` : escaped;
}
