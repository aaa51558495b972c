/** `credentials-updater devices`: the member's devices at a gateway; `devices remove NAME` shuts one of them out. */

import * as z from 'zod/mini';
import { deviceListSchema, paths } from '../../devices/wire.ts';
import { Failure } from '../../lib/failure.ts';
import { localTime } from '../../lib/local-time.ts';
import { inLanguage } from '../../lib/message.ts';
import { gatewayMessages as messages } from '../../lib/messages/member-gateway.ts';
import { columnsOf, table, withoutInvisible } from '../../lib/terminal-text.ts';
import type { MemberEnvironment } from '../environment.ts';
import { checkClusterName, chooseCluster } from '../logins.ts';
import { ownCommand } from '../own-command.ts';
import { type Places, placesOf } from '../places.ts';
import { type OwnDevice, ownDeviceNames, readOwnDevice, writeOwnDevice } from './device-file.ts';
import { openGateway } from './gateway-client.ts';

const timeoutMs = 15_000;
const removalSchema = z.object({ nonce: z.string() });

/** @throws Failure (login, usage, site) */
export async function listDevices(environment: MemberEnvironment, name: string | undefined): Promise<void> {
  const places = placesOf(environment);
  const own = await chooseOwnDevice(environment, places, name);
  const devices = await readDevices(environment, places, own);
  const say = (text: ReturnType<typeof messages.thisOne>) => inLanguage(text, environment.language);
  const rows = devices.map((device) => [
    `${withoutInvisible(device.name)}${device.isThis ? ` (${say(messages.thisOne())})` : ''}`,
    localTime(Date.parse(device.createdAt)),
    localTime(Date.parse(device.renewedAt)),
    withoutInvisible(device.device),
  ]);
  const head = [say(messages.headDevice()), say(messages.headConnected()), say(messages.headUsed()), 'ID'];
  environment.stdout.write(`${table(head, rows, columnsOf(environment.stdout)).join('\n')}\n`);
}

/** @param which a device's name, or its id. @throws Failure (login, usage, site) */
export async function removeDevice(
  environment: MemberEnvironment,
  which: string,
  name: string | undefined,
): Promise<void> {
  const places = placesOf(environment);
  const own = await chooseOwnDevice(environment, places, name);
  const devices = await readDevices(environment, places, own);
  const [found, another] = devices.filter((device) => device.device === which || device.name === which);
  const shown = withoutInvisible(which);
  if (found === undefined) {
    const command = ownCommand(environment, 'devices');
    throw new Failure('usage', messages.noDevice({ name: shown }), { hint: messages.listDevices({ command }) });
  }
  if (another !== undefined)
    throw new Failure('usage', messages.severalDevices({ name: shown }), { hint: messages.giveId() });
  await removeAtGateway(environment, places, own.name, found.device);
  environment.stdout.write(
    `${inLanguage(messages.removed({ name: withoutInvisible(found.name) }), environment.language)}\n`,
  );
}

/** @param id as the gateway calls it. @throws Failure (login, site) */
export async function removeAtGateway(
  environment: MemberEnvironment,
  places: Places,
  cluster: string,
  id: string,
): Promise<void> {
  const own = await readOwnDevice(environment, places, cluster);
  if (own === undefined) return;
  const gateway = openGateway(environment, own.gateway, timeoutMs);
  const signer = { name: own.device, key: own.key, nonce: own.nonce };
  const { nonce } = await gateway.asDevice(signer, paths.removal, removalSchema, { device: id });
  await writeOwnDevice(places, { ...own, nonce });
}

async function readDevices(environment: MemberEnvironment, places: Places, own: OwnDevice) {
  const gateway = openGateway(environment, own.gateway, timeoutMs);
  const signer = { name: own.device, key: own.key, nonce: own.nonce };
  const { devices, nonce } = await gateway.asDevice(signer, paths.devices, deviceListSchema);
  await writeOwnDevice(places, { ...own, nonce });
  return devices;
}

async function chooseOwnDevice(
  environment: MemberEnvironment,
  places: Places,
  name: string | undefined,
): Promise<OwnDevice> {
  const names = await ownDeviceNames(places);
  const only = names.length === 1 ? names[0] : undefined;
  const chosen = name === undefined ? only : checkClusterName(name, '--name');
  const own = chosen === undefined ? undefined : await readOwnDevice(environment, places, chosen);
  if (own !== undefined) return own;
  const cluster = chosen ?? (await chooseCluster(environment, places.logins, name)).name;
  throw new Failure('usage', messages.needsGateway({ cluster }), {
    hint: messages.logInAtGateway({ command: `${ownCommand(environment, 'login')} https://…` }),
  });
}
