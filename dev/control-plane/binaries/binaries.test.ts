import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { processesMentioning, runNode, temporaryDirectory } from '../testing.ts';
import { serveDownloads } from './download-server.ts';
import { BinariesMissingError, kubernetes, oldestKubernetes, provideBinaries } from './index.ts';
import { makeSandbox } from './sandbox.ts';

/** What the programs of some tests are made of. */
const goMod = `module example.org/programs

go 1.26.0

require (
  example.org/a v1.2.3
  example.org/b v0.0.0 // indirect
)

replace (
  example.org/b => example.org/c v0.36.3
)

`;
const goSum = 'example.org/a v1.2.3 h1:aaa\nexample.org/c v0.36.3 h1:ccc\n';

describe('programs', () => {
  it('come from KUBEBUILDER_ASSETS first, and what it lacks from elsewhere', async () => {
    const { module, environment, builds } = await makeSandbox({ go: 'builds' });
    const assets = await temporaryDirectory();
    await writeFile(join(assets, 'etcd'), '#!/bin/sh\n', { mode: 0o755 });
    const binaries = await provideBinaries(module, ['etcd', 'kube-apiserver'], {
      environment: { ...environment, KUBEBUILDER_ASSETS: assets },
    });
    expect(binaries.path('etcd')).toBe(join(assets, 'etcd'));
    expect(await readFile(binaries.path('kube-apiserver'), 'utf8')).toContain('made by go');
    expect(await builds()).toEqual(['k8s.io/kubernetes/cmd/kube-apiserver']);
  });

  it('are built once and found in the cache from then on', async () => {
    const { module, environment, builds } = await makeSandbox({ go: 'builds' });
    const first = await provideBinaries(module, ['kubectl'], { environment });
    const second = await provideBinaries(module, ['kubectl'], { environment });
    expect(second.path('kubectl')).toBe(first.path('kubectl'));
    expect(await builds()).toHaveLength(1);
  });

  it('are built anew when the pinned versions change', async () => {
    const { module, environment, builds } = await makeSandbox({ go: 'builds' });
    const first = await provideBinaries(module, ['kubectl'], { environment });
    await writeFile(join(module.directory, 'go.sum'), 'another sum\n');
    const second = await provideBinaries(module, ['kubectl'], { environment });
    expect(second.path('kubectl')).not.toBe(first.path('kubectl'));
    expect(await builds()).toHaveLength(2);
  });

  it.each<[what: string, goMod: string, goSum: string, builds: number]>([
    ['another module', `${goMod}require example.org/other v1.0.1\n`, goSum, 1],
    ['the version of one of them', goMod.replace('a v1.2.3', 'a v1.2.4'), `${goSum}example.org/a v1.2.4 h1:new\n`, 2],
    [
      'what one of them is replaced by',
      goMod.replace('v0.36.3', 'v0.36.4'),
      `${goSum}example.org/c v0.36.4 h1:new\n`,
      2,
    ],
    ['the sum of one of them', goMod, goSum.replace('h1:aaa', 'h1:new'), 2],
  ])('are built anew for %s only where they are made of it', async (_, newGoMod, newGoSum, count) => {
    const { module, environment, builds, sayModules } = await makeSandbox({ go: 'builds' });
    const [modFile, sumFile] = [join(module.directory, 'go.mod'), join(module.directory, 'go.sum')];
    await writeFile(modFile, goMod);
    await writeFile(sumFile, goSum);
    await sayModules([
      'kubectl: go1.26.0',
      '\tpath\texample.org/a/cmd',
      '\tmod\texample.org/a\tv1.2.3\th1:aaa',
      '\tdep\texample.org/b\tv0.0.0',
      '\t=>\texample.org/c\tv0.36.3\th1:ccc',
      '\tbuild\t-trimpath=true',
    ]);
    const first = await provideBinaries(module, ['kubectl'], { environment });
    await writeFile(modFile, newGoMod);
    await writeFile(sumFile, newGoSum);

    const second = await provideBinaries(module, ['kubectl'], { environment });

    expect(second.path('kubectl')).not.toBe(first.path('kubectl'));
    expect(await readFile(second.path('kubectl'), 'utf8')).toContain('made by go');
    expect(await builds()).toHaveLength(count);
  });

  it('are built once by two processes that start at once', async () => {
    const sandbox = await makeSandbox({ go: 'waits' });
    const processes = [sandbox.provideInProcess('kubectl'), sandbox.provideInProcess('kubectl')];
    await Promise.race(processes.map((one) => one.printed(/building it with Go/)));
    await Promise.race(processes.map((one) => one.printed(/waiting for process \d+/)));
    await sandbox.letGoFinish();
    const results = await Promise.all(processes.map((one) => one.ended));
    expect(results.map(({ exitCode }) => exitCode)).toEqual([0, 0]);
    expect(await sandbox.builds()).toHaveLength(1);
    expect(await readdir(sandbox.cacheDirectory())).toEqual(['.lock', 'kubectl']);
  });

  it('are built by the next process when the one that was building is killed', async () => {
    const sandbox = await makeSandbox({ go: 'waits' });
    const builder = sandbox.provideInProcess('kubectl');
    await builder.printed(/building it with Go/);
    await expect.poll(() => sandbox.builds(), { timeout: 10_000 }).toHaveLength(1);
    builder.kill('SIGKILL');
    await builder.ended;
    // Its compiler is ended as well.
    await expect.poll(() => processesMentioning(sandbox.goProgram), { timeout: 10_000 }).toEqual([]);
    expect(await readdir(sandbox.cacheDirectory())).not.toContain('kubectl');

    await sandbox.letGoFinish();
    const binaries = await provideBinaries(sandbox.module, ['kubectl'], sandbox);
    expect(await readFile(binaries.path('kubectl'), 'utf8')).toContain('made by go');
    expect(await readdir(sandbox.cacheDirectory())).toEqual(['.lock', 'kubectl']);
  });

  it('can be had from nowhere: one message says what was tried and why each failed', async () => {
    const { module, environment } = await makeSandbox({ go: 'missing' });
    const assets = await temporaryDirectory();
    const error = await provideBinaries(module, ['etcd'], {
      environment: { ...environment, KUBEBUILDER_ASSETS: assets },
    }).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(BinariesMissingError);
    const message = String(error);
    expect(message).toContain(`etcd v9.8.7 could not be had. What was tried:`);
    expect(message).toContain(`  - KUBEBUILDER_ASSETS: ${assets} holds no executable etcd\n`);
    expect(message).toMatch(/ {2}- cache: \S+ holds none\n/);
    expect(message).toMatch(/ {2}- official download: http:\S+ can't be reached: .*ECONNREFUSED/);
    expect(message).toContain('  - Go build: there is no `go` in PATH\n');
    expect(message).toContain('install Go 1.26.0 or later');
  });

  it('fail with what Go said', async () => {
    const { module, environment } = await makeSandbox({ go: 'fails' });
    const provided = provideBinaries(module, ['etcd'], { environment });
    await expect(provided).rejects.toThrow('go build ended with exit code 1: main.go:3: syntax error');
  });

  it.each([kubernetes, oldestKubernetes])('call themselves what they are: $version', ({ version, ldflags }) => {
    expect(ldflags.join(' ')).toContain(`gitVersion=${version}`);
  });
});

describe('official downloads', () => {
  it('bring the three programs of the envtest archive at one go', async () => {
    const { module, environment } = await makeSandbox({ go: 'missing' });
    const server = await serveDownloads();
    await server.offerArchive('v9.8.7', ['etcd', 'kube-apiserver', 'kubectl']);
    const binaries = await provideBinaries(module, ['etcd', 'kube-apiserver', 'kubectl'], {
      environment: { ...environment, ...server.environment },
    });
    for (const name of ['etcd', 'kube-apiserver', 'kubectl'] as const) {
      expect(await readFile(binaries.path(name), 'utf8')).toContain(`${name} of v9.8.7`);
    }
    expect(server.requests.filter((path) => path.endsWith('.tar.gz'))).toHaveLength(1);
  });

  it('take the newest patch where the pinned one has no archive', async () => {
    const { module, environment } = await makeSandbox({ go: 'missing' });
    const server = await serveDownloads();
    for (const version of ['v9.8.0', 'v9.8.2', 'v9.8.10', 'v9.8.11-rc.1', 'v9.9.0', 'v9.80.1']) {
      await server.offerArchive(version, ['etcd']);
    }
    const binaries = await provideBinaries(module, ['etcd'], {
      environment: { ...environment, ...server.environment },
    });
    expect(await readFile(binaries.path('etcd'), 'utf8')).toContain('etcd of v9.8.10');
  });

  it.runIf(process.platform === 'linux')('bring a program that is published by itself', async () => {
    const { module, environment } = await makeSandbox({ go: 'missing' });
    const server = await serveDownloads();
    server.offerRelease('kubelet', 'kubelet of the release');
    const binaries = await provideBinaries(module, ['kubelet'], {
      environment: { ...environment, ...server.environment },
    });
    expect(await readFile(binaries.path('kubelet'), 'utf8')).toBe('kubelet of the release');
  });

  it.runIf(process.platform === 'linux').each([
    { what: 'the archive', program: 'etcd', algorithm: 'sha512' },
    { what: 'a single program', program: 'kubelet', algorithm: 'sha256' },
  ] as const)('are refused when the sum of $what is wrong', async ({ program, algorithm }) => {
    const sandbox = await makeSandbox({ go: 'missing' });
    const server = await serveDownloads();
    await server.offerArchive('v9.8.7', ['etcd']);
    server.offerRelease('kubelet', 'kubelet of the release');
    server.publishWrongSums();
    const environment = { ...sandbox.environment, ...server.environment };
    const provided = provideBinaries(sandbox.module, [program], { environment });
    await expect(provided).rejects.toThrow(
      new RegExp(`has the ${algorithm} sum [0-9a-f]+, but 0+ is published: refused`),
    );
    expect(await readdir(sandbox.cacheDirectory())).toEqual(['.lock']);
  });

  it('that break off leave nothing in the cache, and Go builds instead', async () => {
    const sandbox = await makeSandbox({ go: 'builds' });
    const server = await serveDownloads();
    await server.offerArchive('v9.8.7', ['etcd']);
    server.breakOff();
    const lines: string[] = [];
    const binaries = await provideBinaries(sandbox.module, ['etcd'], {
      environment: { ...sandbox.environment, ...server.environment },
      onProgress: (line) => lines.push(line),
    });
    expect(lines).toContainEqual(expect.stringMatching(/etcd: no official download: .* broke off after/));
    expect(await readFile(binaries.path('etcd'), 'utf8')).toContain('made by go');
    expect(await readdir(sandbox.cacheDirectory())).toEqual(['.lock', 'etcd']);
  });

  it('that are killed halfway leave no broken cache', async () => {
    const sandbox = await makeSandbox({ go: 'missing' });
    const server = await serveDownloads();
    await server.offerArchive('v9.8.7', ['etcd']);
    const resume = server.stall();
    const environment = { ...sandbox.environment, ...server.environment };
    const loading = sandbox.provideInProcess('etcd', environment);
    await server.stalled;
    loading.kill('SIGKILL');
    await loading.ended;
    expect(await readdir(sandbox.cacheDirectory())).not.toContain('etcd');

    resume();
    const binaries = await provideBinaries(sandbox.module, ['etcd'], { environment });
    expect(await readFile(binaries.path('etcd'), 'utf8')).toContain('etcd of v9.8.7');
    expect(await readdir(sandbox.cacheDirectory())).toEqual(['.lock', 'etcd']);
  });

  it.each([
    { answer: '<html>', reason: 'is not an index of envtest releases' },
    { answer: 'releases: {}', reason: 'lists no release of v9.8' },
    { answer: 'releases: {v9.8.7: {}}', reason: 'lists no envtest-v9.8.7-' },
  ])('say what is wrong with an index like "$answer"', async ({ answer, reason }) => {
    const { module, environment } = await makeSandbox({ go: 'missing' });
    const server = await serveDownloads();
    server.answerIndex(answer);
    const provided = provideBinaries(module, ['etcd'], { environment: { ...environment, ...server.environment } });
    await expect(provided).rejects.toThrow(reason);
  });

  it('ask a server that cannot be reached once, not for each program', async () => {
    const { module, environment } = await makeSandbox({ go: 'builds' });
    const lines: string[] = [];
    const server = await serveDownloads();
    await server.offerArchive('v9.8.7', ['etcd']);
    await server.close();
    await provideBinaries(module, ['etcd', 'kubectl'], {
      environment: { ...environment, ...server.environment },
      // It is back for the second program, which nobody asks it for.
      onProgress: (line) => {
        lines.push(line);
        if (line.startsWith('etcd: building')) void server.reopen();
      },
    });
    expect(lines.filter((line) => line.includes('no official download'))).toHaveLength(2);
    expect(server.requests).toEqual([]);
  });
});

const hasGo = (process.env['PATH'] ?? '').split(':').some((directory) => existsSync(join(directory, 'go')));

describe.runIf(hasGo)('a build with the real Go', () => {
  it('makes a program of any module, whatever the developer has set for Go', async () => {
    const { module, environment } = await makeSandbox({ go: 'real' });
    await mkdir(join(module.directory, 'hello'));
    const source = 'package main\n\nvar Version string\n\nfunc main() { println("hello from", Version) }\n';
    await writeFile(join(module.directory, 'hello', 'main.go'), source);
    const hello = {
      ...module,
      ldflags: ['-X main.Version=v9'],
      programs: { hello: { goPackage: './hello' } },
    };
    const binaries = await provideBinaries(hello, ['hello'], {
      environment: { ...environment, GOFLAGS: '-mod=vendor' },
    });
    const run = runNode([
      '--eval',
      `process.exit(require('node:child_process').spawnSync(process.argv[1], { stdio: 'inherit' }).status)`,
      binaries.path('hello'),
    ]);
    expect(await run.ended).toMatchObject({ exitCode: 0, stderr: 'hello from v9\n' });
    await rm(binaries.path('hello'));
  });
});
