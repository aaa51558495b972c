/** `npm run test:e2e`: the deployment, on a real cluster. See --help. */
import { spawnSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { missingDebianPackages, missingRequirements } from '../../dev/node/requirements.ts';
import { buildBundles } from '../bundles.ts';
import { installDebianPackages } from '../debian-packages.ts';
import { readResults } from '../results.ts';
import { projectPath } from './project-path.ts';

const USAGE = `Runs the deployment on a real single-node cluster: containerd, kubelet and the images, without Docker.

Usage: npm run test:e2e -- [--existing] [--install] [--where-possible] [NAME ...]

  --existing        use the cluster of $KUBECONFIG instead (kind, minikube, …). It must be one to throw away: the
                    tests make and delete the namespaces poolc-system and poolc-users. Load the images first, with the
                    version of package.json:
                      docker build --tag ghcr.io/poolc/pks-credentials-updater:VERSION .
                      docker build --target poolc-api --tag ghcr.io/poolc/pks-credentials-updater-poolc-api:VERSION .
                      kind load docker-image ghcr.io/poolc/pks-credentials-updater:VERSION
                      kind load docker-image ghcr.io/poolc/pks-credentials-updater-poolc-api:VERSION
  --install         install missing Debian packages with apt-get first
  --where-possible  where no node can run, say why and exit 0
  NAME              only test files whose name contains it
  -h, --help        show this
`;

try {
  process.exitCode = main();
} catch (error) {
  if (!(error instanceof TypeError)) throw error;
  // An unknown flag.
  console.error(`${error.message}. See npm run test:e2e -- --help`);
  process.exitCode = 2;
}

function main(): number {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      existing: { type: 'boolean', default: false },
      install: { type: 'boolean', default: false },
      'where-possible': { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  if (values.help) {
    console.log(USAGE);
    return 0;
  }
  const kubeconfig = process.env['KUBECONFIG'];
  if (values.existing && kubeconfig === undefined) {
    console.error('--existing needs KUBECONFIG: KUBECONFIG=… npm run test:e2e -- --existing');
    return 2;
  }
  if (!values.existing) {
    if (values.install) installDebianPackages(missingDebianPackages());
    const missing = missingRequirements();
    if (missing.length > 0) {
      console.error(`The end-to-end tests can't run here.\n  ${missing.join('\n  ')}`);
      return values['where-possible'] ? 0 : 1;
    }
  }
  return runTests(values.existing ? kubeconfig : undefined, positionals);
}

function runTests(existingKubeconfig: string | undefined, names: readonly string[]): number {
  try {
    buildBundles();
  } catch (error) {
    console.error(error instanceof Error ? error.message : String(error));
    return 1;
  }
  const results = projectPath('dist/e2e-results.json');
  rmSync(results, { force: true });
  const vitest = spawnSync(
    process.execPath,
    [
      projectPath('node_modules/vitest/vitest.mjs'),
      'run',
      `--config=${projectPath('test/e2e/vitest.config.ts')}`,
      '--reporter=verbose',
      '--reporter=json',
      `--outputFile.json=${results}`,
      ...names,
    ],
    {
      stdio: 'inherit',
      cwd: projectPath('.'),
      env: {
        ...process.env,
        ...(existingKubeconfig === undefined ? {} : { E2E_EXISTING_KUBECONFIG: existingKubeconfig }),
      },
    },
  );
  const { passed, failed, failures } = readResults(results, projectPath('.'));
  for (const failure of failures) console.log(`failed: ${failure}`);
  console.log(`${passed} passed, ${failed} failed`);
  return vitest.status ?? 1;
}
