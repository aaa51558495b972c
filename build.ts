/**
 * `npm run build`: bundles each program into one file in dist/ that runs on a bare Node.
 * The member's side is a bundle of its own, so that members don't install a Kubernetes client.
 */
import { copyFile, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { bundle } from './bundle.ts';
import packageJson from './package.json' with { type: 'json' };

const programs = [
  { entry: 'src/main.ts', outfile: 'dist/credentials-updater.mjs', target: 'node24' },
  { entry: 'src/member/main.ts', outfile: 'dist/member/credentials-updater-member.mjs', target: 'node20' },
  {
    entry: 'dev/poolc-api/main.ts',
    outfile: 'dist/poolc-api.mjs',
    target: 'node24',
    define: { BUNDLED_PAGE: JSON.stringify(await filesOf('dev/poolc-api/page')) },
  },
  { entry: 'dev/image/publish-secrets.ts', outfile: 'dist/publish-secrets.mjs', target: 'node24' },
];

for (const program of programs) {
  await bundle(program);
}

await makeMemberPackage('dist/member');

/** Makes an npm package of the folder with the members' bundle: for `npm pack`, or to publish. It needs nothing else. */
async function makeMemberPackage(folder: string): Promise<void> {
  const { version, license, homepage, bugs, repository, publishConfig } = packageJson;
  const program = 'credentials-updater-member.mjs';
  const description = "Gives kubectl a club member's current token, so that nobody copies one";
  const content = {
    name: `${packageJson.name}-member`,
    version,
    description,
    license,
    homepage,
    bugs,
    repository,
    type: 'module',
    bin: Object.fromEntries(Object.keys(packageJson.bin).map((name) => [name, program])),
    files: [program],
    publishConfig,
  };
  await writeFile(join(folder, 'package.json'), `${JSON.stringify(content, undefined, 2)}\n`);
  await writeFile(
    join(folder, 'README.md'),
    `# ${content.name}\n\n${description}. How to use it: ${homepage.replace('#readme', '/blob/main/docs/members.md')}\n`,
  );
  await copyFile('LICENSE', join(folder, 'LICENSE'));
}

/** The text of every file in a folder, by name. */
async function filesOf(folder: string): Promise<Record<string, string>> {
  const names = await readdir(folder);
  const files = names.map(async (name) => [name, await readFile(join(folder, name), 'utf8')] as const);
  return Object.fromEntries(await Promise.all(files));
}
