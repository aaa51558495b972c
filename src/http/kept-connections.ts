/** Connections that one exchange leaves to the next: a list in a hundred pages needs no hundred handshakes. */
import { Connection } from './connection.ts';
import type { Destination } from './open-socket.ts';

/** Less than any server keeps one open: who asks again does so at once. */
const keepAliveMs = 4_000;

export class KeptConnections implements Disposable {
  readonly #idle: { readonly to: string; readonly connection: Connection }[] = [];
  #isClosed = false;

  /** For one exchange alone, until it is given back. A new one where none is idle. */
  take(destination: Destination): Connection {
    const to = addressOf(destination);
    const at = this.#idle.findIndex((each) => each.to === to);
    const [kept] = at === -1 ? [] : this.#idle.splice(at, 1);
    return kept?.connection ?? new Connection({ ...destination, keepAliveMs });
  }

  /** Also one that was lost: it is opened again when it is needed. */
  giveBack(destination: Destination, connection: Connection): void {
    if (this.#isClosed) connection.close(over());
    else this.#idle.push({ to: addressOf(destination), connection });
  }

  [Symbol.dispose](): void {
    this.#isClosed = true;
    for (const { connection } of this.#idle.splice(0)) connection.close(over());
  }
}

function over(): Error {
  return new Error('nothing more is asked for');
}

function addressOf({ server, proxy }: Destination): string {
  return [server.origin, proxy?.origin].join(' by way of ');
}
