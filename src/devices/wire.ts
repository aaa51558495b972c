/**
 * What a device and a gateway say to each other, in JSON. Both sides may differ by a version: each reads what it knows,
 * and passes over the rest.
 */
import * as z from 'zod/mini';

/** Where the gateway answers, below its address. */
export const paths = {
  cluster: '/v1/cluster',
  enrolments: '/v1/enrolments',
  poll: '/v1/enrolments/poll',
  poolc: '/v1/devices/poolc',
  code: '/v1/devices/code',
  devices: '/v1/devices',
  removal: '/v1/devices/remove',
  token: '/v1/token',
} as const;

/** Public: where the cluster is, and how to log in. */
export const clusterSchema = z.object({
  name: z.string(),
  server: z.url(),
  certificateAuthority: z.optional(z.string()),
  signIn: z.array(z.string()),
  /** The address of PoolC's API, where members may log in there. */
  poolcEndpoint: z.optional(z.url()),
});
export type ClusterDescription = z.infer<typeof clusterSchema>;

/** A refusal. `error` is for programs, `message` and `hint` for people. */
export const refusalSchema = z.object({
  error: z.string(),
  message: z.string(),
  hint: z.optional(z.string()),
  /** With `use_nonce`. */
  nonce: z.optional(z.string()),
});
export type Refusal = z.infer<typeof refusalSchema>;

export type RefusalCode =
  | 'use_nonce'
  | 'wrong_time'
  | 'unknown_device'
  | 'device_expired'
  | 'account_gone'
  | 'too_many_devices'
  | 'too_many_requests'
  | 'bad_request'
  | 'not_logged_in'
  | 'no_account'
  | 'no_delivery_yet'
  | 'code_refused'
  | 'unavailable';

/** The link that a member opens; nothing is stored yet. */
export const enrolmentSchema = z.object({ link: z.url(), expiresAt: z.iso.datetime() });
/** The device is its member's now. Until then the answer is a 202. */
export const enrolledSchema = z.object({ device: z.string(), account: z.string(), nonce: z.string() });
export type Enrolled = z.infer<typeof enrolledSchema>;

export const tokenSchema = z.object({ token: z.string(), expiresAt: z.iso.datetime(), nonce: z.string() });
export type TokenAnswer = z.infer<typeof tokenSchema>;

export const deviceListSchema = z.object({
  devices: z.array(
    z.object({
      device: z.string(),
      name: z.string(),
      createdAt: z.iso.datetime(),
      renewedAt: z.iso.datetime(),
      isThis: z.boolean(),
    }),
  ),
  nonce: z.string(),
});
