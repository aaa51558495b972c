/** What the kubelet and Prometheus ask: /healthz and /readyz on one port, /metrics on another. */
import { createServer, type Server } from 'node:http';
import { Failure } from '../lib/failure.ts';

export interface Ports {
  /** 0 for none. */
  readonly health: number;
  readonly metrics: number;
}

export interface Answers {
  /** What a restart would mend; undefined for nothing. */
  readonly stuck: () => string | undefined;
  readonly isReady: () => boolean;
  readonly metrics: () => string;
}

/** Listens until the signal. @throws Failure (usage) for a port that is taken */
export async function servePorts(ports: Ports, answers: Answers, signal: AbortSignal): Promise<void> {
  const say = (trouble: string | undefined) => ({
    status: trouble === undefined ? 200 : 503,
    text: `${trouble ?? 'ok'}\n`,
  });
  // One at a time: where the second one is taken, the first one does not keep the process up.
  const listening = new AbortController();
  const until = AbortSignal.any([signal, listening.signal]);
  try {
    await serve(
      'HEALTH_PORT',
      ports.health,
      {
        '/healthz': () => say(answers.stuck()),
        '/readyz': () => say(answers.isReady() ? undefined : 'the MemberSyncs are not known yet'),
      },
      until,
    );
    await serve('METRICS_PORT', ports.metrics, { '/metrics': () => ({ status: 200, text: answers.metrics() }) }, until);
  } catch (error) {
    listening.abort();
    throw error;
  }
}

type Pages = Readonly<Record<string, () => { readonly status: number; readonly text: string }>>;

async function serve(setting: string, port: number, pages: Pages, signal: AbortSignal): Promise<void> {
  if (port === 0) return;
  const server = createServer((request, response) => {
    const path = (request.url ?? '').split('?')[0] ?? '';
    const page = request.method === 'GET' && Object.hasOwn(pages, path) ? pages[path] : undefined;
    const { status, text } = page?.() ?? { status: 404, text: 'not found\n' };
    response.writeHead(status, { 'content-type': 'text/plain; version=0.0.4; charset=utf-8' }).end(text);
  });
  // Whoever sends nothing holds no connection.
  server.requestTimeout = 5_000;
  server.headersTimeout = 5_000;
  server.maxConnections = 64;
  await listen(server, setting, port);
  signal.addEventListener('abort', () => server.close(), { once: true });
}

function listen(server: Server, setting: string, port: number): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  server.once('error', (error) =>
    reject(
      new Failure('usage', `${setting}=${port} can't be listened on: ${error.message}`, {
        cause: error,
        hint: `set ${setting} to a port that is free, or to 0 for none`,
      }),
    ),
  );
  server.listen(port, () => resolve());
  return promise;
}
