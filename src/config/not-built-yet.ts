/**
 * What a MemberSync can say and this program does not do yet: refused by name, so that nobody believes in what is passed
 * over. Anyone who builds one of these takes its line out.
 */
import type { Failure } from '../lib/failure.ts';
import type { MemberSync } from './member-sync.ts';

const builtDirectories = ['poolc', 'file', 'http', 'ldap'];

type Refuse = (path: readonly string[], why: string, hint?: string) => Failure;

/** @throws what `refuse` makes */
export function refuseWhatIsNotBuilt(memberSync: MemberSync, refuse: Refuse): void {
  const { directory, delivery } = memberSync;
  if (!builtDirectories.includes(directory.kind))
    throw refuse(
      ['spec', 'directory', directory.kind],
      'is not built yet',
      `what there is: ${builtDirectories.join(', ')}`,
    );
  if (delivery.kind === 'poolc' && JSON.stringify(directory) !== JSON.stringify(delivery))
    throw refuse(
      ['spec', 'delivery', 'poolc'],
      'must be the same as spec.directory.poolc: the PoolC API knows its own members only',
    );
}
