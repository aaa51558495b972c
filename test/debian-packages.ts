/** Debian packages whose programs some tests start. */
import { spawnSync } from 'node:child_process';

/** Installs them with apt-get, where we may. Whether that worked is for those to say who need them. */
export function installDebianPackages(packages: readonly string[]): void {
  if (packages.length === 0 || process.getuid?.() !== 0) return;
  console.error(`installing ${packages.join(' ')}`);
  const quiet = { stdio: ['ignore', 'ignore', 'inherit'] as const };
  spawnSync('apt-get', ['--quiet', 'update'], { stdio: [...quiet.stdio] });
  spawnSync('apt-get', ['--quiet', '--yes', 'install', '--no-install-recommends', ...packages], {
    stdio: [...quiet.stdio],
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
  });
}
