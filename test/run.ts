/** `npm test`: everything that must hold before a change lands, one step after the other. See --help. */
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { readFlags } from '../dev/flags.ts';
import { isInPath } from '../dev/node/requirements.ts';
import { chromiumPath } from './browser/chromium.ts';
import { bundlesAreBuilt } from './bundles.ts';
import { installDebianPackages } from './debian-packages.ts';
import { countedRun, gate, resultsFile, root, vitest } from './programs.ts';
import { allPassed, runSteps, type Step } from './steps.ts';

const usage = `Checks formatting, lint, types and unused exports, builds, and runs the tests: unit, integration, promises, policies,
gateway, its pages in a browser, what depends on the version on the oldest supported ones, end to end.

Usage: npm test [-- [--quick] [--install] [--only STEP]...]

  --quick      in 3 minutes: formatting, types, lint, unit, and one pass of the main job on a real control plane
  --install    install the Debian packages that some tests need, where they are missing: shells, slapd, age, chromium, a
               node's programs
  --only STEP  only this step; several may be given
  -h, --help   show this

Integration, promises, policies, gateway and browser run side by side: most of their time is waiting. Where no node can run
(not Linux, not root, packages missing), the end-to-end tests say so in words and count as nothing, as do those in a browser
where there is no Chromium. What is heavier: npm run test:parts.
The last line is: N passed, N failed
`;

/** Each is a package and its program: what completion is tested in, an LDAP server, and what encrypts files. */
const programs = ['fish', 'zsh', 'slapd', 'age'];

const nothing = 'nothing';
const failuresIn = (name: string): string => `${resultsFile(name)}, with every failure whole`;
const controlPlanes =
  'control planes and their folders are gone. Where the machine was switched off or a supervisor killed: ' +
  'pks-control-plane-* in the temporary directory';

const formatting: Step = {
  name: 'formatting',
  usually: '2 s',
  leaves: 'nothing. `npm run format` formats',
  run: () => gate(['biome', 'check', '.']),
};
const lint: Step = {
  name: 'lint',
  usually: '15 s',
  leaves: nothing,
  run: () => gate(['oxlint', '--type-aware', '--deny-warnings']),
};
const types: Step = { name: 'types', usually: '5 s', leaves: nothing, run: () => gate(['tsc']) };
const unused: Step = {
  name: 'unused',
  usually: '5 s',
  leaves: nothing,
  run: () => gate(['knip', '--treat-config-hints-as-errors']),
};
/** So that what comes after it doesn't build the bundles again. */
let built = false;
const environment = (): NodeJS.ProcessEnv => (built ? bundlesAreBuilt : {});
const build: Step = {
  name: 'build',
  usually: '2 s',
  leaves: 'in dist/ some bundles of an earlier state of the source',
  run: async () => {
    const counts = await gate(['node', 'build.ts']);
    built = counts.failed === 0;
    return counts;
  },
};
const unit: Step = {
  name: 'unit',
  usually: '40 s',
  leaves: failuresIn('unit'),
  run: () => vitest('unit', ['unit']),
};
const mainJob: Step = {
  name: 'main job',
  usually: '30 s',
  leaves: `${failuresIn('main-job')}; ${controlPlanes}`,
  run: () => vitest('main-job', ['integration'], { args: ['test/sync.test.ts', '--tags-filter=main-job'] }),
};

/** Vitest would load every file to find the tests with the tag. */
const onOldest = globSync('test/**/*.test.ts', { cwd: root }).filter((file) =>
  readFileSync(join(root, file), 'utf8').includes("'older-versions'"),
);
const olderVersions: Step = {
  name: 'older-versions',
  usually: '2m',
  leaves: `${failuresIn('older-versions')}; ${controlPlanes}`,
  run: () =>
    vitest('older-versions', ['integration', 'promises', 'policies'], {
      args: [...onOldest, '--tags-filter=older-versions'],
      environment: { ...environment(), PKS_PART_VERSIONS: 'oldest', PKS_UNDER_FIRE: 'reduced' },
    }),
};

const projects = ['integration', 'promises', 'policies', 'gateway', 'browser'] as const;

function onControlPlanes(chosen: readonly string[]): Step {
  return {
    name: chosen.join(', '),
    usually: chosen.length === projects.length ? '25m' : 'up to 15m',
    leaves: `${failuresIn('control-planes')}; ${controlPlanes}`,
    run: () => vitest('control-planes', chosen, { environment: environment() }),
  };
}

function endToEnd(install: boolean): Step {
  const command = ['node', 'test/e2e/run.ts', '--where-possible', ...(install ? ['--install'] : [])];
  return {
    name: 'e2e',
    usually: '5m',
    leaves: 'dist/e2e-results.json, with every failure whole; the node, its network and its mounts are gone',
    run: () => countedRun(command, environment()),
  };
}

const names = ['formatting', 'lint', 'types', 'unused', 'build', 'unit', ...projects, 'older-versions', 'e2e'];

process.exitCode = await main();

async function main(): Promise<number> {
  const flags = readFlags({
    quick: { type: 'boolean', default: false },
    install: { type: 'boolean', default: false },
    only: { type: 'string', multiple: true },
    help: { type: 'boolean', short: 'h', default: false },
  });
  if (typeof flags === 'string') {
    console.error(`${flags}. See npm test -- --help`);
    return 2;
  }
  if (flags.help) {
    console.log(`${usage}\nSteps: ${names.join(', ')}`);
    return 0;
  }
  const unknown = flags.only?.filter((name) => !names.includes(name)) ?? [];
  if (unknown.length > 0) {
    console.error(`There is no step ${unknown.join(', ')}: the steps are ${names.join(', ')}`);
    return 2;
  }
  if (flags.quick && flags.only !== undefined) {
    console.error('--quick and --only both choose the steps: use one of them');
    return 2;
  }
  // The end-to-end tests install what they need themselves, as they can be run alone.
  if (flags.install && !flags.quick) {
    const missing = programs.filter((program) => !isInPath(program));
    installDebianPackages(chromiumPath() === undefined ? [...missing, 'chromium'] : missing);
  }
  const steps = flags.quick ? [formatting, types, lint, unit, mainJob] : chosenSteps(flags.install, flags.only);
  return allPassed(await runSteps(steps)) ? 0 : 1;
}

function chosenSteps(install: boolean, only: readonly string[] = names): Step[] {
  const wanted = projects.filter((name) => only.includes(name));
  const chosen = wanted.filter((name) => name !== 'browser' || chromiumPath() !== undefined);
  if (chosen.length < wanted.length) {
    console.error(
      "The gateway's pages can't be tested in a browser here: there is no Chromium (apt-get install chromium, or name one in CHROMIUM).",
    );
  }
  return [
    ...[formatting, lint, types, unused, build, unit].filter(({ name }) => only.includes(name)),
    ...(chosen.length === 0 ? [] : [onControlPlanes(chosen)]),
    ...(only.includes(olderVersions.name) ? [olderVersions] : []),
    ...(only.includes('e2e') ? [endToEnd(install)] : []),
  ];
}
