/** For tests: a server of published programs, laid out as the real ones are, that can be made to misbehave. */
import { createHash } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { createServer, type ServerResponse } from 'node:http';
import { join } from 'node:path';
import { create } from 'tar';
import { onTestFinished } from 'vitest';
import { stringify } from 'yaml';
import { freePort } from '../daemon.ts';
import { temporaryDirectory } from '../testing.ts';
import { goPlatform } from './platform.ts';

export interface DownloadServer {
  /** What makes `provideBinaries` ask this server. */
  readonly environment: Readonly<Record<string, string>>;
  /** The paths that were asked for. */
  readonly requests: readonly string[];
  /** Publishes an envtest archive that holds these programs. */
  offerArchive(version: string, programs: readonly string[]): Promise<void>;
  /** Publishes a program of v9.8.7 by itself. */
  offerRelease(program: string, content: string): void;
  answerIndex(content: string): void;
  publishWrongSums(): void;
  /** Programs break off halfway from now on. */
  breakOff(): void;
  /** Programs stop halfway, and nothing more comes, until the returned function is called. */
  stall(): () => void;
  /** Settles once a program has stopped halfway. */
  readonly stalled: Promise<void>;
  close(): Promise<void>;
  reopen(): Promise<void>;
}

export async function serveDownloads(): Promise<DownloadServer> {
  const port = await freePort();
  const base = `http://127.0.0.1:${port}`;
  const requests: string[] = [];
  const programs = new Map<string, Buffer>();
  const releases: Record<string, Record<string, { hash: string; selfLink: string }>> = {};
  const stalled = Promise.withResolvers<void>();
  let indexAnswer: string | undefined;
  let wrongSums = false;
  let behaviour: 'answers' | 'breaks off' | 'stalls' = 'answers';

  const sum = (algorithm: string, content: Buffer): string => {
    const hex = createHash(algorithm).update(content).digest('hex');
    return wrongSums ? '0'.repeat(hex.length) : hex;
  };
  const index = (): string => {
    for (const entry of Object.values(releases).flatMap((files) => Object.values(files))) {
      entry.hash = sum('sha512', programs.get(new URL(entry.selfLink).pathname) ?? Buffer.alloc(0));
    }
    return indexAnswer ?? stringify({ releases });
  };
  const serveProgram = (content: Buffer, response: ServerResponse): void => {
    response.setHeader('content-length', content.length);
    if (behaviour === 'answers') {
      response.end(content);
      return;
    }
    response.write(content.subarray(0, content.length / 2), () => {
      if (behaviour === 'breaks off') response.destroy();
      else stalled.resolve();
    });
  };

  const server = createServer((request, response) => {
    const path = request.url ?? '/';
    requests.push(path);
    const program = programs.get(path);
    const summed = programs.get(path.replace(/\.sha256$/, ''));
    if (path === '/index.yaml') response.end(index());
    else if (program !== undefined) serveProgram(program, response);
    else if (summed !== undefined) response.end(`${sum('sha256', summed)}\n`);
    else response.writeHead(404).end();
  });
  const listen = (): Promise<void> => new Promise((resolve) => server.listen(port, '127.0.0.1', resolve));
  const close = async (): Promise<void> => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  };
  onTestFinished(close);
  await listen();

  return {
    environment: { ENVTEST_INDEX_URL: `${base}/index.yaml`, KUBERNETES_RELEASE_URL: `${base}/` },
    requests,
    async offerArchive(version, names) {
      const file = `envtest-${version}-${goPlatform.os}-${goPlatform.arch}.tar.gz`;
      const selfLink = `${base}/download/${file}`;
      programs.set(`/download/${file}`, await makeArchive(version, names));
      releases[version] = { [file]: { hash: '', selfLink } };
    },
    offerRelease: (program, content) =>
      void programs.set(`/release/v9.8.7/bin/${goPlatform.os}/${goPlatform.arch}/${program}`, Buffer.from(content)),
    answerIndex(content) {
      indexAnswer = content;
    },
    publishWrongSums() {
      wrongSums = true;
    },
    breakOff() {
      behaviour = 'breaks off';
    },
    stall() {
      behaviour = 'stalls';
      return () => {
        behaviour = 'answers';
      };
    },
    stalled: stalled.promise,
    close,
    reopen: listen,
  };
}

async function makeArchive(version: string, names: readonly string[]): Promise<Buffer> {
  const directory = await temporaryDirectory();
  const folder = join('controller-tools', 'envtest');
  await mkdir(join(directory, folder), { recursive: true });
  for (const name of names) await writeFile(join(directory, folder, name), `${name} of ${version}\n`, { mode: 0o755 });
  const file = join(directory, 'archive.tar.gz');
  await create({ file, cwd: directory, gzip: true }, ['controller-tools']);
  return readFile(file);
}
