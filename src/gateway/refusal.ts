/** What a gateway doesn't do, and why: for the plugin by its code, for a person in words. */
import type { RefusalCode } from '../devices/wire.ts';

export interface RefusalOptions {
  readonly hint?: string;
  /** With `use_nonce`: what the next assertion must carry. */
  readonly nonce?: string;
  /** Seconds. */
  readonly retryAfter?: number;
}

const statusOf = {
  use_nonce: 401,
  wrong_time: 401,
  unknown_device: 401,
  not_logged_in: 401,
  device_expired: 403,
  account_gone: 403,
  no_account: 403,
  code_refused: 403,
  no_delivery_yet: 404,
  too_many_devices: 409,
  too_many_requests: 429,
  bad_request: 400,
  unavailable: 503,
} as const satisfies Record<RefusalCode, number>;

/** Thrown by what decides, and made an answer in one place (app.ts). */
export class Refused extends Error {
  readonly code: RefusalCode;
  readonly status: (typeof statusOf)[RefusalCode];
  readonly options: RefusalOptions;

  constructor(code: RefusalCode, message: string, options: RefusalOptions = {}) {
    super(message);
    this.name = 'Refused';
    this.code = code;
    this.status = statusOf[code];
    this.options = options;
  }
}
