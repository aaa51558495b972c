/**
 * A proxy on the wire that makes things go wrong on cue: it terminates TLS with a certificate of its own, passes every
 * exchange on to the real server behind it, and does to some of them what a rule says. Bodies are read whole before they
 * are passed on, as the club's own proxy does: a request that was cut off never reaches the server. Only the answer to a
 * watch passes through line by line.
 */
import http from 'node:http';
import https from 'node:https';
import type net from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import tls from 'node:tls';
import { type Answer, type Fault, type FaultRule, FaultRules, type RequestMatch, type SeenRequest } from './faults.ts';
import { startListener } from './listener.ts';
import { isWatch, type OpenStream, passOn } from './streams.ts';

export type { Answer, Fault, FaultRule, RequestMatch, SeenRequest } from './faults.ts';
export type { OpenStream } from './streams.ts';

export interface FaultProxyOptions {
  readonly upstream: {
    /** `https://host:port` or `http://host:port` */
    readonly url: string;
    /** PEM; for https. */
    readonly certificateAuthority?: string;
  };
  /** PEM; what clients see. The certificate must name 127.0.0.1. */
  readonly tls: { readonly certificate: string; readonly key: string };
  /** Told of each request before anything is done with it. */
  readonly onRequest?: (request: SeenRequest) => void;
  /** Told of each answer that upstream gave, whatever reaches the client. */
  readonly onAnswer?: (answer: Answer, request: SeenRequest) => void;
}

export interface FaultProxy extends AsyncDisposable {
  /** `https://127.0.0.1:port` */
  readonly url: string;
  /** Every request so far, in order. */
  readonly requests: readonly SeenRequest[];
  /** Every watch that upstream accepted so far, in order. */
  readonly streams: readonly OpenStream[];
  addFault(match: RequestMatch, fault: Fault): FaultRule;
  /** Ends every rule. */
  clearFaults(): void;
  /** Connections are accepted, but TLS begins only when the promise settles. Resolves when the first one waits. */
  holdConnections(until: Promise<unknown>): Promise<void>;
  close(): Promise<void>;
}

export async function startFaultProxy(options: FaultProxyOptions): Promise<FaultProxy> {
  const { upstream, onRequest, onAnswer } = options;
  const rules = new FaultRules();
  const requests: SeenRequest[] = [];
  const streams: OpenStream[] = [];
  const forward = forwarderTo(upstream);
  let connectionsHeld: { until: Promise<unknown>; waiting: () => void } | undefined;

  const web = https.createServer({ cert: options.tls.certificate, key: options.tls.key }, (incoming, response) => {
    // Anyone who asked may be killed at any moment; there is nobody to tell then.
    exchange(incoming, response).catch(() => incoming.socket.destroy());
  });
  web.on('tlsClientError', (_error, socket) => socket.destroy());
  const listener = await startListener((socket) => {
    const held = connectionsHeld;
    if (held === undefined) {
      web.emit('connection', socket);
      return;
    }
    held.waiting();
    void held.until.then(() => web.emit('connection', socket));
  });

  /** The raw connection below TLS, which alone can be reset. */
  function resetConnection({ remotePort }: net.Socket): void {
    listener.reset((socket) => socket.remotePort === remotePort);
  }

  async function exchange(incoming: http.IncomingMessage, response: http.ServerResponse): Promise<void> {
    const request: SeenRequest = {
      number: requests.length + 1,
      method: incoming.method ?? 'GET',
      path: incoming.url ?? '/',
      body: await readWhole(incoming),
    };
    requests.push(request);
    onRequest?.(request);
    const ask = async (): Promise<Answer> => {
      const answer = await forward(request, incoming.headers);
      onAnswer?.(answer, request);
      return answer;
    };
    const fault = rules.faultFor(request);
    const reset = () => resetConnection(incoming.socket);
    if (fault?.kind === 'hold' && isWatch(request)) {
      await fault.until;
      await watch(request, incoming, response);
    } else if (fault !== undefined) await commit(fault, { request, ask, response, reset });
    else if (isWatch(request)) await watch(request, incoming, response);
    else send(response, await ask());
  }

  async function watch(
    request: SeenRequest,
    incoming: http.IncomingMessage,
    response: http.ServerResponse,
  ): Promise<void> {
    const answer = await forward.open(request, incoming.headers);
    const head = { status: answer.statusCode ?? 502, headers: endToEnd(answer.headers) };
    if (head.status >= 300) {
      send(response, { ...head, body: await readWhole(answer) });
      return;
    }
    response.writeHead(head.status, head.headers);
    streams.push(passOn(request, { upstream: answer, response, reset: () => resetConnection(incoming.socket) }));
  }

  async function commit(
    fault: Fault,
    {
      request,
      ask,
      response,
      reset,
    }: { request: SeenRequest; ask: () => Promise<Answer>; response: http.ServerResponse; reset: () => void },
  ): Promise<void> {
    switch (fault.kind) {
      case 'refuse':
        return listener.refuse(fault.forMs);
      case 'reset':
        return reset();
      case 'delay':
        await sleep(fault.ms);
        return send(response, await ask());
      case 'status':
        return send(response, errorAnswer(fault));
      case 'wrong-content-type':
        return send(response, pageAnswer);
      case 'truncate':
        return sendHalf(response, await ask(), reset);
      case 'drip':
        return sendSlowly(response, await ask(), fault.overMs);
      case 'commit-then-drop':
        await ask();
        return reset();
      case 'rewrite':
        return send(response, fault.change(await ask(), request));
      case 'hold': {
        const early = fault.answered ? await ask() : undefined;
        await fault.until;
        return send(response, early ?? (await ask()));
      }
    }
  }

  async function close(): Promise<void> {
    forward.close();
    await listener.close();
  }

  return {
    url: `https://127.0.0.1:${listener.port}`,
    requests,
    streams,
    addFault: (match, fault) => rules.add(match, fault),
    clearFaults: () => rules.clear(),
    holdConnections(until) {
      const waits = Promise.withResolvers<void>();
      const held = { until, waiting: waits.resolve };
      connectionsHeld = held;
      void until.then(() => {
        if (connectionsHeld === held) connectionsHeld = undefined;
      });
      return waits.promise;
    },
    close,
    [Symbol.asyncDispose]: close,
  };
}

interface Forward {
  (request: SeenRequest, headers: http.IncomingHttpHeaders): Promise<Answer>;
  /** The answer with its body still to come. */
  open(request: SeenRequest, headers: http.IncomingHttpHeaders): Promise<http.IncomingMessage>;
  close(): void;
}

/** Headers that belong to one connection, not to what is said over it. */
const hopByHop = new Set([
  'connection',
  'keep-alive',
  'transfer-encoding',
  'content-length',
  'te',
  'trailer',
  'upgrade',
]);

function forwarderTo({ url, certificateAuthority }: FaultProxyOptions['upstream']): Forward {
  const { protocol, hostname, port } = new URL(url);
  const secure = protocol === 'https:';
  const secureContext =
    certificateAuthority === undefined ? undefined : tls.createSecureContext({ ca: certificateAuthority });
  const agent = secure
    ? new https.Agent({ keepAlive: true, ...(secureContext === undefined ? {} : { secureContext }) })
    : new http.Agent({ keepAlive: true });
  const open = (request: SeenRequest, headers: http.IncomingHttpHeaders): Promise<http.IncomingMessage> => {
    const { promise, resolve, reject } = Promise.withResolvers<http.IncomingMessage>();
    const outgoing = (secure ? https : http).request(
      {
        hostname,
        port,
        agent,
        method: request.method,
        path: request.path,
        headers: {
          ...endToEnd(headers),
          ...(request.body.length > 0 ? { 'content-length': request.body.length } : {}),
        },
      },
      resolve,
    );
    outgoing.once('error', reject);
    outgoing.end(request.body);
    return promise;
  };
  const forward = async (request: SeenRequest, headers: http.IncomingHttpHeaders): Promise<Answer> => {
    const incoming = await open(request, headers);
    return { status: incoming.statusCode ?? 502, headers: endToEnd(incoming.headers), body: await readWhole(incoming) };
  };
  return Object.assign(forward, { open, close: () => agent.destroy() });
}

function endToEnd(headers: http.IncomingHttpHeaders): http.IncomingHttpHeaders {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !hopByHop.has(name)));
}

async function readWhole(message: http.IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of message) if (Buffer.isBuffer(chunk)) chunks.push(chunk);
  return Buffer.concat(chunks);
}

function send(response: http.ServerResponse, { status, headers, body }: Answer): void {
  response.writeHead(status, { ...headers, 'content-length': body.length });
  response.end(body);
}

function sendHalf(response: http.ServerResponse, { status, headers, body }: Answer, reset: () => void): void {
  // An empty body can't be halved; then what arrives of the promised length is nothing.
  response.writeHead(status, { ...headers, 'content-length': Math.max(body.length, 1) });
  response.flushHeaders();
  if (body.length < 2) setImmediate(reset);
  else response.write(body.subarray(0, Math.floor(body.length / 2)), () => setImmediate(reset));
}

const dripPieces = 10;

async function sendSlowly(
  response: http.ServerResponse,
  { status, headers, body }: Answer,
  overMs: number,
): Promise<void> {
  response.writeHead(status, { ...headers, 'content-length': body.length });
  response.flushHeaders();
  const size = Math.max(1, Math.ceil(body.length / dripPieces));
  for (let from = 0; from < body.length; from += size) {
    await sleep(overMs / dripPieces);
    response.write(body.subarray(from, from + size));
  }
  response.end();
}

const pageAnswer: Answer = {
  status: 200,
  headers: { 'content-type': 'text/html; charset=utf-8' },
  body: Buffer.from('<!doctype html><title>Welcome</title><h1>Please log in to use this network</h1>\n'),
};

function errorAnswer({ status, retryAfter, body }: Extract<Fault, { kind: 'status' }>): Answer {
  const page = `<html><head><title>${status}</title></head><body><h1>${status}</h1></body></html>\n`;
  return {
    status,
    headers: {
      'content-type': body === undefined ? 'text/html' : 'application/json',
      ...(retryAfter === undefined ? {} : { 'retry-after': retryAfter }),
    },
    body: Buffer.from(body ?? page),
  };
}
