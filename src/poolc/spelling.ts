/**
 * How PoolC spells its members' ids. The same UUID in another case is another key to it, so what it is sent must be
 * spelled as it was received. The directory learns it, the delivery asks.
 */
import { type MemberId, parseMemberId } from '../core/member-id.ts';

export class PoolcSpelling {
  /** Only those that aren't spelled as we compare them. */
  readonly #others = new Map<MemberId, string>();

  /** The id of a UUID that PoolC sent. */
  learn(uuid: string): MemberId {
    const id = parseMemberId(uuid) ?? uuid;
    if (id === uuid) this.#others.delete(id);
    else this.#others.set(id, uuid);
    return id;
  }

  of(id: MemberId): string {
    return this.#others.get(id) ?? id;
  }
}
