/**
 * What a MemberSync can say and this program does not do yet: refused by name, so that nobody believes in what is passed
 * over. Whoever builds one of these takes its line out.
 */
import type { Failure } from '../lib/failure.ts';
import { defaultName, type MemberSync } from './member-sync.ts';

/** Of the directories and of the deliveries. */
const builtKinds = ['poolc'];

type Refuse = (path: readonly string[], why: string, hint?: string) => Failure;

/** @throws what `refuse` makes */
export function refuseWhatIsNotBuilt(memberSync: MemberSync, refuse: Refuse): void {
  const { metadata, directory, delivery, login, workspace, cluster, removalPolicy } = memberSync;
  const hint = `what there is: ${builtKinds.join(', ')}`;
  if (!builtKinds.includes(directory.kind))
    throw refuse(['spec', 'directory', directory.kind], 'is not built yet', hint);
  if (!builtKinds.includes(delivery.kind)) throw refuse(['spec', 'delivery', delivery.kind], 'is not built yet', hint);
  if (JSON.stringify(directory) !== JSON.stringify(delivery))
    throw refuse(
      ['spec', 'delivery', 'poolc'],
      'must be the same as spec.directory.poolc: two of them are not built yet',
    );
  const others: readonly [present: boolean, ...path: string[]][] = [
    [metadata.name !== defaultName, 'metadata', 'name'],
    [Object.keys(login).length > 0, 'spec', 'login'],
    [workspace !== undefined, 'spec', 'workspace'],
    [cluster.certificateAuthority !== undefined, 'spec', 'cluster', 'certificateAuthority'],
    [removalPolicy !== 'Remove', 'spec', 'removalPolicy'],
  ];
  for (const [present, ...path] of others)
    if (present)
      throw refuse(
        path,
        path[0] === 'metadata' ? `must be ${defaultName}: another one is not built yet` : 'is not built yet',
      );
}
