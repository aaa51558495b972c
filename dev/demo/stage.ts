/** What the story is played on: a real control plane, a club with its directory, and the updater's account. */
import type { ControlPlane } from '../control-plane/index.ts';
import type { Narrator } from './narrator.ts';
import type { Visitor } from './visitor.ts';

/** As in production. */
export const systemNamespace = 'poolc-system';
export const usersNamespace = 'poolc-users';
export const memberRights = new URL('../../deploy/policies/base/member.yaml', import.meta.url).pathname;

export const directoryKinds = ['poolc', 'file', 'ldap', 'github'] as const;
export type DirectoryKind = (typeof directoryKinds)[number];

/** Those of the club who have a part in the story. */
export interface Roles {
  readonly leaver: string;
  readonly otherLeaver: string;
  readonly stayer: string;
  readonly joiner: string;
}

export interface Stage extends AsyncDisposable {
  readonly cluster: ControlPlane;
  /** What the updater is configured by. */
  readonly settings: Readonly<Record<string, string>>;
  /** What follows `credentials-updater sync`, in the cluster's directory. */
  readonly flags: { readonly first: readonly string[]; readonly later: readonly string[] };
  readonly roles: Roles;
  readonly memberCount: number;
  /** Login ids of the members. */
  readonly logins: readonly (string | null)[];
  /** Where the list of members is. */
  readonly introduction: string;
  /** What was delivered: the last token of each member, by whatever the club knows them by. */
  tokens(): Promise<ReadonlyMap<string, string>>;
  /** The member gets hold of their token, as this club's members do. */
  visit(login: string): Promise<Visitor>;
  /** @returns by what `tokens` knows them */
  leave(login: string): Promise<string>;
  join(login: string): Promise<void>;
  /** What to look at while everything stays up. */
  lookAround(narrator: Narrator): void;
}
