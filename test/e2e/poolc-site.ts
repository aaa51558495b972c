/** The PoolC API server in the cluster: its members and what was delivered to it, straight from its database. */
import { z } from 'zod';
import type { Kubectl } from './kubectl.ts';

const rowsSchema = z.array(z.record(z.string(), z.union([z.string(), z.number(), z.null()])));
const tokenRows = z.array(z.object({ member_uuid: z.string(), token: z.string() }));
const memberRows = z.array(z.object({ member_uuid: z.string(), login_id: z.string().nullable() }));
const countRows = z.tuple([z.object({ count: z.int() })]);

export interface SiteMember {
  readonly uuid: string;
  readonly loginId: string | null;
}

export interface PoolcSite {
  /** By UUID: what POST has stored last. */
  tokens(): Promise<ReadonlyMap<string, string>>;
  activeMembers(): Promise<SiteMember[]>;
  /** How many deliveries were acknowledged so far. */
  deliveries(): Promise<number>;
  join(members: readonly SiteMember[]): Promise<void>;
  leave(uuids: readonly string[]): Promise<void>;
  comeBack(uuids: readonly string[]): Promise<void>;
}

/** Runs in the server's own container, beside the server and other queries: SQLite refuses a lock at once unless told to wait. */
const QUERY = `
const { DatabaseSync } = require('node:sqlite');
const { sql, batches } = JSON.parse(require('node:fs').readFileSync(0, 'utf8'));
const database = new DatabaseSync('/data/poolc-api.db', { timeout: 10_000 });
database.exec('BEGIN IMMEDIATE');
const rows = batches.flatMap((values) => database.prepare(sql).all(...values));
database.exec('COMMIT');
console.log(JSON.stringify(rows));
`;

export function poolcSite(kubectl: Kubectl, namespace: string, deployment: string): PoolcSite {
  const query = async (sql: string, batches: readonly (readonly (string | null)[])[] = [[]]): Promise<unknown> => {
    const exec = ['exec', '--stdin', '--namespace', namespace, `deployment/${deployment}`, '--container=poolc-api'];
    const node = ['--', '/usr/local/bin/node', '--disable-warning=ExperimentalWarning', '--eval', QUERY];
    return rowsSchema.parse(JSON.parse(await kubectl([...exec, ...node], JSON.stringify({ sql, batches }))));
  };
  const setActive = (active: 0 | 1, uuids: readonly string[]): Promise<unknown> =>
    query(
      `UPDATE members SET active = ${active} WHERE member_uuid = ?`,
      uuids.map((uuid) => [uuid]),
    );
  return {
    async tokens() {
      const rows = tokenRows.parse(await query('SELECT member_uuid, token FROM kubernetes_keys'));
      return new Map(rows.map(({ member_uuid: uuid, token }) => [uuid, token]));
    },
    async activeMembers() {
      const rows = memberRows.parse(await query('SELECT member_uuid, login_id FROM members WHERE active = 1'));
      return rows.map(({ member_uuid: uuid, login_id: loginId }) => ({ uuid, loginId }));
    },
    deliveries: async () => countRows.parse(await query('SELECT count(*) AS count FROM deliveries'))[0].count,
    async join(members) {
      await query(
        'INSERT INTO members (member_uuid, login_id, active) VALUES (?, ?, 1)',
        members.map(({ uuid, loginId }) => [uuid, loginId]),
      );
    },
    async leave(uuids) {
      await setActive(0, uuids);
    },
    async comeBack(uuids) {
      await setActive(1, uuids);
    },
  };
}
