/** Which device of a member's an operator means by a word: its name as its owner gave it, or the name of its Secret. */
import { printable } from '../core/model.ts';
import { compareNames } from '../lib/by-name.ts';
import { Failure } from '../lib/failure.ts';
import { localTime } from '../lib/local-time.ts';
import type { CommandLine } from '../lib/shell-command.ts';
import type { Device } from '../registry/devices.ts';

/** A screenful. */
const mostListed = 10;

/**
 * A Secret's name comes first: a member may call a device of theirs like another's Secret.
 * @param account whose devices are meant; everybody's unless given
 * @throws Failure (usage) when no device is meant, or several are
 */
export function findDevice(
  wanted: string,
  devices: readonly Device[],
  { account, commandLine }: { readonly account: string | undefined; readonly commandLine: CommandLine },
): Device {
  const candidates = devices.filter(
    (device) => !device.terminating && (account === undefined || device.account.name === account),
  );
  const byId = candidates.find(({ name }) => name === wanted);
  if (byId !== undefined) return byId;
  const [found, ...others] = candidates.filter(({ label }) => label === wanted || printable(label) === wanted);
  const whose = account === undefined ? '' : ` of ${printable(account)}`;
  if (found === undefined)
    throw new Failure(
      'usage',
      `there is no device${whose} with the name or id ${printable(wanted)}; nothing was changed`,
      { hint: `this lists them: ${commandLine('status', ['--devices', '--output', 'wide'])}` },
    );
  if (others.length === 0) return found;
  const fitting = [found, ...others].toSorted((a, b) => compareNames(a.account.name, b.account.name));
  const each = fitting
    .slice(0, mostListed)
    .map(
      ({ name, account: { name: owner }, renewedAt }) => `${name} (${printable(owner)}, used ${localTime(renewedAt)})`,
    );
  const more = fitting.length > each.length ? `; and ${fitting.length - each.length} more` : '';
  throw new Failure(
    'usage',
    `${printable(wanted)} is the name of ${fitting.length} devices${whose}: ${each.join('; ')}${more}; nothing was changed`,
    { hint: 'give the id of the one that you mean' },
  );
}

/** For messages: its name is its owner's choice, and may be anything. */
export function deviceLabel({ label, name, account }: Pick<Device, 'label' | 'name' | 'account'>): string {
  return `the device "${printable(label)}" (${name}) of ${printable(account.name)}`;
}
