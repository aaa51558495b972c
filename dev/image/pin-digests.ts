/**
 * `node dev/image/pin-digests.ts IMAGE=sha256:… …`: has all that is deployed run these images by digest. The release
 * workflow calls it with what it has pushed.
 */
import { readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { isMap, isSeq, parseDocument } from 'yaml';

const KUSTOMIZATIONS = ['overlays/production', 'overlays/staging', 'overlays/test', 'preflight', 'gateway'];

export interface PinnedImage {
  readonly name: string;
  /** `sha256:` and 64 hexadecimal digits. */
  readonly digest: string;
}

/** An overlay's kustomization with these digests for the images that it lists; its comments stay. */
export function pinDigests(kustomization: string, images: readonly PinnedImage[]): string {
  const document = parseDocument(kustomization);
  const listed = document.get('images');
  if (!isSeq(listed)) throw new Error('The overlay lists no images');
  for (const entry of listed.items) {
    if (!isMap(entry)) continue;
    const pinned = images.find(({ name }) => name === entry.get('name'));
    if (pinned === undefined) continue;
    entry.delete('newTag');
    entry.set('digest', pinned.digest);
  }
  return document.toString({ lineWidth: 0 });
}

function parsePinnedImage(argument: string): PinnedImage {
  const [, name, digest] = /^([^=]+)=(sha256:[0-9a-f]{64})$/.exec(argument) ?? [];
  if (name === undefined || digest === undefined) {
    throw new Error(`'${argument}' is not IMAGE=sha256:… with 64 hexadecimal digits`);
  }
  return { name, digest };
}

if (import.meta.main) {
  const images = process.argv.slice(2).map(parsePinnedImage);
  for (const directory of KUSTOMIZATIONS) {
    const file = fileURLToPath(new URL(`../../deploy/${directory}/kustomization.yaml`, import.meta.url));
    await writeFile(file, pinDigests(await readFile(file, 'utf8'), images));
  }
}
