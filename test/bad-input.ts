/** What every bad input has in common: one clear line, an exit code, and nothing changed anywhere. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, onTestFinished } from 'vitest';
import { z } from 'zod';
import { accountsOf, createAccount } from './accounts.ts';
import { type Club, type ClubOptions, useClub } from './club.ts';
import { type CommandResult, logLines } from './command.ts';

export interface Refusal {
  readonly exitCode: number;
  /** What the one line must say: what is wrong, where, why, and what to do. */
  readonly says: readonly RegExp[];
}

/** A club with a history: one member with an account and a delivered token, and one whom no run has seen yet. */
export async function useClubWithHistory(options: ClubOptions = {}): Promise<Club> {
  const club = await useClub(options);
  const { api, cluster } = club;
  const member = await api.addMember({ loginId: 'jimin' });
  await api.addMember({ loginId: 'newcomer' });
  await createAccount(cluster, {
    name: 'jimin',
    labels: { 'app.kubernetes.io/managed-by': 'credentials-updater' },
    annotations: { 'credentials-updater/user-uuid': member.uuid },
  });
  const answer = await fetch(`${api.url}/kubernetes/`, {
    method: 'POST',
    headers: { 'X-API-KEY': api.apiKey, 'content-type': 'application/json' },
    body: JSON.stringify({ [member.uuid]: 'the-token-of-an-earlier-delivery' }),
  });
  expect(answer.status).toBe(200);
  return club;
}

/** Runs the command and fails unless it refuses as said, and has changed nothing on the cluster or at the PoolC API. */
export async function expectRefusal(
  club: Club,
  args: readonly string[],
  {
    env,
    nodeFlags,
    exitCode,
    says,
  }: Refusal & { env?: Readonly<Record<string, string>>; nodeFlags?: readonly string[] },
): Promise<CommandResult> {
  const before = await everything(club);
  const result = await club.run(args, {
    ...(env === undefined ? {} : { env }),
    ...(nodeFlags === undefined ? {} : { nodeFlags }),
  });
  const line = theOneLine(result);
  expect({ exitCode: result.exitCode, line }).toEqual({ exitCode, line: expect.stringMatching(says[0] ?? /./) });
  for (const pattern of says) expect(line).toMatch(pattern);
  expect(`${result.stdout}${result.stderr}`).not.toMatch(/^\s+at .+:\d+:\d+/m);
  expect(await everything(club)).toEqual(before);
  return result;
}

/** The line that an operator reads: on stderr, or the one error in the log, with its hint. */
export function theOneLine(result: CommandResult): string {
  if (result.stderr !== '') {
    expect(result.stdout).toBe('');
    expect(result.stderr).toMatch(/^credentials-updater: .+\n$/);
    return result.stderr.trim();
  }
  const errors = logLines(result).filter(({ level }) => level === 'error');
  expect(errors).toHaveLength(1);
  const { msg, hint } = z.looseObject({ msg: z.string(), hint: z.string().default('') }).parse(errors[0]);
  expect(`${msg}${hint}`).not.toContain('\n');
  return `${msg}; what to do: ${hint}`;
}

const listSchema = z.object({
  items: z.array(z.object({ metadata: z.object({ name: z.string(), resourceVersion: z.string() }) })),
});

/** All that a run may change, but for the lock. */
async function everything({ cluster, api }: Club) {
  const { body } = await cluster.request('GET', `/api/v1/namespaces/${cluster.systemNamespace}/configmaps`);
  return {
    accounts: await accountsOf(cluster),
    records: listSchema.parse(body).items.map(({ metadata }) => metadata),
    tokens: api.storedTokens(),
    deliveries: api.deliveries().length,
  };
}

/** A server that gives the same answer to everything, for answers that the PoolC API server can't be brought to give. */
export async function answering(
  body: string | Buffer,
  {
    status = 200,
    headers = { 'content-type': 'application/json' },
  }: { status?: number; headers?: Record<string, string> } = {},
): Promise<string> {
  const server = createServer((_request, response) => response.writeHead(status, headers).end(body));
  const listening = Promise.withResolvers<AddressInfo | string | null>();
  server.listen(0, '127.0.0.1', () => listening.resolve(server.address()));
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
  });
  const address = await listening.promise;
  if (address === null || typeof address === 'string') throw new Error('The server has no port');
  return `http://127.0.0.1:${address.port}`;
}
