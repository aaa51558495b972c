/** A forward proxy for the tests: it answers CONNECT as it is told, and knows who is still connected. */
import { createServer } from 'node:http';
import net from 'node:net';

/** What becomes of a CONNECT: a way to this port of 127.0.0.1, a refusal, or no answer. */
export type ConnectAnswer = { readonly port: number } | { readonly status: number } | 'none';

export interface ConnectProxy extends AsyncDisposable {
  /** `http://127.0.0.1:port` */
  readonly url: string;
  /** `host:port` of each CONNECT so far, in order. */
  readonly asked: readonly string[];
  /** The `proxy-authorization` of the latest one. */
  readonly authorization: string | undefined;
  /** How many clients are connected now. */
  readonly open: number;
  /** Answers every CONNECT that got no answer with a way to `port` of 127.0.0.1. */
  answerLate(port: number): void;
  close(): Promise<void>;
}

/** @param answerTo asked for each CONNECT, with its `host:port` */
export async function startConnectProxy(answerTo: (target: string) => ConnectAnswer): Promise<ConnectProxy> {
  const asked: string[] = [];
  const sockets = new Set<net.Socket>();
  const unanswered = new Set<net.Socket>();
  let authorization: string | undefined;
  const server = createServer();

  function connect(client: net.Socket, port: number): void {
    const upstream = net.connect(port, '127.0.0.1', () => {
      client.write('HTTP/1.1 200 Connection Established\r\n\r\n');
      upstream.pipe(client);
      client.pipe(upstream);
    });
    upstream.on('error', () => client.destroy());
    client.on('close', () => upstream.destroy());
  }

  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.on('error', () => socket.destroy());
    socket.on('close', () => {
      sockets.delete(socket);
      unanswered.delete(socket);
    });
  });
  server.on('connect', (request, _, head) => {
    const { socket } = request;
    asked.push(request.url ?? '');
    authorization = request.headers['proxy-authorization'];
    const answer = answerTo(request.url ?? '');
    if (head.length > 0) socket.destroy();
    else if (answer === 'none') unanswered.add(socket.on('end', () => socket.destroy()).resume());
    else if ('status' in answer) socket.end(`HTTP/1.1 ${answer.status} No\r\ncontent-length: 0\r\n\r\n`);
    else connect(socket, answer.port);
  });

  const listening = Promise.withResolvers<void>();
  server.listen(0, '127.0.0.1', listening.resolve);
  await listening.promise;
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('The proxy has no port');

  async function close(): Promise<void> {
    const closed = Promise.withResolvers<void>();
    server.close(() => closed.resolve());
    for (const socket of sockets) socket.destroy();
    await closed.promise;
  }

  return {
    url: `http://127.0.0.1:${address.port}`,
    asked,
    get authorization() {
      return authorization;
    },
    get open() {
      return sockets.size;
    },
    answerLate(port) {
      for (const socket of unanswered) connect(socket, port);
      unanswered.clear();
    },
    close,
    [Symbol.asyncDispose]: close,
  };
}
