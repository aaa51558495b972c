/** What goes with the archives of a release: their checksums, and the manifest by which krew installs the kubectl plugin. */
import { createHash } from 'node:crypto';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { stringify } from 'yaml';
import packageJson from '../../package.json' with { type: 'json' };
import { archiveName, programName, type TargetName, targetNames, targets } from './targets.ts';

/** The plugin's name: `kubectl credentials`. */
const pluginName = 'credentials';

/** Writes SHA256SUMS of all that the directory holds, and credentials.yaml of the archives in it. @returns their names */
export async function writeReleaseFiles(directory: string): Promise<string[]> {
  const names = (await readdir(directory)).filter((name) => name !== 'SHA256SUMS' && name !== manifestName).toSorted();
  const sums = new Map<string, string>();
  for (const name of names) sums.set(name, await sha256(join(directory, name)));
  const manifest = krewManifest(sums);
  await writeFile(join(directory, manifestName), manifest);
  sums.set(manifestName, await sha256(join(directory, manifestName)));
  await writeFile(join(directory, 'SHA256SUMS'), [...sums].map(([name, sum]) => `${sum}  ${name}\n`).join(''));
  return [manifestName, 'SHA256SUMS'];
}

const manifestName = `${pluginName}.yaml`;

/** @param sums SHA-256 by file name; a system whose archive is missing is left out */
function krewManifest(sums: ReadonlyMap<string, string>): string {
  const { version, homepage, repository } = packageJson;
  const releases = `${repository.url.replace(/^git\+|\.git$/g, '')}/releases/download/v${version}`;
  const platforms = targetNames.flatMap((target: TargetName) => {
    const archive = archiveName(target);
    const sum = sums.get(archive);
    if (sum === undefined) return [];
    return targets[target].krew.map((labels) => ({
      selector: { matchLabels: labels },
      uri: `${releases}/${archive}`,
      sha256: sum,
      bin: programName(target),
      files: [programName(target), 'LICENSE', 'LICENSE-node'].map((from) => ({ from, to: '.' })),
    }));
  });
  return stringify(
    {
      apiVersion: 'krew.googlecontainertools.github.com/v1alpha2',
      kind: 'Plugin',
      metadata: { name: pluginName },
      spec: {
        version: `v${version}`,
        homepage,
        shortDescription: "Get your club's current token by itself",
        description:
          "Logs in to a club's site once. From then on kubectl fetches the member's current token by itself, so that nobody copies one.\n",
        caveats:
          "Log in once: kubectl credentials login --cluster ADDRESS. The club's site shows the address.\n" +
          'On Linux it needs the library libatomic (apt install libatomic1, dnf install libatomic).\n',
        platforms,
      },
    },
    { lineWidth: 0 },
  );
}

async function sha256(file: string): Promise<string> {
  return createHash('sha256')
    .update(await readFile(file))
    .digest('hex');
}
