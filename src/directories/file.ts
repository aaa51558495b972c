/** A list of members that somebody keeps: a file, or a key of a ConfigMap or a Secret. Complete by itself: it is one text. */
import { readFile } from 'node:fs/promises';
import { printable } from '../core/model.ts';
import { Failure } from '../lib/failure.ts';
import type { Directory } from './directory.ts';
import { parseMemberFile } from './file-text.ts';
import { idsOf, membersOf } from './member-rows.ts';

/** Where the text is. */
export interface FileSource {
  /** For messages and plan files: `the file members.csv`. */
  readonly name: string;
  /** @throws Failure (directory) where it can't be read */
  readonly read: (signal: AbortSignal) => Promise<Buffer>;
}

const toId = idsOf('file');

export function fileDirectory(source: FileSource): Directory {
  const malformed = (what: string) =>
    new Failure('directory', `${source.name} can't be used as the list of members: ${what}; nothing was changed`, {
      hint: 'a list is CSV with the header id,login[,keys], or YAML or JSON like {"members": [{"id": "1", "login": "kim"}]}',
    });
  return {
    kind: 'file',
    address: source.name,
    host: undefined,
    isLocal: false,
    whatToLookAt: source.name,
    isOwnId: (id) => id.startsWith(toId('')),
    isSnapshot: true,
    members: async ({ signal }) => {
      const rows = parseMemberFile(await source.read(signal), malformed);
      return membersOf(rows, toId, malformed);
    },
  };
}

/** A file of this machine. */
export function pathSource(path: string): FileSource {
  const name = `the file ${printable(path)}`;
  return {
    name,
    read: async () => {
      try {
        return await readFile(path);
      } catch (error) {
        const code = error instanceof Error && 'code' in error ? error.code : undefined;
        const why =
          code === 'ENOENT'
            ? 'does not exist'
            : code === 'EISDIR'
              ? 'is a directory'
              : `can't be read (${String(code)})`;
        throw new Failure('directory', `${name} ${why}; nothing was changed`, {
          cause: error,
          hint: 'name the list of members in spec.directory.file.path',
        });
      }
    },
  };
}
