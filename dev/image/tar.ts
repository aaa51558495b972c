/** Tar files, read whole and written so that the same entries give the same bytes. */
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import tar from 'tar-stream';

/** Paths have no leading `./`; a directory's ends in `/`. */
export type FileEntry =
  | { readonly path: string; readonly kind: 'file'; readonly mode: number; readonly content: Buffer }
  | { readonly path: string; readonly kind: 'directory'; readonly mode: number }
  | { readonly path: string; readonly kind: 'symlink'; readonly mode: number; readonly target: string };

/** Files, directories and symbolic links; a hard link becomes a file of its own. */
export async function readTar(content: Buffer): Promise<FileEntry[]> {
  const extract = tar.extract();
  Readable.from([content]).pipe(extract);
  const entries: FileEntry[] = [];
  for await (const entry of extract) {
    const { name, type, mode, linkname } = entry.header;
    const path = name.replace(/^(\.?\/)+/, '');
    const bytes = await buffer(entry);
    if (type === 'directory') {
      if (path !== '') entries.push({ path: path.endsWith('/') ? path : `${path}/`, kind: 'directory', mode });
    } else if (type === 'symlink' && typeof linkname === 'string') {
      entries.push({ path, kind: 'symlink', mode, target: linkname });
    } else if (type === 'link' && typeof linkname === 'string') {
      const original = entries.find((known) => known.path === linkname.replace(/^(\.?\/)+/, ''));
      if (original?.kind !== 'file')
        throw new Error(`${path} is a hard link to ${linkname}, which did not come before it`);
      entries.push({ ...original, path });
    } else {
      entries.push({ path, kind: 'file', mode, content: bytes });
    }
  }
  return entries;
}

/** Everything belongs to root and bears one time. Missing parent directories are added with mode 0755. */
export function writeTar(entries: readonly FileEntry[], secondsSinceEpoch: number): Promise<Buffer> {
  const pack = tar.pack();
  const common = { uid: 0, gid: 0, mtime: new Date(secondsSinceEpoch * 1000) };
  for (const entry of withParents(entries)) {
    const header = { ...common, name: entry.path, mode: entry.mode };
    if (entry.kind === 'file') pack.entry({ ...header, type: 'file' }, entry.content);
    else if (entry.kind === 'symlink') pack.entry({ ...header, type: 'symlink', linkname: entry.target });
    else pack.entry({ ...header, type: 'directory' });
  }
  pack.finalize();
  return buffer(pack);
}

function withParents(entries: readonly FileEntry[]): FileEntry[] {
  const known = new Set(entries.flatMap(({ path, kind }) => (kind === 'directory' ? [path] : [])));
  return entries.flatMap((entry): FileEntry[] => {
    const folders = entry.path.replace(/\/$/, '').split('/').slice(0, -1);
    const missing = folders
      .map((_, depth) => `${folders.slice(0, depth + 1).join('/')}/`)
      .filter((path) => !known.has(path));
    for (const path of missing) known.add(path);
    return [...missing.map((path): FileEntry => ({ path, kind: 'directory', mode: 0o755 })), entry];
  });
}
