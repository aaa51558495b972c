/** Who an operator means by a word: a login id, a UUID or a ServiceAccount name. */
import { isUuid, type Member, memberLabel, type OwnedAccount, printable } from '../plan/model.ts';
import { Failure } from '../shared/errors.ts';
import type { CommandLine } from '../shared/shell-command.ts';

/** What the directory said, or why it could not be asked. */
export type DirectoryAnswer = { readonly members: readonly Member[] } | { readonly unavailable: string };

export interface FoundMember {
  readonly uuid: string;
  /** For messages. */
  readonly label: string;
  /** Whether the directory lists the member; undefined when it could not be asked. */
  readonly inDirectory: boolean | undefined;
  readonly accounts: readonly OwnedAccount[];
}

/**
 * @param knownOtherwise UUIDs that are known though neither the directory nor an account names them
 * @throws Failure (usage) when nobody is meant, or two are
 */
export function findMember(
  wanted: string,
  {
    accounts,
    directory,
    knownOtherwise = new Set(),
    commandLine,
  }: {
    accounts: readonly OwnedAccount[];
    directory: DirectoryAnswer;
    knownOtherwise?: ReadonlySet<string>;
    commandLine: CommandLine;
  },
): FoundMember {
  const members = 'members' in directory ? directory.members : [];
  const candidates = new Set<string>();
  if (isUuid(wanted)) {
    candidates.add(wanted.toLowerCase());
  } else {
    for (const member of members) if (member.loginId === wanted) candidates.add(member.uuid);
    for (const account of accounts) if (account.name === wanted) candidates.add(account.uuid);
  }
  const [uuid, second] = candidates;
  const isKnown =
    uuid !== undefined &&
    (accounts.some((account) => account.uuid === uuid) ||
      members.some((member) => member.uuid === uuid) ||
      knownOtherwise.has(uuid));
  if (uuid === undefined || (!isKnown && 'members' in directory)) {
    const where =
      'members' in directory
        ? 'neither the directory nor the cluster knows them'
        : `the cluster has no such account, and the directory could not be asked: ${directory.unavailable}`;
    throw new Failure('usage', `${printable(wanted)} is unknown: ${where}; nothing was changed`, {
      hint: `give the login id, the ServiceAccount name or the UUID; \`${commandLine('status')}\` lists them`,
    });
  }
  if (second !== undefined) {
    throw new Failure(
      'usage',
      `${printable(wanted)} is the login id of one member (${uuid}) and the ServiceAccount name of another (${second}); nothing was changed`,
      { hint: 'give the UUID of the one that is meant' },
    );
  }
  const member = members.find((candidate) => candidate.uuid === uuid);
  return {
    uuid,
    label: member === undefined ? printable(wanted) : memberLabel(member),
    inDirectory: 'members' in directory ? member !== undefined : undefined,
    accounts: accounts.filter((account) => account.uuid === uuid),
  };
}
