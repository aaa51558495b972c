/**
 * How a device becomes a member's.
 *
 * - The device sends a signed request (devices/enrolment-request.ts) and gets a link. The link holds that request and the
 *   address that it came from, sealed by the gateway; nothing is stored.
 * - A member opens the link, logs in, sees the device's name and address, and types the code that only the device's
 *   terminal shows. Without it, a link that somebody sent to the member enrols nothing.
 * - Then the device's Secret is made. The device, which asks meanwhile, is recognised by its signature.
 */
import * as z from 'zod';
import type { Account } from '../core/model.ts';
import { claimedSigner, verifyAssertion } from '../devices/assertion.ts';
import {
  type EnrolmentRequest,
  enrolmentLifetimeSeconds,
  isCodeOf,
  verifyEnrolmentRequest,
} from '../devices/enrolment-request.ts';
import { type Enrolled, paths } from '../devices/wire.ts';
import { createDevice, deviceOfKey, devicesPerAccount } from '../registry/devices.ts';
import type { GatewayContext } from './context.ts';
import { requireAccount } from './member-account.ts';
import { Refused } from './refusal.ts';
import { keyOf, newNonce, unknownDevice, wrongTime } from './renew.ts';
import type { Sealed } from './sealed.ts';

/** What a link says, as the gateway has sealed it. */
export interface PendingEnrolment {
  readonly request: EnrolmentRequest;
  /** Where the device asked from. */
  readonly address: string;
}

const pendingSchema = z.object({ request: z.string(), address: z.string() });

/** @returns the sealed request, for the link. @throws Refused (bad_request) */
export async function beginEnrolment(
  { origin, clock }: GatewayContext,
  sealed: Sealed,
  { request, address }: { readonly request: string; readonly address: string },
): Promise<{ readonly pending: string; readonly expiresAt: number }> {
  const now = clock.now();
  if ((await verifyEnrolmentRequest(request, origin, now)) === undefined) throw notARequest();
  const pending = await sealed.seal({ request, address }, enrolmentLifetimeSeconds, now);
  return { pending, expiresAt: now + enrolmentLifetimeSeconds * 1_000 };
}

/** What a link that a member has opened asks for; undefined for one that is no link of ours, or too old. */
export async function readPending(
  { origin, clock }: GatewayContext,
  sealed: Sealed,
  pending: string,
): Promise<PendingEnrolment | undefined> {
  const now = clock.now();
  const content = pendingSchema.safeParse(await sealed.open(pending, now)).data;
  if (content === undefined) return undefined;
  const request = await verifyEnrolmentRequest(content.request, origin, now);
  return request === undefined ? undefined : { request, address: content.address };
}

export type Confirmed = 'enrolled' | 'wrong code' | 'full' | 'enrolled by another';

/** A member, who has logged in, has typed the code. @throws Refused (account_gone) */
export async function confirmEnrolment(
  context: GatewayContext,
  { request }: PendingEnrolment,
  { account, code }: { readonly account: Pick<Account, 'name' | 'uid'>; readonly code: string },
  signal: AbortSignal,
): Promise<Confirmed> {
  if (!(await isCodeOf(request, code))) {
    context.metrics.count('enrolments', 'wrong_code');
    return 'wrong code';
  }
  const enrolled = await enrolDevice(context, request, account, signal);
  return typeof enrolled === 'string' ? enrolled : 'enrolled';
}

/** Makes the device, once: a second time it is the same one. A namesake's is another's. @throws Refused (account_gone) */
export async function enrolDevice(
  context: Pick<GatewayContext, 'client' | 'namespace' | 'clock' | 'log' | 'metrics'>,
  { key, thumbprint, name }: EnrolmentRequest,
  account: Pick<Account, 'name' | 'uid'>,
  signal: AbortSignal,
): Promise<Enrolled | 'full' | 'enrolled by another'> {
  const { client, namespace, clock, log, metrics } = context;
  const { name: accountName, uid } = await requireAccount(context, account, signal);
  const existing = await deviceOfKey(client, namespace, thumbprint, signal);
  if (existing !== undefined && existing.account.uid !== uid) return 'enrolled by another';
  if (existing !== undefined) return { device: existing.name, account: accountName, nonce: existing.nonce };
  const device = await createDevice(
    client,
    namespace,
    {
      account: { name: accountName, uid },
      publicKey: JSON.stringify(key),
      thumbprint,
      label: name,
      nonce: newNonce(),
      now: clock.now(),
    },
    signal,
  );
  metrics.count('enrolments', device === 'full' ? 'full' : 'enrolled');
  if (device === 'full') return 'full';
  log.info('a device was enrolled', { account: accountName, device: device.name });
  return { device: device.name, account: accountName, nonce: device.nonce };
}

export function tooManyDevices(): Refused {
  return new Refused('too_many_devices', `this member has ${devicesPerAccount} devices already`, {
    hint: "remove one on the gateway's page, or with `credentials-updater devices remove NAME` on another device",
  });
}

/** @returns undefined while nobody has typed the code. @throws Refused */
export async function pollEnrolment(
  { client, namespace, origin, clock }: GatewayContext,
  assertion: string,
  signal: AbortSignal,
): Promise<Enrolled | undefined> {
  const thumbprint = claimedSigner(assertion);
  if (thumbprint === undefined || !/^[A-Za-z0-9_-]{43}$/.test(thumbprint)) throw unknownDevice();
  const device = await deviceOfKey(client, namespace, thumbprint, signal);
  const key = device === undefined ? undefined : keyOf(device);
  if (device === undefined || key === undefined) return undefined;
  const request = { audience: origin, method: 'POST', path: paths.poll };
  const verified = await verifyAssertion(assertion, { key, signer: thumbprint, request }, clock.now());
  if (verified.kind === 'wrong time') throw wrongTime();
  if (verified.kind === 'invalid') throw unknownDevice();
  return { device: device.name, account: device.account.name, nonce: device.nonce };
}

export function notARequest(): Refused {
  return new Refused('bad_request', 'this is not an enrolment request for this gateway, or it is too old', {
    hint: "run `credentials-updater login` again, with a current version and the computer's clock set",
  });
}
