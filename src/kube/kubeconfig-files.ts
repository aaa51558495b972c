/**
 * kubeconfig files as kubectl reads them: several in KUBECONFIG, of which the first that has a name wins. An entry is
 * looked at when it is used, so that a fault in another one does not matter.
 */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { type ParseOptions, parse, type SchemaOptions } from 'yaml';
import type * as z from 'zod';
import { Failure } from '../lib/failure.ts';
import { isRecord } from '../lib/json.ts';
import { clusterMessages } from '../lib/messages/cluster.ts';
import { kubeconfigReading as messages } from '../lib/messages/kubeconfig-reading.ts';

export const chooseKubeconfig = clusterMessages.chooseKubeconfig();

/** A file, and what is in it. */
export interface KubeconfigFile {
  readonly file: string;
  readonly content: Readonly<Record<string, unknown>>;
}

/** An entry of a file. */
export interface Found<T> {
  readonly file: string;
  readonly value: T;
}

/** YAML 1.1, as kubectl reads it: `yes` is true and `<<` merges, but 12:30 is no number and 2026-01-01 no date. */
const kubectlsYaml: ParseOptions & SchemaOptions = {
  schema: 'yaml-1.1',
  merge: true,
  customTags: (tags) =>
    tags.filter(
      (tag) => typeof tag === 'string' || !(('format' in tag && tag.format === 'TIME') || tag.tag === timestampTag),
    ),
};
const timestampTag = 'tag:yaml.org,2002:timestamp';

/**
 * @param files those that do not exist are passed over, where there are several
 * @throws Failure (usage) when one can't be read, or is not a kubeconfig
 */
export function readKubeconfigFiles(files: readonly string[]): KubeconfigFile[] {
  return files.flatMap((file) => readFile(file, files.length > 1) ?? []);
}

/** @throws Failure (usage) */
function readFile(file: string, optional: boolean): KubeconfigFile | undefined {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    if (code === 'ENOENT' && (optional || file.endsWith(path.join('.kube', 'config')))) return undefined;
    const said = code === 'ENOENT' ? messages.missing({ file }) : messages.unreadable({ file });
    throw new Failure('usage', said, { cause: error, hint: chooseKubeconfig });
  }
  let document: unknown;
  try {
    document = parse(text, kubectlsYaml);
  } catch (error) {
    throw new Failure('usage', messages.notYaml({ file }), { cause: error, hint: chooseKubeconfig });
  }
  // `kubectl config` begins with an empty file.
  if (document === null || document === undefined) return { file, content: {} };
  if (!isRecord(document)) throw new Failure('usage', messages.notKubeconfig({ file }), { hint: chooseKubeconfig });
  return { file, content: document };
}

/** The first file's `current-context` that is not empty. */
export function currentContext(files: readonly KubeconfigFile[]): string | undefined {
  for (const { content } of files) {
    const name = content['current-context'];
    if (typeof name === 'string' && name !== '') return name;
  }
  return undefined;
}

/**
 * The first entry of that name in a list such as `clusters`, under its key such as `cluster`.
 * @throws Failure (usage) when the list or that entry has another shape
 */
export function findEntry<T>(
  files: readonly KubeconfigFile[],
  [list, key]: readonly ['clusters', 'cluster'] | readonly ['users', 'user'] | readonly ['contexts', 'context'],
  name: string,
  schema: z.ZodType<T>,
): Found<T> | undefined {
  for (const { file, content } of files) {
    const entries = content[list] ?? [];
    if (!Array.isArray(entries)) throw malformed(file, `${list}: a list is expected`);
    const index = entries.findIndex((entry) => isRecord(entry) && entry['name'] === name);
    const entry: unknown = entries[index];
    if (!isRecord(entry)) continue;
    const parsed = schema.safeParse(entry[key] ?? {});
    if (parsed.success) return { file, value: parsed.data };
    const [issue] = parsed.error.issues;
    const where = [list, index, key, ...(issue?.path ?? [])].map(String).join('.');
    throw malformed(file, `${where}: ${issue?.message ?? 'another shape is expected'}`);
  }
  return undefined;
}

function malformed(file: string, where: string): Failure {
  return new Failure('usage', messages.malformed({ file, where }), { hint: chooseKubeconfig });
}

/**
 * PEM from inline base64 data, or from a file whose path is relative to the kubeconfig; undefined for neither.
 * @throws Failure (usage) when there are both, or the file can't be read
 */
export function material(
  kubeconfig: string,
  field: string,
  { data, file }: { data: string | undefined; file: string | undefined },
): string | undefined {
  if (data && file)
    throw new Failure('usage', messages.fieldTwice({ file: kubeconfig, field }), { hint: messages.removeOne() });
  if (data) return Buffer.from(data, 'base64').toString('utf8');
  return file ? readBeside(kubeconfig, file) : undefined;
}

/** A file that a kubeconfig names, by a path relative to the kubeconfig. @throws Failure (usage) */
function readBeside(kubeconfig: string, file: string): string {
  const resolved = path.resolve(path.dirname(kubeconfig), file);
  try {
    return readFileSync(resolved, 'utf8');
  } catch (error) {
    throw new Failure('usage', messages.namedFileUnreadable({ file: kubeconfig, named: resolved }), {
      cause: error,
      hint: messages.worksWithKubectl(),
    });
  }
}
