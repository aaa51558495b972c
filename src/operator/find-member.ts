/** Who an operator means by a word: a login, a member id or a ServiceAccount name. */
import { isUuid, type MemberId, parseMemberId } from '../core/member-id.ts';
import { memberLabel, type OwnedAccount, printable } from '../core/model.ts';
import { Failure } from '../lib/failure.ts';
import type { CommandLine } from '../lib/shell-command.ts';
import type { DirectoryAnswer } from './ask-directory.ts';

export interface FoundMember {
  readonly memberId: MemberId;
  /** For messages. */
  readonly label: string;
  /** Whether the directory lists the member; undefined when it could not be asked. */
  readonly inDirectory: boolean | undefined;
  readonly accounts: readonly OwnedAccount[];
}

/**
 * @param knownOtherwise ids that are known though neither the directory nor an account names them
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
    knownOtherwise?: ReadonlySet<MemberId>;
    commandLine: CommandLine;
  },
): FoundMember {
  const members = 'members' in directory ? directory.members : [];
  const isKnown = (id: MemberId) =>
    accounts.some(({ memberId }) => memberId === id) ||
    members.some((member) => member.id === id) ||
    knownOtherwise.has(id);
  const candidates = new Set<MemberId>();
  const asId = parseMemberId(wanted);
  if (asId !== undefined && isUuid(asId)) {
    candidates.add(asId);
  } else {
    if (asId !== undefined && isKnown(asId)) candidates.add(asId);
    for (const member of members) if (member.login === wanted) candidates.add(member.id);
    for (const account of accounts) if (account.name === wanted) candidates.add(account.memberId);
  }
  const [memberId, second] = candidates;
  if (memberId === undefined || (!isKnown(memberId) && 'members' in directory)) {
    const where =
      'members' in directory
        ? 'neither the directory nor the cluster knows them'
        : `the cluster has no such account, and the directory could not be asked: ${directory.unavailable}`;
    throw new Failure('usage', `${printable(wanted)} is unknown: ${where}; nothing was changed`, {
      hint: `give the login id, the ServiceAccount name or the member's id; \`${commandLine('status')}\` lists them`,
    });
  }
  if (second !== undefined) {
    throw new Failure(
      'usage',
      `${printable(wanted)} is the login id of one member (${memberId}) and the ServiceAccount name of another (${second}); nothing was changed`,
      { hint: 'give the id of the one that is meant' },
    );
  }
  const member = members.find((candidate) => candidate.id === memberId);
  return {
    memberId,
    label: member === undefined ? printable(wanted) : memberLabel(member),
    inDirectory: 'members' in directory ? member !== undefined : undefined,
    accounts: accounts.filter((account) => account.memberId === memberId),
  };
}
