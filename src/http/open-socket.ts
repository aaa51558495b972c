/** Opens one connection to a server: TCP, the proxy in between where there is one, TLS. Everything has one deadline. */
import net from 'node:net';
import tls from 'node:tls';
import { openTunnel } from './tunnel.ts';

export interface Destination {
  /** Only its protocol, host and port matter here. */
  readonly server: URL;
  /** For https. */
  readonly tls: tls.ConnectionOptions;
  readonly proxy: URL | undefined;
  /** How long it may take, TLS and a proxy included, in milliseconds. */
  readonly connectTimeoutMs: number;
  /** Called when it takes long, so that anyone who waits hears of it before the deadline. */
  readonly onSlow?: () => void;
}

/** A connection across the world, through a proxy, is there well before. */
const slowMs = 1_000;

/** After so long without a word the network is asked whether the other side is still there. */
const aliveAfterMs = 30_000;

/**
 * @param signal closes what is still being opened; afterwards the socket is the caller's
 * @throws the network's own error, with ETIMEDOUT for the deadline; the signal's reason
 */
export async function openSocket(destination: Destination, signal: AbortSignal): Promise<net.Socket> {
  signal.throwIfAborted();
  const { server, proxy } = destination;
  const host = server.hostname.replace(/^\[|\]$/g, '');
  const port = Number(server.port) || (server.protocol === 'http:' ? 80 : 443);
  const deadline = AbortSignal.timeout(destination.connectTimeoutMs);
  const either = AbortSignal.any([signal, deadline]);
  const slow = setTimeout(() => destination.onSlow?.(), slowMs).unref();
  try {
    if (server.protocol === 'http:') return await ready(net.connect({ host, port }), 'connect', either);
    const servername = net.isIP(host) === 0 ? host : '';
    // The host is also the name that the certificate must be for.
    const options = { servername, ALPNProtocols: ['http/1.1'], ...destination.tls, host, port };
    if (proxy === undefined) return await ready(tls.connect(options), 'secureConnect', either);
    const socket = await openTunnel({ proxy, host, port, signal: either });
    return await ready(tls.connect({ ...options, socket }), 'secureConnect', either);
  } catch (error) {
    if (signal.aborted) throw signal.reason;
    if (!deadline.aborted) throw error;
    const said = proxy === undefined ? 'no answer in time' : 'no answer in time, through the proxy';
    throw Object.assign(new Error(said, { cause: error }), { code: 'ETIMEDOUT' });
  } finally {
    clearTimeout(slow);
  }
}

/** The socket once it is ready; destroyed when the signal aborts before. */
function ready<T extends net.Socket>(
  socket: T,
  readyEvent: 'connect' | 'secureConnect',
  signal: AbortSignal,
): Promise<T> {
  const { promise, resolve, reject } = Promise.withResolvers<T>();
  const onAbort = () => {
    socket.destroy();
    reject(signal.reason);
  };
  const settled = () => signal.removeEventListener('abort', onAbort);
  const onError = (error: Error) => {
    settled();
    reject(error);
  };
  socket.setNoDelay(true).setKeepAlive(true, aliveAfterMs);
  socket.on('error', onError);
  socket.once(readyEvent, () => {
    settled();
    socket.off('error', onError);
    resolve(socket);
  });
  if (signal.aborted) onAbort();
  else signal.addEventListener('abort', onAbort, { once: true });
  return promise;
}
