/** Opens one connection to the API server: TLS, a proxy in between where the environment names one, one read buffer. */
import net from 'node:net';
import tls from 'node:tls';
import { openTunnel } from '../http/tunnel.ts';
import { Failure, firstSentence } from '../lib/failure.ts';

export interface ConnectOptions {
  /** Origin of the API server. */
  readonly server: URL;
  readonly tls: tls.ConnectionOptions;
  /** How long opening a connection may take, TLS and a proxy included, in milliseconds. */
  readonly connectTimeoutMs?: number;
}

const defaultConnectTimeoutMs = 10_000;

/** How a connection is opened: who ends it, what takes its bytes, and the proxy that it goes through. */
export interface ConnectContext {
  readonly proxy: URL | undefined;
  readonly signal: AbortSignal;
  /** The bytes are only valid during the call. */
  readonly onBytes: (bytes: Buffer) => void;
}

/** @throws Failure (cluster; transient unless the peer can't be trusted); the signal's reason */
export async function connect(
  { server, tls: tlsOptions, connectTimeoutMs = defaultConnectTimeoutMs }: ConnectOptions,
  { proxy, signal, onBytes }: ConnectContext,
): Promise<net.Socket> {
  signal.throwIfAborted();
  const host = server.hostname.replace(/^\[|\]$/g, '');
  const port = Number(server.port) || (server.protocol === 'http:' ? 80 : 443);
  const deadline = AbortSignal.timeout(connectTimeoutMs);
  const either = AbortSignal.any([signal, deadline]);
  try {
    if (server.protocol === 'http:') {
      return await opened(net.connect({ host, port, onread: readBuffer(onBytes) }), 'connect', either);
    }
    const servername = net.isIP(host) === 0 ? host : '';
    const options = { servername, ALPNProtocols: ['http/1.1'], ...tlsOptions, host, port };
    if (proxy === undefined) {
      // Node passes it on to the socket, though its types don't say so.
      const withReadBuffer: tls.ConnectionOptions & { onread: net.OnReadOpts } = {
        ...options,
        onread: readBuffer(onBytes),
      };
      return await opened(tls.connect(withReadBuffer), 'secureConnect', either);
    }
    const tunnel = await openTunnel({ proxy, host, port, signal: either });
    return await opened(tls.connect({ ...options, socket: tunnel }).on('data', onBytes), 'secureConnect', either);
  } catch (error) {
    if (signal.aborted) throw signal.reason;
    const known = error instanceof Error ? error : new Error(String(error));
    const timedOut = Object.assign(new Error('no answer in time'), { code: 'ETIMEDOUT' });
    throw connectionFailure(server, deadline.aborted ? timedOut : known);
  }
}

/** The socket once it is ready; destroyed when it fails, or when the signal aborts before. */
function opened<T extends net.Socket>(
  socket: T,
  readyEvent: 'connect' | 'secureConnect',
  signal: AbortSignal,
): Promise<T> {
  const { promise, resolve, reject } = Promise.withResolvers<T>();
  const onAbort = () => {
    socket.destroy();
    reject(signal.reason);
  };
  const onError = (error: Error) => {
    signal.removeEventListener('abort', onAbort);
    reject(error);
  };
  socket.setNoDelay(true);
  socket.on('error', onError);
  socket.once(readyEvent, () => {
    signal.removeEventListener('abort', onAbort);
    socket.off('error', onError);
    resolve(socket);
  });
  if (signal.aborted) onAbort();
  else signal.addEventListener('abort', onAbort, { once: true });
  return promise;
}

/** One read buffer for the life of a connection: a fresh 64 KiB for each answer would keep the garbage collector busy. */
function readBuffer(onBytes: (bytes: Buffer) => void): net.OnReadOpts {
  const buffer = Buffer.allocUnsafeSlow(64 * 1024);
  return {
    buffer,
    callback: (length) => {
      onBytes(buffer.subarray(0, length));
      return true;
    },
  };
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
