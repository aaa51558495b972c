/** `npm run chart`: makes the Helm chart in deploy/chart anew, from deploy/overlays/production and the settings table. */
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { chartDirectory, chartFiles } from './chart.ts';

const files = await chartFiles();
await rm(chartDirectory, { recursive: true, force: true });
for (const [path, content] of files) {
  const file = join(chartDirectory, path);
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, content);
}
console.log(`deploy/chart: ${files.size} files`);
