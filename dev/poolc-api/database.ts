/** What the club keeps, in SQLite: its members, the token stored for each of them, and when tokens were delivered. */
import { randomBytes } from 'node:crypto';
import { closeSync, openSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { z } from 'zod';

export interface Member {
  uuid: string;
  /** Unique and case-sensitive; null for accounts that never chose one. */
  loginId: string | null;
  /** Whether GET /kubernetes/ lists them. */
  active: boolean;
}

/** What is kept of a delivery: that it happened, and a sum to compare a body with; no token. */
export interface Delivery {
  /** Milliseconds since the epoch. */
  at: number;
  /** How many members the map held. */
  entries: number;
  /** SHA-256 of the body, in hex. */
  sha256: string;
}

const schema = `
  CREATE TABLE IF NOT EXISTS members (
    member_uuid TEXT PRIMARY KEY,
    login_id TEXT UNIQUE,
    chosen_password TEXT,
    active INTEGER NOT NULL
  );
  CREATE TABLE IF NOT EXISTS kubernetes_keys (
    member_uuid TEXT PRIMARY KEY,
    token TEXT NOT NULL
  );
  CREATE TABLE IF NOT EXISTS deliveries (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    at INTEGER NOT NULL,
    entries INTEGER NOT NULL,
    sha256 TEXT NOT NULL
  );
  CREATE TABLE IF NOT EXISTS site (secret BLOB NOT NULL, seeded INTEGER NOT NULL);
`;

const memberRow = z
  .object({ member_uuid: z.string(), login_id: z.string().nullable(), active: z.number() })
  .transform((row): Member => ({ uuid: row.member_uuid, loginId: row.login_id, active: row.active === 1 }));
const tokenRow = z.object({ member_uuid: z.string(), token: z.string() });
const deliveryRow = z.object({ at: z.number(), entries: z.number(), sha256: z.string() });
const chosenPasswordRow = z.object({ chosen_password: z.string().nullable() });
const siteRow = z.object({ secret: z.instanceof(Uint8Array), seeded: z.number() });

export type PoolcDatabase = ReturnType<typeof openDatabase>;

/** The data file can't be used; `message` names it and says why. */
export class DataFileError extends Error {
  override readonly name = 'DataFileError';
}

/**
 * Opens the data file, creating it (readable by its owner alone) when there is none.
 * @throws DataFileError
 */
export function openDatabase(file: string) {
  const database = openDataFile(file);

  function inTransaction(work: () => void): void {
    database.exec('BEGIN IMMEDIATE');
    try {
      work();
      database.exec('COMMIT');
    } catch (error) {
      database.exec('ROLLBACK');
      throw error;
    }
  }

  function site(): z.infer<typeof siteRow> {
    return siteRow.parse(database.prepare('SELECT secret, seeded FROM site').get());
  }

  const selectMember = 'SELECT member_uuid, login_id, active FROM members';

  return {
    /** @throws when the UUID or the login id is taken. */
    addMembers(members: Iterable<Member & { chosenPassword?: string }>): void {
      const insert = database.prepare(
        'INSERT INTO members (member_uuid, login_id, chosen_password, active) VALUES (?, ?, ?, ?)',
      );
      inTransaction(() => {
        for (const { uuid, loginId, active, chosenPassword } of members) {
          insert.run(uuid, loginId, chosenPassword ?? null, active ? 1 : 0);
        }
      });
    },
    /** Each of the following says whether there was such a member. */
    removeMember(uuid: string): boolean {
      return database.prepare('DELETE FROM members WHERE member_uuid = ?').run(uuid).changes === 1;
    },
    setActive(uuid: string, active: boolean): boolean {
      const update = database.prepare('UPDATE members SET active = ? WHERE member_uuid = ?');
      return update.run(active ? 1 : 0, uuid).changes === 1;
    },
    rename(uuid: string, loginId: string | null): boolean {
      return database.prepare('UPDATE members SET login_id = ? WHERE member_uuid = ?').run(loginId, uuid).changes === 1;
    },
    countMembers(): number {
      const row = database.prepare('SELECT count(*) AS count FROM members').get();
      return z.object({ count: z.number() }).parse(row).count;
    },
    members(): Member[] {
      return z.array(memberRow).parse(database.prepare(selectMember).all());
    },
    /** In a different order each time: the API promises none, and a stable one would hide anyone who relies on it. */
    activeMembers(): Member[] {
      return z.array(memberRow).parse(database.prepare(`${selectMember} WHERE active = 1 ORDER BY random()`).all());
    },
    member(uuid: string): Member | undefined {
      const row = database.prepare(`${selectMember} WHERE member_uuid = ?`).get(uuid);
      return row === undefined ? undefined : memberRow.parse(row);
    },
    memberByLoginId(loginId: string): Member | undefined {
      const row = database.prepare(`${selectMember} WHERE login_id = ?`).get(loginId);
      return row === undefined ? undefined : memberRow.parse(row);
    },
    /** The hash of the password that this member was given by name; undefined when they still have the initial one. */
    chosenPassword(uuid: string): string | undefined {
      const row = database.prepare('SELECT chosen_password FROM members WHERE member_uuid = ?').get(uuid);
      return row === undefined ? undefined : (chosenPasswordRow.parse(row).chosen_password ?? undefined);
    },
    /**
     * Truncate, then save all, in one transaction: anyone who is not in the map loses the stored token.
     * @throws when a token is null; then nothing has changed.
     */
    replaceTokens(tokens: Map<string, string | null>, delivery: Omit<Delivery, 'entries'>): void {
      const insert = database.prepare('INSERT INTO kubernetes_keys (member_uuid, token) VALUES (?, ?)');
      inTransaction(() => {
        database.exec('DELETE FROM kubernetes_keys');
        for (const [uuid, token] of tokens) insert.run(uuid, token);
        database
          .prepare('INSERT INTO deliveries (at, entries, sha256) VALUES (?, ?, ?)')
          .run(delivery.at, tokens.size, delivery.sha256);
      });
    },
    token(uuid: string): string | undefined {
      const row = database.prepare('SELECT member_uuid, token FROM kubernetes_keys WHERE member_uuid = ?').get(uuid);
      return row === undefined ? undefined : tokenRow.parse(row).token;
    },
    tokens(): Map<string, string> {
      const rows = z.array(tokenRow).parse(database.prepare('SELECT member_uuid, token FROM kubernetes_keys').all());
      return new Map(rows.map((row) => [row.member_uuid, row.token]));
    },
    /** Oldest first. */
    deliveries(): Delivery[] {
      const rows = database.prepare('SELECT at, entries, sha256 FROM deliveries ORDER BY number').all();
      return z.array(deliveryRow).parse(rows);
    },
    /** 32 random bytes made with the data file, so that logins and initial passwords outlive a restart. */
    siteSecret(): Uint8Array {
      return site().secret;
    },
    /** Reserves `count` numbers of seed members that were never reserved before. @returns the first of them. */
    takeSeedNumbers(count: number): number {
      const first = site().seeded;
      database.prepare('UPDATE site SET seeded = ?').run(first + count);
      return first;
    },
    close(): void {
      database.close();
    },
  };
}

function openDataFile(file: string): DatabaseSync {
  try {
    closeSync(openSync(file, 'a', 0o600));
    // Tests read and write the file beside the server: each waits for the other, as they would in front of a real database.
    const database = new DatabaseSync(file, { timeout: 5_000 });
    // A token that was replaced is overwritten, so that it doesn't lie about in the file's free pages.
    database.exec('PRAGMA secure_delete = ON');
    database.exec(schema);
    database
      .prepare('INSERT INTO site (secret, seeded) SELECT ?, 0 WHERE NOT EXISTS (SELECT 1 FROM site)')
      .run(randomBytes(32));
    return database;
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new DataFileError(`cannot open the data file ${file}: ${why}`, { cause: error });
  }
}
