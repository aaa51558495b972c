/** `credentials-updater status --devices`: the devices that a gateway lets in, and when each was last used. */
import { readSettings } from '../config/settings.ts';
import { readSurroundings } from '../config/surroundings.ts';
import { printable } from '../core/model.ts';
import { compareNames } from '../lib/by-name.ts';
import { systemClock } from '../lib/clock.ts';
import { exitCodes } from '../lib/failure.ts';
import { localTime } from '../lib/local-time.ts';
import { statusMessages as messages } from '../lib/messages/status.ts';
import { Redactor } from '../lib/redact.ts';
import { columnsOf, table, wrapLine } from '../lib/terminal-text.ts';
import { type AllDevices, allDevices, type Device } from '../registry/devices.ts';
import { documentText, isDocument } from './document.ts';
import { type Environment, nameCluster, openLog, outputFormat } from './environment.ts';
import { type CommonFlags, sourcesOf } from './flags.ts';
import { withMemberSync } from './member-sync-by-name.ts';
import { agoText, type StatusLook } from './render-status.ts';
import { styleFor } from './style.ts';
import { openTarget } from './wiring.ts';

export interface StatusDevicesFlags extends CommonFlags {
  /** Part of a ServiceAccount's name, or of a device's name or id. */
  readonly match: string | undefined;
}

/** @returns the exit code */
export async function statusDevicesCommand(environment: Environment, given: StatusDevicesFlags): Promise<number> {
  const flags = await withMemberSync(environment, given);
  const settings = readSettings(environment.env, { ...sourcesOf(flags), defaults: { LOG_LEVEL: 'warn' } });
  const { stdout, signal } = environment;
  const format = outputFormat(environment, flags.output);
  const redactor = new Redactor();
  const log = openLog(environment, settings, 'text', redactor);
  const { client, namespace } = await openTarget(environment, settings, { log, redactor, cluster: flags });
  nameCluster(environment, client.access);
  try {
    const all = await allDevices(client, namespace, signal);
    const now = client.serverTime ?? systemClock.now();
    const devices = all.devices
      .filter((device) => !device.terminating && isMatch(device, flags.match))
      .toSorted((a, b) => compareNames(a.account.name, b.account.name) || compareNames(a.name, b.name));
    const shown: Shown = { ...all, devices, namespace, now };
    if (isDocument(format)) stdout.write(redactor.redact(documentText(format, devicesData(shown))));
    else if (format === 'name') stdout.write(devices.map(({ name }) => `secret/${name}\n`).join(''));
    else {
      const { language } = readSurroundings(environment.env);
      const look = { style: styleFor(stdout), columns: columnsOf(stdout), wide: format === 'wide', language };
      stdout.write(redactor.redact(renderDevices(shown, look)));
    }
    return exitCodes.done;
  } finally {
    client.close();
  }
}

interface Shown extends AllDevices {
  readonly namespace: string;
  /** The API server's time, in milliseconds since the epoch. */
  readonly now: number;
}

function isMatch({ account, label, name }: Device, match: string | undefined): boolean {
  const text = match?.toLowerCase();
  return text === undefined || [account.name, label, name].some((each) => each.toLowerCase().includes(text));
}

/** For machines: times in ISO 8601. */
function devicesData({ devices, unreadable, namespace, now }: Shown) {
  const isoTime = (ms: number) => new Date(ms).toISOString();
  return {
    namespace,
    time: isoTime(now),
    devices: devices.map(({ account, label, name, createdAt, renewedAt }) => ({
      account: account.name,
      accountUid: account.uid,
      device: label,
      id: name,
      createdAt: isoTime(createdAt),
      lastUsedAt: isoTime(renewedAt),
    })),
    unreadable,
  };
}

function renderDevices(
  { devices, unreadable, namespace, now }: Shown,
  { style, columns, wide, language }: StatusLook,
): string {
  const [heading = '', ...rows] = table(
    ['ACCOUNT', 'DEVICE', 'CREATED', 'LAST USED', ...(wide ? ['ID'] : [])],
    devices.map(({ account, label, name, createdAt, renewedAt }) => [
      printable(account.name),
      printable(label),
      localTime(createdAt),
      agoText(now - renewedAt)[language],
      ...(wide ? [name] : []),
    ]),
    columns,
  );
  const accounts = new Set(devices.map(({ account }) => account.uid)).size;
  const lines = [
    messages.devices({ devices: devices.length, accounts, namespace })[language],
    ...(unreadable.length === 0
      ? []
      : [messages.unreadableDevices({ names: unreadable.map(printable).join(', ') })[language]]),
  ].map((line) => wrapLine(line, columns, 2));
  return `${[...(rows.length === 0 ? [] : [style('bold', heading), ...rows, '']), ...lines].join('\n')}\n`;
}
