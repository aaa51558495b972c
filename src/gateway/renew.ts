/**
 * A device's next token.
 *
 * - The assertion names the device; the device's Secret holds the key that must have signed it. A device that isn't there
 *   and a signature that is wrong get the same answer.
 * - The assertion must carry the nonce that the Secret holds. Another nonce under a valid signature is a lost answer or a
 *   second process of the same device: it is told the right one, once more to try.
 * - The device must be in use: renewed within 30 days, and made within 180.
 * - The member's account must be there, with the UID that the device was made for.
 * - The nonce is replaced by compare-and-swap, which also records when. Of two assertions at once, one wins; the other is
 *   told to use the new nonce.
 * - Then the token is requested, bound to the device's Secret, and checked before it is given.
 */
import { randomBytes } from 'node:crypto';
import type { OwnedAccount } from '../core/model.ts';
import { claimedSigner, verifyAssertion } from '../devices/assertion.ts';
import { type DevicePublicKey, publicKeySchema } from '../devices/device-key.ts';
import { paths } from '../devices/wire.ts';
import { withRetry } from '../http/retry.ts';
import type { Credential } from '../issuers/issuer.ts';
import { Failure } from '../lib/failure.ts';
import type { Secret } from '../lib/secret.ts';
import { consumeNonce, type Device, readDevice } from '../registry/devices.ts';
import type { GatewayContext } from './context.ts';
import { requireAccount } from './member-account.ts';
import { Refused } from './refusal.ts';

const dayMs = 86_400_000;
export const longestUnusedMs = 30 * dayMs;
export const oldestMs = 180 * dayMs;
/** A device waits at most this long: kubectl waits for it. */
const mintPatience = { budgetMs: 5_000, firstWaitMs: 100, longestWaitMs: 1_000 };

export interface RenewedToken {
  readonly token: Secret;
  /** Milliseconds since the epoch. */
  readonly expiresAt: number;
  readonly nonce: string;
}

export const newNonce = (): string => randomBytes(18).toString('base64url');

/** @throws Refused, Failure (cluster) */
export async function renewToken(
  context: GatewayContext,
  assertion: string,
  signal: AbortSignal,
): Promise<RenewedToken> {
  const { client, namespace, clock, log, metrics } = context;
  const device = await provenDevice(context, assertion, paths.token, signal);
  const account = await requireAccount(context, device.account, signal);
  const renewed = await consumeNonce(client, namespace, device, { nonce: newNonce(), now: clock.now() }, signal);
  if (renewed === undefined) return lostRace(context, device, signal);
  const credential = await issueBound(context, account, device, signal);
  metrics.count('renewals', 'renewed');
  log.info('a device renewed its token', { account: account.name, device: device.name });
  return { token: credential.secret, expiresAt: credential.expiresAt * 1_000, nonce: renewed.nonce };
}

/** A token of this account that ends with this device. @throws Refused (unknown_device), Failure (cluster) */
export async function issueBound(
  { issuer, clock, random }: GatewayContext,
  account: Pick<OwnedAccount, 'name' | 'uid'>,
  device: Pick<Device, 'name' | 'uid'>,
  signal: AbortSignal,
): Promise<Credential> {
  const boundTo = { name: device.name, uid: device.uid };
  return withRetry(() => issuer.issue({ name: account.name, uid: account.uid, boundTo }, signal), {
    clock,
    random,
    signal,
    policy: mintPatience,
  }).catch((error: unknown) => {
    // The Secret went between two requests: the device was removed just now.
    if (error instanceof Failure && error.status === 404) throw unknownDevice();
    throw error;
  });
}

/** The device whose key signed this, for this path, just now and with its nonce. @throws Refused */
export async function provenDevice(
  context: GatewayContext,
  assertion: string,
  path: string,
  signal: AbortSignal,
): Promise<Device> {
  const { client, namespace, origin, clock } = context;
  const name = claimedSigner(assertion);
  const device = name === undefined ? undefined : await readDevice(client, namespace, name, signal);
  const key = device === undefined ? undefined : keyOf(device);
  if (device === undefined || key === undefined || device.terminating) throw unknownDevice();
  const now = clock.now();
  const verified = await verifyAssertion(
    assertion,
    { key, signer: device.name, request: { audience: origin, method: 'POST', path } },
    now,
  );
  if (verified.kind === 'invalid') throw unknownDevice();
  if (verified.kind === 'wrong time') throw wrongTime();
  if (verified.nonce !== device.nonce) throw useNonce(device);
  requireInUse(device, now);
  return device;
}

export function wrongTime(): Refused {
  return new Refused('wrong_time', "the clock of this device differs from the gateway's by more than a minute", {
    hint: "set the computer's clock",
  });
}

function requireInUse({ createdAt, renewedAt }: Device, now: number): void {
  const unused = now - renewedAt > longestUnusedMs;
  if (!unused && now - createdAt <= oldestMs) return;
  throw new Refused(
    'device_expired',
    unused ? 'this device was not used for 30 days' : 'this device logged in more than 180 days ago',
    { hint: 'log in again' },
  );
}

function lostRace({ client, namespace }: GatewayContext, { name }: Device, signal: AbortSignal): Promise<never> {
  return readDevice(client, namespace, name, signal).then((now) => {
    throw now === undefined ? unknownDevice() : useNonce(now);
  });
}

function useNonce({ nonce }: Device): Refused {
  return new Refused('use_nonce', 'this assertion was used already, or another one after it', { nonce });
}

export function unknownDevice(): Refused {
  return new Refused('unknown_device', 'this device is not known: it was removed, or never enrolled', {
    hint: 'log in again',
  });
}

export function keyOf({ publicKey }: Pick<Device, 'publicKey'>): DevicePublicKey | undefined {
  try {
    return publicKeySchema.safeParse(JSON.parse(publicKey)).data;
  } catch {
    return undefined;
  }
}
