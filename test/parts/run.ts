/** `npm run test:parts`: what is too heavy for `npm test`. See --help. */
import { execFileSync } from 'node:child_process';
import { kubernetes } from '../../dev/control-plane/index.ts';
import { readFlags } from '../../dev/flags.ts';
import packageLock from '../../package-lock.json' with { type: 'json' };
import { root } from '../programs.ts';
import { allPassed, type Result, runSteps } from '../steps.ts';
import { parts } from './parts.ts';
import { readRecord, writeRecord } from './record.ts';

const usage = `Runs what is too heavy for npm test, and writes what it came to into test/parts.json.

Usage: npm run test:parts [-- [--only PART]...]

  --only PART  only this part; several may be given. The others keep their entries
  -h, --help   show this

Parts: ${parts.map(({ name, usually }) => `${name} (${usually})`).join(', ')}
`;

const { packages } = packageLock;
const versions = {
  node: process.versions.node,
  kubernetes: kubernetes.version,
  vitest: packages['node_modules/vitest'].version,
  stryker: packages['node_modules/@stryker-mutator/core'].version,
};

process.exitCode = await main();

async function main(): Promise<number> {
  const flags = readFlags({
    only: { type: 'string', multiple: true },
    help: { type: 'boolean', short: 'h', default: false },
  });
  if (typeof flags === 'string') {
    console.error(`${flags}. See npm run test:parts -- --help`);
    return 2;
  }
  if (flags.help) {
    console.log(usage);
    return 0;
  }
  const names = parts.map(({ name }) => name);
  const unknown = flags.only?.filter((name) => !names.includes(name)) ?? [];
  if (unknown.length > 0) {
    console.error(`There is no part ${unknown.join(', ')}: the parts are ${names.join(', ')}`);
    return 2;
  }
  // Of the beginning: what is changed meanwhile is not what was tested.
  const commit = currentCommit();
  const results = await runSteps(parts.filter(({ name }) => flags.only?.includes(name) ?? true));
  const were = Object.entries(readRecord()).filter(([name]) => names.includes(name));
  writeRecord({ ...Object.fromEntries(were), ...Object.fromEntries(results.map((result) => entryOf(result, commit))) });
  return allPassed(results) ? 0 : 1;
}

function entryOf({ name, took, counts: { passed, failed, others } }: Result, commit: string) {
  const date = new Date().toISOString().slice(0, 10);
  return [name, { commit, date, took, versions, counts: { passed, failed, ...others } }] as const;
}

function currentCommit(): string {
  const git = (...args: readonly string[]) => execFileSync('git', args, { cwd: root, encoding: 'utf8' }).trim();
  const changes = git('status', '--porcelain', '--', '.', ':!test/parts.json');
  return `${git('rev-parse', 'HEAD')}${changes === '' ? '' : '+changes'}`;
}
