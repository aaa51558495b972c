/** snapshot.debian.org, which keeps the versions of packages that Debian's archive no longer has. */
import { join } from 'node:path';
import { z } from 'zod';
import type { Downloads as WebDownloads } from '../control-plane/binaries/download.ts';
import type { Architecture, DebianPackage } from './pins.ts';

export const SNAPSHOTS_URL = 'https://snapshot.debian.org';

const filesSchema = z.object({
  result: z.array(z.object({ architecture: z.string(), hash: z.string().regex(/^[0-9a-f]{40}$/) })),
});

/**
 * Saves exactly the pinned file into `directory` and returns its path. The server is not trusted: the file must have the
 * pinned SHA-256.
 *
 * @throws why not, in one line
 */
export async function downloadSnapshot(
  web: WebDownloads,
  url: string,
  { name, version, sha256 }: DebianPackage,
  architecture: Architecture,
  directory: string,
): Promise<string> {
  const listUrl = `${url}/mr/binary/${encodeURIComponent(name)}/${encodeURIComponent(version)}/binfiles`;
  const files = filesSchema.safeParse(parseJson(await web.text(listUrl)));
  if (!files.success) throw new Error(`${listUrl} is not a list of files`);
  const found = files.data.result.find((file) => file.architecture === architecture || file.architecture === 'all');
  if (found === undefined) throw new Error(`${listUrl} lists no file for ${architecture}`);
  const destination = join(directory, `${name}_snapshot.deb`);
  await web.file(`${url}/file/${found.hash}`, destination, { algorithm: 'sha256', sum: sha256 }, () => {});
  return destination;
}

function parseJson(content: string): unknown {
  try {
    return JSON.parse(content);
  } catch {
    return undefined;
  }
}
