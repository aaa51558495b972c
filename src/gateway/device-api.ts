/** What devices ask for, in JSON: the cluster, an enrolment, the next token, the list of a member's devices. */
import { type Context, Hono } from 'hono';
import * as z from 'zod';
import type { OwnedAccount } from '../core/model.ts';
import { type EnrolmentRequest, verifyEnrolmentRequest } from '../devices/enrolment-request.ts';
import { type ClusterDescription, type Enrolled, paths } from '../devices/wire.ts';
import { consumeNonce, deleteDevice, devicesOf, readDevice } from '../registry/devices.ts';
import type { GatewayContext } from './context.ts';
import { beginEnrolment, enrolDevice, notARequest, pollEnrolment, tooManyDevices } from './enrol.ts';
import type { Limiter } from './limits.ts';
import { Refused } from './refusal.ts';
import { newNonce, provenDevice, renewToken, unknownDevice } from './renew.ts';
import type { Sealed } from './sealed.ts';
import { spendCode } from './sign-in/code.ts';
import type { SiteSignIn } from './sign-in/poolc.ts';

export interface DeviceApi {
  readonly description: ClusterDescription;
  /** For links. */
  readonly pendingEnrolments: Sealed;
  /** undefined where members don't log in at PoolC. */
  readonly site: SiteSignIn | undefined;
  readonly limits: {
    /** By address: what costs more than a look-up. */
    readonly enrolments: Limiter;
    /** By device, or by address before there is one. */
    readonly requests: Limiter;
    /** For all together: the site has a limit of its own. */
    readonly site: Limiter;
  };
  readonly addressOf: (c: Context) => string;
}

const assertionBody = z.object({ assertion: z.string().max(4_096) });
const enrolmentBody = z.object({ request: z.string().max(4_096) });
const siteBody = z.object({ request: z.string().max(4_096), accessToken: z.string().min(1).max(8_192) });
const codeBody = z.object({ request: z.string().max(4_096), code: z.string().min(1).max(8_192) });
const removalBody = z.object({ assertion: z.string().max(4_096), device: z.string().max(100) });

export function deviceApi(context: GatewayContext, api: DeviceApi): Hono {
  const { client, namespace, clock } = context;
  const { limits, addressOf, pendingEnrolments, description, site } = api;
  const limited = (limiter: Limiter, who: string) => {
    const retryAfter = limiter.take(who, clock.monotonic());
    if (retryAfter === undefined) return;
    throw new Refused('too_many_requests', 'too many requests', { retryAfter, hint: `try again in ${retryAfter} s` });
  };
  const app = new Hono();

  app.get(paths.cluster, (c) => c.json(description));

  app.post(paths.enrolments, async (c) => {
    const address = addressOf(c);
    limited(limits.enrolments, address);
    const { request } = await bodyOf(c, enrolmentBody);
    const { pending, expiresAt } = await beginEnrolment(context, pendingEnrolments, { request, address });
    const link = `${context.origin}/enroll?request=${encodeURIComponent(pending)}`;
    return c.json({ link, expiresAt: new Date(expiresAt).toISOString() });
  });

  app.post(paths.poll, async (c) => {
    limited(limits.requests, addressOf(c));
    const { assertion } = await bodyOf(c, assertionBody);
    const enrolled = await pollEnrolment(context, assertion, c.req.raw.signal);
    return enrolled === undefined ? c.json({ pending: true }, 202) : c.json(enrolled);
  });

  app.post(paths.poolc, async (c) => {
    if (site === undefined) throw new Refused('bad_request', 'members do not log in at PoolC here');
    limited(limits.enrolments, addressOf(c));
    limited(limits.site, 'everyone');
    const { request, accessToken } = await bodyOf(c, siteBody);
    const enrolment = await verifyEnrolmentRequest(request, context.origin, clock.now());
    if (enrolment === undefined) throw notARequest();
    const account = await site.accountOf(accessToken, c.req.raw.signal);
    return c.json(await enrolledFor(context, enrolment, account, c.req.raw.signal));
  });

  app.post(paths.code, async (c) => {
    limited(limits.enrolments, addressOf(c));
    const { request, code } = await bodyOf(c, codeBody);
    const enrolment = await verifyEnrolmentRequest(request, context.origin, clock.now());
    if (enrolment === undefined) throw notARequest();
    const account = await spendCode(context, code, c.req.raw.signal);
    return c.json(await enrolledFor(context, enrolment, account, c.req.raw.signal));
  });

  app.post(paths.token, async (c) => {
    limited(limits.requests, addressOf(c));
    const { assertion } = await bodyOf(c, assertionBody);
    const { token, expiresAt, nonce } = await renewToken(context, assertion, c.req.raw.signal);
    return c.json({ token: token.reveal(), expiresAt: new Date(expiresAt).toISOString(), nonce });
  });

  app.post(paths.devices, async (c) => {
    limited(limits.requests, addressOf(c));
    const { assertion } = await bodyOf(c, assertionBody);
    const { device, nonce } = await provenOnce(context, assertion, paths.devices, c.req.raw.signal);
    const devices = await devicesOf(client, namespace, device.account.uid, c.req.raw.signal);
    return c.json({
      devices: devices.map(({ name, label, createdAt, renewedAt }) => ({
        device: name,
        name: label,
        createdAt: new Date(createdAt).toISOString(),
        renewedAt: new Date(renewedAt).toISOString(),
        isThis: name === device.name,
      })),
      nonce,
    });
  });

  app.post(paths.removal, async (c) => {
    limited(limits.requests, addressOf(c));
    const { assertion, device: removed } = await bodyOf(c, removalBody);
    const { device, nonce } = await provenOnce(context, assertion, paths.removal, c.req.raw.signal);
    const target = await readDevice(client, namespace, removed, c.req.raw.signal);
    // Another member's device is as unknown as one that isn't there.
    if (target === undefined || target.account.uid !== device.account.uid) throw unknownDevice();
    await deleteDevice(client, namespace, target, c.req.raw.signal);
    context.metrics.count('removals', 'device');
    context.log.info('a device was removed', { account: target.account.name, device: target.name, by: device.name });
    return c.json({ nonce });
  });

  return app;
}

/** @throws Refused where the member has ten devices, or the key is another member's */
async function enrolledFor(
  context: GatewayContext,
  enrolment: EnrolmentRequest,
  account: OwnedAccount,
  signal: AbortSignal,
): Promise<Enrolled> {
  const enrolled = await enrolDevice(context, enrolment, account, signal);
  if (enrolled === 'full') throw tooManyDevices();
  if (enrolled !== 'enrolled by another') return enrolled;
  throw new Refused('bad_request', 'this device is connected to another account already', {
    hint: 'begin again on the device',
  });
}

/** A device's assertion, used up: the next one needs the nonce that is returned. @throws Refused */
async function provenOnce(context: GatewayContext, assertion: string, path: string, signal: AbortSignal) {
  const device = await provenDevice(context, assertion, path, signal);
  const nonce = newNonce();
  // Not a renewal: when the device last got a token stays as it was.
  const used = await consumeNonce(context.client, context.namespace, device, { nonce, now: device.renewedAt }, signal);
  if (used === undefined) throw new Refused('use_nonce', 'another request came first', { nonce: device.nonce });
  return { device: used, nonce };
}

/** @throws Refused (bad_request), without a word of the body */
async function bodyOf<T>(c: Context, schema: z.ZodType<T>): Promise<T> {
  const content = schema.safeParse(await c.req.json().catch(() => undefined));
  if (content.success) return content.data;
  throw new Refused('bad_request', 'the request is not in the form that this gateway reads');
}
