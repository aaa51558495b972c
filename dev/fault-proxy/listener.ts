/** The listening side of a fault proxy: connections that can be reset, and a port that can stop answering for a while. */
import net from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

export interface Listener extends AsyncDisposable {
  /** On 127.0.0.1. */
  readonly port: number;
  /** Keeps track of another connection, such as the one to the server behind: it ends with the others. */
  track(socket: net.Socket): void;
  /** Resets the connections that are tracked. `which` leaves some out. */
  reset(which?: (socket: net.Socket) => boolean): void;
  /** Resets every connection, and refuses new ones for this long. */
  refuse(forMs: number): Promise<void>;
  close(): Promise<void>;
}

export async function startListener(serve: (client: net.Socket) => void): Promise<Listener> {
  const sockets = new Set<net.Socket>();
  const track = (socket: net.Socket): void => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
    socket.on('error', () => socket.destroy());
  };
  const server = net.createServer((client) => {
    track(client);
    serve(client);
  });
  const port = await listen(server, 0);
  const reset: Listener['reset'] = (which = () => true) => {
    for (const socket of sockets) if (which(socket)) socket.resetAndDestroy();
  };
  const close = async (): Promise<void> => {
    const closed = Promise.withResolvers<void>();
    server.close(() => closed.resolve());
    for (const socket of sockets) socket.destroy();
    await closed.promise;
  };
  return {
    port,
    track,
    reset,
    refuse: async (forMs) => {
      server.close();
      reset();
      await sleep(forMs);
      await listen(server, port);
    },
    close,
    [Symbol.asyncDispose]: close,
  };
}

function listen(server: net.Server, port: number): Promise<number> {
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  server.once('error', reject);
  server.listen(port, '127.0.0.1', () => {
    server.off('error', reject);
    const address = server.address();
    resolve(typeof address === 'object' && address !== null ? address.port : port);
  });
  return promise;
}
