/** A way through a proxy to one server: CONNECT (RFC 9110, section 9.3.6). */
import http from 'node:http';
import https from 'node:https';
import type net from 'node:net';

export interface Tunnel {
  readonly proxy: URL;
  /** A name, or an address without brackets. */
  readonly host: string;
  readonly port: number;
  /** Ends the attempt, whatever the proxy does, and closes its socket. Afterwards the socket is the caller's. */
  readonly signal: AbortSignal;
}

/** The proxy answered, but opens no way. */
class TunnelRefused extends Error {
  readonly code = 'ERR_PROXY_TUNNEL';
}

/** @throws TunnelRefused, the network's own error, or an AbortError */
export function openTunnel({ proxy, host, port, signal }: Tunnel): Promise<net.Socket> {
  const { promise, resolve, reject } = Promise.withResolvers<net.Socket>();
  const target = `${host.includes(':') ? `[${host}]` : host}:${port}`;
  const encrypted = proxy.protocol === 'https:';
  const request = (encrypted ? https : http).request({
    host: proxy.hostname.replace(/^\[|\]$/g, ''),
    port: Number(proxy.port) || (encrypted ? 443 : 80),
    method: 'CONNECT',
    path: target,
    headers: { host: target, ...proxyAuthorization(proxy) },
    agent: false,
    signal,
  });
  request.once('connect', ({ statusCode = 0 }, socket, early) => {
    // An error that comes before the caller listens must not end the process.
    socket.on('error', () => undefined);
    if (statusCode >= 200 && statusCode < 300 && early.length === 0 && !signal.aborted) {
      resolve(socket);
      return;
    }
    socket.destroy();
    reject(new TunnelRefused(`the proxy answered CONNECT with ${statusCode}`));
  });
  request.once('error', reject);
  // A proxy that hangs up without a word.
  request.once('close', () => reject(new TunnelRefused('the proxy closed the connection')));
  request.end();
  return promise;
}

/** The header that a proxy with a name and a password wants. */
export function proxyAuthorization({ username, password }: URL): Record<string, string> {
  if (username === '' && password === '') return {};
  const both = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
  return { 'proxy-authorization': `Basic ${Buffer.from(both).toString('base64')}` };
}
