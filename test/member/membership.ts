/** A club with a cluster that it describes, and a member of it who sits at a computer. */
import { expect } from 'vitest';
import type { AnsweredRequest, MemberWithPassword, PoolcApiOptions } from '../../dev/poolc-api/index.ts';
import { type Club, useClub } from '../club.ts';
import { type Computer, type ComputerOptions, type RunResult, useComputer } from './computer.ts';

export interface Membership {
  readonly club: Club;
  readonly computer: Computer;
  readonly member: MemberWithPassword;
  /** The address that the site's page shows. */
  readonly clusterInfo: string;
  readonly login: () => Promise<RunResult>;
  /** A run of the updater, which must succeed. */
  readonly sync: () => Promise<void>;
  /** Moves the site's clock and the computer's. */
  readonly pass: (milliseconds: number) => Promise<void>;
  /** The paths that the site was asked for since the last time somebody looked. */
  readonly asked: () => string[];
  /** The user that kubectl is to the cluster, and what it said otherwise. */
  readonly whoAmI: (...flags: string[]) => Promise<WhoAmI>;
  /** The user that the member is in this cluster. */
  readonly user: string;
}

export interface WhoAmI {
  /** undefined when kubectl did not get in. */
  readonly user: string | undefined;
  readonly stderr: string;
}

export const minute = 60_000;
export const hour = 60 * minute;
export const day = 24 * hour;

export interface MembershipOptions extends ComputerOptions {
  readonly clusterName?: string;
  readonly api?: PoolcApiOptions;
  /** Another club's member may sit at the same computer. */
  readonly computer?: Computer;
}

/** Call it in a test. The member is one of ten; nothing was synced yet. */
export async function useMembership({
  clusterName = 'pks',
  api,
  ...options
}: MembershipOptions = {}): Promise<Membership> {
  let ahead = 0;
  let paths: string[] = [];
  const club = await useClub({
    api: {
      now: () => Date.now() + ahead,
      onAnswer: ({ path }: AnsweredRequest) => paths.push(path),
      ...api,
    },
  });
  const { cluster } = club;
  club.api.describeCluster({
    name: clusterName,
    server: cluster.server,
    certificateAuthority: cluster.certificateAuthority,
  });
  club.api.seed(9);
  const member = await club.api.addMember({ loginId: 'kim' });
  const secrets = new Set([member.password, club.api.apiKey]);
  const computer = options.computer ?? (await useComputer(cluster, { ...options, secrets: () => secrets }));
  const clusterInfo = `${club.api.url}/kubernetes/cluster-info`;
  return {
    club,
    computer,
    member,
    clusterInfo,
    login: () => computer.updater(['login', '--cluster', clusterInfo], { input: `kim\n${member.password}\n` }),
    async sync() {
      expect(await club.run(['sync'])).toMatchObject({ exitCode: 0 });
      for (const token of club.api.storedTokens().values()) secrets.add(token);
    },
    async pass(milliseconds) {
      ahead += milliseconds;
      await computer.moveClock(milliseconds);
    },
    asked() {
      const asked = paths.filter((path) => path !== '/kubernetes/');
      paths = [];
      return asked;
    },
    async whoAmI(...flags) {
      const { exitCode, stdout, stderr } = await computer.kubectl(
        'auth',
        'whoami',
        '-o',
        'jsonpath={.status.userInfo.username}',
        ...flags,
      );
      return { user: exitCode === 0 ? stdout : undefined, stderr };
    },
    user: `system:serviceaccount:${cluster.usersNamespace}:kim`,
  };
}
