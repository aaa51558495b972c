/** Programs built from source with Go, from the versions that go.mod and go.sum pin. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { elapsed } from '../../elapsed.ts';
import { startSupervisor } from '../supervisor/index.ts';
import type { BinaryModule } from './programs.ts';
import type { Source, SourceContext } from './sources.ts';

const REPORT_EVERY_MS = 10_000;
const LOG_LINES_TO_SHOW = 5;

export function goBuild<Name extends string>(context: SourceContext<Name>): Source<Name> {
  const { scratch, onProgress } = context;
  return {
    name: 'Go build',
    async obtain(program) {
      const destination = join(scratch, program);
      const logFile = join(scratch, `${program}.log`);
      const started = performance.now();
      onProgress(`${program}: building it with Go (minutes the first time)`);
      const report = async (): Promise<void> => {
        const packages = (await readLog(logFile)).filter((line) => !isMessage(line)).length;
        onProgress(`${program}: still building, ${packages} packages compiled after ${elapsed(started)}`);
      };
      const reporting = setInterval(() => void report(), REPORT_EVERY_MS);
      try {
        await runGo(context, program, destination, logFile);
      } finally {
        clearInterval(reporting);
      }
      onProgress(`${program}: built in ${elapsed(started)}`);
      return destination;
    },
  };
}

async function runGo<Name extends string>(
  { module, scratch, environment }: SourceContext<Name>,
  program: Name,
  destination: string,
  logFile: string,
): Promise<void> {
  // Supervised, so that no compiler works on for minutes after a Ctrl-C.
  await using supervisor = await startSupervisor({ directory: { kind: 'kept', path: scratch } });
  const go = await supervisor
    .spawn({
      command: ['go', ...buildArguments(module, program, destination)],
      logFile,
      // A developer's own GOFLAGS or go.work must not change what is built.
      environment: { ...environment, CGO_ENABLED: '0', GOFLAGS: '-mod=readonly -buildvcs=false', GOWORK: 'off' },
      workingDirectory: module.directory,
    })
    .catch((error: unknown) => {
      throw new Error('there is no `go` in PATH', { cause: error });
    });
  const { code, signal } = await go.exited;
  if (code === 0) return;
  const messages = (await readLog(logFile)).filter(isMessage).slice(-LOG_LINES_TO_SHOW);
  throw new Error(`go build ended with ${signal ?? `exit code ${code}`}: ${messages.join(' / ')}`);
}

function buildArguments<Name extends string>(
  { ldflags, buildTags = [], programs }: BinaryModule<Name>,
  name: Name,
  destination: string,
): string[] {
  const tags = buildTags.length === 0 ? [] : ['-tags', buildTags.join(',')];
  const flags = ['-v', '-trimpath', ...tags, '-ldflags', ldflags.join(' '), '-o', destination];
  return ['build', ...flags, programs[name].goPackage];
}

async function readLog(logFile: string): Promise<string[]> {
  const content = await readFile(logFile, 'utf8').catch(() => '');
  return content.split('\n').filter((line) => line !== '');
}

/** `go build -v` prints the bare path of each package it compiles; anything else is said to people. */
function isMessage(line: string): boolean {
  return line.includes(' ');
}
