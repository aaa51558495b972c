/** Devices of leavers at a gateway. They end with the account; here is what is left of that to do, or went wrong. */
import { type Account, isOwned, type Member, printable } from '../../core/model.ts';
import { Failure } from '../../lib/failure.ts';
import type { Device } from '../../registry/devices.ts';
import type { AuditContext } from '../context.ts';
import { type Finding, unknown, warning } from '../finding.ts';
import { enListed } from '../words.ts';

/** @param members undefined where the directory can't be asked or believed: then nobody has left */
export async function deviceFindings(
  { gathered, commands, namespaces: { targetNamespace } }: AuditContext,
  accounts: readonly Account[],
  members: readonly Member[] | undefined,
): Promise<Finding[]> {
  const all = await gathered.devices().catch((error: unknown) => {
    if (error instanceof Failure && error.status === 403) return undefined;
    throw error;
  });
  if (all === undefined) return [unknown('which devices leavers have at a gateway: no permission to list Secrets')];
  const present = new Map(accounts.filter(({ terminating }) => !terminating).map((account) => [account.uid, account]));
  const ids = members === undefined ? undefined : new Set(members.map(({ id }) => id));
  const devicesThere = all.devices.filter(({ terminating }) => !terminating);
  const byAccount = Map.groupBy(devicesThere, ({ account }) => account.uid);
  return [...byAccount].flatMap(([uid, devices]): Finding[] => {
    const account = present.get(uid);
    const what = devicesText(devices);
    if (account === undefined) {
      // No gateway lets it in. Kubernetes' garbage collection takes it away, in minutes at most.
      const each = devices.map(({ name }) => commands.kubectl`-n ${targetNamespace} delete secret/${name}`);
      return [
        warning(
          `${what} of ${printable(devices[0]?.account.name ?? uid)}: that account is gone, and no gateway lets them in. If they are still here in some minutes, Kubernetes' garbage collection does not run`,
          ...each,
        ),
      ];
    }
    if (ids === undefined || !isOwned(account) || ids.has(account.memberId)) return [];
    return [
      warning(
        `${printable(account.name)} (${account.memberId}) is no longer in the directory, and has ${what}: they get tokens until the account goes, and end with it`,
        { label: 'now, not with the next sync', command: commands.credentialsUpdater('revoke', [account.name]) },
      ),
    ];
  });
}

function devicesText(devices: readonly Device[]): string {
  const names = devices.map(({ label, name }) => `"${printable(label)}" (${name})`);
  return `${devices.length === 1 ? 'the device' : `${devices.length} devices,`} ${enListed(names)}`;
}
