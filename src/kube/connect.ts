/** Opens one connection to the API server: TLS, a proxy in between where the environment names one, one read buffer. */
import type { Agent } from 'node:https';
import net from 'node:net';
import tls from 'node:tls';
import { Failure, firstSentence } from '../lib/failure.ts';

export interface ConnectOptions {
  /** Origin of the API server. */
  readonly server: URL;
  readonly tls: tls.ConnectionOptions;
}

const connectTimeoutMs = 10_000;

/** How a connection is opened: who ends it, what takes its bytes, and Node's own agent where a proxy may be in between. */
export interface ConnectContext {
  readonly agent: Agent | undefined;
  readonly signal: AbortSignal;
  /** The bytes are only valid during the call. */
  readonly onBytes: (bytes: Buffer) => void;
}

/** @throws Failure (cluster; transient unless the peer can't be trusted); the signal's reason */
export function connect(
  { server, tls: tlsOptions }: ConnectOptions,
  { agent, signal, onBytes }: ConnectContext,
): Promise<net.Socket> {
  const { promise, resolve, reject } = Promise.withResolvers<net.Socket>();
  const host = server.hostname.replace(/^\[|\]$/g, '');
  const port = Number(server.port) || (server.protocol === 'http:' ? 80 : 443);
  const encrypted = server.protocol === 'https:';
  let opened: net.Socket | undefined;
  const settle = () => {
    clearTimeout(timer);
    signal.removeEventListener('abort', onAbort);
  };
  const fail = (error: unknown) => {
    settle();
    opened?.destroy();
    reject(error);
  };
  const onAbort = () => fail(signal.reason);
  const timedOut = Object.assign(new Error('no answer'), { code: 'ETIMEDOUT' });
  const timer = setTimeout(() => fail(connectionFailure(server, timedOut)), connectTimeoutMs);
  signal.addEventListener('abort', onAbort, { once: true });
  const adopt = (socket: net.Socket, readyEvent: 'connect' | 'secureConnect' | undefined) => {
    opened = socket;
    socket.setNoDelay(true);
    const onReady = () => {
      settle();
      socket.removeAllListeners('error');
      resolve(socket);
    };
    socket.on('error', (error) => fail(connectionFailure(server, error)));
    if (readyEvent === undefined) onReady();
    else socket.once(readyEvent, onReady);
  };
  // One read buffer for the life of a connection: a fresh 64 KiB for each answer would keep the garbage collector busy.
  const buffer = Buffer.allocUnsafeSlow(64 * 1024);
  const onread = {
    buffer,
    callback: (length: number) => {
      onBytes(buffer.subarray(0, length));
      return true;
    },
  };
  if (!encrypted) {
    adopt(net.connect({ host, port, onread }), 'connect');
    return promise;
  }
  const servername = net.isIP(host) === 0 ? host : '';
  const options = { servername, ALPNProtocols: ['http/1.1'], ...tlsOptions, host, port };
  if (agent === undefined) {
    // Node passes it on to the socket, though its types don't say so.
    const withReadBuffer: tls.ConnectionOptions & { onread: net.OnReadOpts } = { ...options, onread };
    adopt(tls.connect(withReadBuffer), 'secureConnect');
    return promise;
  }
  // Through a proxy the agent gives the socket to the callback, already encrypted; else it returns it at once.
  const direct = agent.createConnection(options, (error, socket) => {
    if (error) fail(connectionFailure(server, error));
    else if (socket instanceof tls.TLSSocket && opened === undefined) adopt(socket.on('data', onBytes), undefined);
  });
  if (direct instanceof tls.TLSSocket) adopt(direct.on('data', onBytes), 'secureConnect');
  return promise;
}

const untrustedCodes = /CERT|SELF_SIGNED|UNABLE_TO|ERR_TLS|ERR_SSL|EPROTO/;

/** Why a connection could not be opened, or was lost, in words. */
export function connectionFailure(server: URL, error: Error & { code?: string }): Failure {
  const code = error.code ?? '';
  if (untrustedCodes.test(code)) {
    return new Failure('cluster', `the certificate of ${server.origin} can't be trusted: ${firstSentence(error)}`, {
      cause: error,
      reason: code,
      hint: "the kubeconfig's certificate-authority must be the one that signed the API server's certificate, for this very host name",
    });
  }
  const why =
    {
      ECONNREFUSED: 'nothing listens there',
      ENOTFOUND: 'the host name is unknown',
      EAI_AGAIN: 'the host name could not be resolved',
      ETIMEDOUT: 'no answer in time',
      ECONNRESET: 'the connection was reset',
      EPIPE: 'the connection was closed',
      EHOSTUNREACH: 'no route to the host',
      ENETUNREACH: 'no network',
    }[code] ?? error.message;
  return new Failure('cluster', `the Kubernetes API server ${server.origin} can't be reached: ${why}`, {
    cause: error,
    transient: true,
    reason: code,
    hint: 'is the API server up, and is the server address of the kubeconfig right?',
  });
}
