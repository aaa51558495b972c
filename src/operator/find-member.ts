/** Who an operator means by a word: a login, a member id or a ServiceAccount name. */
import { isUuid, type MemberId, parseMemberId } from '../core/member-id.ts';
import { type Member, memberLabel, type OwnedAccount, printable } from '../core/model.ts';
import { Failure } from '../lib/failure.ts';
import { en } from '../lib/message.ts';
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

/** Why a word fits a member. */
function waysToMean(
  id: MemberId,
  wanted: string,
  { members, accounts }: { members: readonly Member[]; accounts: readonly OwnedAccount[] },
): string[] {
  const isLogin = members.some((member) => member.id === id && member.login === wanted);
  const isName = accounts.some(({ memberId, name }) => memberId === id && name === wanted);
  return [
    ...(isLogin ? ['login id'] : []),
    ...(isName ? ['ServiceAccount name'] : []),
    ...(id === wanted ? ['id'] : []),
  ];
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
  // Anyone's id is taken, known or not; it may be the login id or the name of another at the same time.
  if (asId !== undefined && (isUuid(asId) || isKnown(asId))) candidates.add(asId);
  for (const member of members) if (member.login === wanted) candidates.add(member.id);
  for (const account of accounts) if (account.name === wanted) candidates.add(account.memberId);
  const [memberId] = candidates;
  if (memberId === undefined || (!isKnown(memberId) && 'members' in directory)) {
    const where =
      'members' in directory
        ? 'neither the directory nor the cluster knows them'
        : `the cluster has no such account, and the directory could not be asked: ${en(directory.unavailable)}`;
    throw new Failure('usage', `${printable(wanted)} is unknown: ${where}; nothing was changed`, {
      hint: `give the login id, the ServiceAccount name or the member's id; \`${commandLine('status')}\` lists them`,
    });
  }
  if (candidates.size > 1) {
    const each = [...candidates].map((id) => `${id} (${waysToMean(id, wanted, { members, accounts }).join(', ')})`);
    throw new Failure(
      'usage',
      `${printable(wanted)} fits ${candidates.size} members: ${each.join('; ')}; nothing was changed`,
      { hint: 'give the id of the one that you mean, or the name of their ServiceAccount' },
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
