/**
 * The devices of this computer: for each cluster that a gateway serves, one file that only its owner may read. It holds
 * the private key, which never leaves this computer.
 */
import { readdir, rm } from 'node:fs/promises';
import path from 'node:path';
import * as z from 'zod/mini';
import { type DevicePrivateKey, privateKeySchema } from '../../devices/device-key.ts';
import { Failure } from '../../lib/failure.ts';
import { gatewayMessages as messages } from '../../lib/messages/member-gateway.ts';
import { removeLeftovers, writePrivateFile } from '../../lib/private-file.ts';
import type { MemberEnvironment } from '../environment.ts';
import { checkClusterName, knownNames, readLoginFile } from '../logins.ts';
import { ownCommand } from '../own-command.ts';
import type { Places } from '../places.ts';

/** This computer, as a gateway knows it. */
export interface OwnDevice {
  /** What the cluster is called on this computer. */
  readonly name: string;
  readonly gateway: URL;
  readonly account: string;
  /** As the gateway calls it. */
  readonly device: string;
  readonly key: DevicePrivateKey;
  /** What the gateway gave last; an old one costs one more request. */
  readonly nonce: string;
}

const fileSchema = z.object({
  version: z.literal(1),
  gateway: z.url(),
  account: z.string(),
  device: z.string(),
  key: privateKeySchema,
  nonce: z.string(),
});

/** undefined where this computer is no device for that cluster. @throws Failure (usage) */
export async function readOwnDevice(
  environment: MemberEnvironment,
  places: Places,
  name: string,
): Promise<OwnDevice | undefined> {
  const file = fileOf(places, name);
  const text = await readLoginFile(file);
  if (text === undefined) return undefined;
  const content = fileSchema.safeParse(parseJson(text));
  if (!content.success) {
    const command = `${ownCommand(environment, 'login')} https://…`;
    throw new Failure('usage', messages.notADevice({ file }), { hint: messages.deleteAndLogIn({ command }) });
  }
  const { gateway, account, device, key, nonce } = content.data;
  return { name, gateway: new URL(gateway), account, device, key, nonce };
}

/** @throws Failure (usage) that names the file */
export async function writeOwnDevice(
  places: Places,
  { name, gateway, account, device, key, nonce }: OwnDevice,
): Promise<void> {
  const content: z.infer<typeof fileSchema> = { version: 1, gateway: gateway.href, account, device, key, nonce };
  await writePrivateFile(fileOf(places, name), `${JSON.stringify(content, undefined, 2)}\n`);
}

export async function forgetOwnDevice(places: Places, name: string): Promise<void> {
  await rm(fileOf(places, name), { force: true });
  await removeLeftovers(fileOf(places, name));
}

/** Of every cluster that a gateway serves to this computer, sorted. */
export async function ownDeviceNames({ devices }: Places): Promise<string[]> {
  const files = await readdir(devices).catch(() => []);
  return files
    .filter((file) => file.endsWith('.json'))
    .map((file) => path.basename(file, '.json'))
    .sort();
}

/** This computer as a device, where it is one for that cluster; without a name, where it is nothing else. */
export async function chosenDevice(
  environment: MemberEnvironment,
  places: Places,
  name: string | undefined,
): Promise<OwnDevice | undefined> {
  if (name !== undefined) return readOwnDevice(environment, places, checkClusterName(name, '--name'));
  const [[only, ...others], logins] = [await ownDeviceNames(places), await knownNames(places.logins)];
  const isOnly = only !== undefined && others.length === 0 && logins.length === 0;
  return isOnly ? readOwnDevice(environment, places, only) : undefined;
}

function fileOf({ devices }: Places, name: string): string {
  return path.join(devices, `${name}.json`);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
