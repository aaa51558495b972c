/**
 * A club whose list is a file and whose tokens are in Secrets. Its syncs have the rights that `rbac` prints and pass a proxy
 * that can make things go wrong; each is searched for tokens that leaked (P5). All the while its members use the tokens that
 * they find in their Secrets.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, onTestFinished } from 'vitest';
import { z } from 'zod';
import type { SeenRequest } from '../../dev/fault-proxy/index.ts';
import { accountsOf } from '../accounts.ts';
import { createNamespace } from '../cluster.ts';
import { type CommandResult, expectExit } from '../command.ts';
import { type Lab, type LabCommand, useLab } from '../lab.ts';
import { useRunner } from '../lab-runner.ts';
import { type LabWire, openLabWire } from '../lab-wire.ts';
import { findLeaks } from '../leaks.ts';
import { traces } from '../traces.ts';
import { tokenVerdicts } from './prober.ts';

const promisedMs = 30_000;

export interface FoundSecret {
  readonly token: string;
  /** UID of the account, by its annotation. */
  readonly uid: string;
}

export interface SecretsClub {
  readonly lab: Lab;
  readonly wire: LabWire;
  readonly credentialsNamespace: string;
  /** Logins on the list. */
  readonly members: ReadonlySet<string>;
  /** Leavers who still have an account. */
  readonly pending: ReadonlySet<string>;
  join(...logins: readonly string[]): Promise<void>;
  leave(...logins: readonly string[]): Promise<void>;
  /** Runs `sync`, over the club's wire unless another is given. */
  sync(
    options?: Omit<LabCommand, 'args'> & { readonly args?: readonly string[]; readonly wire?: LabWire },
  ): Promise<CommandResult>;
  /** Another way to the API server, to see which of two runs asks. */
  openWire(): Promise<LabWire>;
  /** By account: what this MemberSync delivered. */
  secrets(): Promise<ReadonlyMap<string, FoundSecret>>;
  /** Everyone on the list has an account and a Secret whose token works, and nobody else has any of them. */
  expectInStep(): Promise<void>;
  /** Ends the probing. @throws when a member was locked out, or a leaver was let in for longer than promised */
  settle(): Promise<{ readonly probes: number; readonly departed: number }>;
}

const secretsSchema = z.object({
  items: z.array(
    z.object({
      metadata: z.object({ annotations: z.record(z.string(), z.string()).default({}) }),
      data: z.record(z.string(), z.string()).default({}),
    }),
  ),
});

/** Call it in a test. The first sync is done. @param delivery more fields of the delivery */
export async function useSecretsClub(logins: readonly string[], delivery: object = {}): Promise<SecretsClub> {
  const namespaceOf = (systemNamespace: string) => systemNamespace.replace('poolc-system', 'lab-credentials');
  const lab = await useLab((_, { systemNamespace }) => ({
    secrets: { namespace: namespaceOf(systemNamespace), ...delivery },
  }));
  const { cluster } = lab;
  const credentialsNamespace = namespaceOf(cluster.systemNamespace);
  await createNamespace(cluster, credentialsNamespace);
  const runner = await useRunner(lab);
  const openWire = () => openLabWire(cluster, runner.token);
  const wire = await openWire();
  const ask = tokenVerdicts({ cluster });
  const members = new Set<string>();
  const known = new Set([runner.token]);
  /** Accounts whose holder left: nothing is expected of their tokens, whatever Secret they are still in. */
  const left = new Set<string>();
  const pending = new Map<string, { readonly uid: string; readonly token: string | undefined }>();
  const verdicts: Promise<string | undefined>[] = [];

  const secrets = async () => {
    const { body } = await cluster.request('GET', `/api/v1/namespaces/${credentialsNamespace}/secrets`);
    const found = new Map<string, FoundSecret>();
    for (const { metadata, data } of secretsSchema.parse(body).items) {
      const account = metadata.annotations['credentials-updater.poolc.org/account'];
      if (account === undefined) continue;
      const token = Buffer.from(data['token'] ?? '', 'base64').toString();
      known.add(token);
      found.set(account, { token, uid: metadata.annotations['credentials-updater.poolc.org/account-uid'] ?? '' });
    }
    return found;
  };
  const write = () =>
    lab.writeMembers(['id,login', ...[...members].map((login) => `id-${login},${login}`), ''].join('\n'));

  const rejectedInTime = async (login: string, token: string): Promise<string | undefined> => {
    for (const since = performance.now(); performance.now() - since < promisedMs; await sleep(500))
      if ((await ask(token)) === '401') return undefined;
    return `${login} was still let in ${promisedMs / 1_000} s after the removal`;
  };
  const look = async () => {
    if (pending.size === 0) return;
    const there = new Set([...(await accountsOf(cluster)).values()].map(({ uid }) => uid));
    for (const [login, { token }] of [...pending].filter(([, { uid }]) => !there.has(uid))) {
      pending.delete(login);
      if (token !== undefined) verdicts.push(rejectedInTime(login, token));
    }
  };

  const rejections: string[] = [];
  let probes = 0;
  const over = new AbortController();
  const probeForever = async () => {
    while (!over.signal.aborted) {
      for (const [account, { token, uid }] of await secrets()) {
        if (left.has(uid)) continue;
        const verdict = await ask(token);
        // Who left meanwhile doesn't count.
        if (verdict === undefined || left.has(uid)) continue;
        probes += 1;
        if (verdict !== `system:serviceaccount:${cluster.usersNamespace}:${account}`)
          rejections.push(`${account}: ${verdict}`);
        await sleep(30);
      }
      await sleep(30);
    }
  };

  const sync: SecretsClub['sync'] = async ({ args = ['sync'], wire: way = wire, ...options } = {}) => {
    const asked = way.proxy.requests.length;
    const result = await lab.commandWith(way.kubeconfig, {
      ...options,
      args,
      env: { LOG_LEVEL: 'debug', ...options.env },
      secrets: () => known,
      traces: async () => {
        // What this run has delivered must not be anywhere else.
        await secrets();
        return traces(cluster);
      },
    });
    expectNoLeaks(way.proxy.requests.slice(asked), known);
    await look();
    return result;
  };

  for (const login of logins) members.add(login);
  await write();
  expectExit(await sync({ args: ['sync', '--first-run'] }), 0);
  // What is still under way when a test fails has nobody to tell.
  const probing = probeForever().catch((error: unknown) => {
    if (!over.signal.aborted) throw error;
  });
  onTestFinished(() => over.abort());
  return {
    lab,
    wire,
    credentialsNamespace,
    members,
    get pending() {
      return new Set(pending.keys());
    },
    join: async (...joiners) => {
      for (const login of joiners) {
        const uid = pending.get(login)?.uid;
        // Back before any run noticed.
        if (uid !== undefined) left.delete(uid);
        pending.delete(login);
        members.add(login);
      }
      await write();
    },
    leave: async (...leavers) => {
      const [accounts, found] = [await accountsOf(cluster), await secrets()];
      for (const login of leavers) {
        members.delete(login);
        const uid = accounts.get(login)?.uid;
        // One who was never given an account has nothing to lose.
        if (uid === undefined) continue;
        left.add(uid);
        pending.set(login, { uid, token: found.get(login)?.token });
      }
      await write();
    },
    sync,
    openWire,
    secrets,
    expectInStep: async () => {
      const [accounts, found] = [await accountsOf(cluster), await secrets()];
      const wanted = [...members].toSorted();
      expect([...accounts.keys()].toSorted()).toEqual(wanted);
      expect([...found.keys()].toSorted()).toEqual(wanted);
      for (const [account, { token, uid }] of found) {
        expect([account, uid]).toEqual([account, accounts.get(account)?.uid]);
        expect(await ask(token)).toBe(`system:serviceaccount:${cluster.usersNamespace}:${account}`);
      }
    },
    settle: async () => {
      over.abort();
      await probing;
      expect((await Promise.all(verdicts)).filter((verdict) => verdict !== undefined)).toEqual([]);
      expect(rejections).toEqual([]);
      return { probes, departed: verdicts.length };
    },
  };
}

/** Tokens go into Secrets, and into the request that asks who their bearer is; nowhere else. */
function expectNoLeaks(requests: readonly SeenRequest[], secrets: ReadonlySet<string>): void {
  const sent = requests
    .filter(({ path }) => !/\/secrets(\/|$)/.test(path))
    .map(({ path, body }) => `${path}\n${body.toString('latin1')}`)
    .join('\n');
  expect(findLeaks(sent, secrets)).toEqual([]);
}
