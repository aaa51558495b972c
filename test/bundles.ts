/** The bundles in dist/: tests run them as users do, and those that lie there may be of an earlier state of the source. */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';

/** The environment after a step that has built them: what comes after it does not build them again. */
export const bundlesAreBuilt = { PKS_BUNDLES_ARE_BUILT: 'true' } as const;

/** @throws when they can't be built; why is on stderr */
export function buildBundles(): void {
  if (process.env['PKS_BUNDLES_ARE_BUILT'] === bundlesAreBuilt.PKS_BUNDLES_ARE_BUILT) return;
  const root = join(import.meta.dirname, '..');
  const { status } = spawnSync(process.execPath, ['build.ts'], { cwd: root, stdio: ['ignore', 'inherit', 'inherit'] });
  if (status !== 0) throw new Error('The bundles could not be built: `npm run build` says why');
}
