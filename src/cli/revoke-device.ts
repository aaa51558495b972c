/** `credentials-updater revoke --device NAME_OR_ID`: ends one device of a member's at a gateway, and touches no other. */
import { readSettings } from '../config/settings.ts';
import { exitCodes, Failure } from '../lib/failure.ts';
import { Redactor } from '../lib/redact.ts';
import { columnsOf, wrapMessage } from '../lib/terminal-text.ts';
import { deviceLabel, findDevice } from '../operator/find-device.ts';
import { allDevices, deleteDevice } from '../registry/devices.ts';
import { commandLineOf } from './command-line.ts';
import { canAsk, confirmOnTerminal } from './confirm.ts';
import { type Environment, nameCluster, openLog } from './environment.ts';
import { type CommonFlags, sourcesOf } from './flags.ts';
import { withMemberSync } from './member-sync-by-name.ts';
import { openTarget } from './wiring.ts';

export interface RevokeDeviceFlags extends CommonFlags {
  /** A device's name, or its id. */
  readonly device: string;
  /** The ServiceAccount whose device it is; anybody's unless given. */
  readonly member: string | undefined;
  readonly yes: boolean;
}

/**
 * Needs neither the directory nor the run lock: no run ever makes a device.
 * @returns the exit code
 */
export async function revokeDeviceCommand(environment: Environment, given: RevokeDeviceFlags): Promise<number> {
  const flags = await withMemberSync(environment, given);
  const settings = readSettings(environment.env, sourcesOf(flags));
  const redactor = new Redactor();
  const log = openLog(environment, settings, 'text', redactor);
  const { client, namespace } = await openTarget(environment, settings, { log, redactor, cluster: flags });
  nameCluster(environment, client.access);
  const { stdout, signal } = environment;
  const say = (text: string) => stdout.write(`${wrapMessage(redactor.redact(text), columnsOf(stdout), 2)}\n`);
  try {
    const { devices } = await allDevices(client, namespace, signal);
    const commandLine = commandLineOf(environment, flags, client.access);
    const device = findDevice(flags.device, devices, { account: flags.member, commandLine });
    const what = deviceLabel(device);
    if (!flags.yes) {
      if (!canAsk(environment))
        throw new Failure('usage', `revoke would end ${what}; nothing was changed`, {
          hint: 'there is no terminal to ask on: confirm with --yes',
        });
      await confirmOnTerminal(environment, `End ${what}?`);
    }
    await deleteDevice(client, namespace, device, signal);
    const others = devices.filter(
      ({ account, name, terminating }) => account.uid === device.account.uid && name !== device.name && !terminating,
    ).length;
    say(`ended ${what}: each token of it is rejected within 10 s`);
    say(
      `${others === 0 ? 'It was the only device of that member' : `${others} other ${others === 1 ? 'device' : 'devices'} of that member ${others === 1 ? 'goes' : 'go'} on`}. The member can connect a device again by logging in. To take all of their access away:\n${commandLine('revoke', [device.account.name])}`,
    );
    return exitCodes.done;
  } finally {
    client.close();
  }
}
