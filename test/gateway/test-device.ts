/** A device as the plugin is one, and the member who connects it, step by step. */

import { fieldOf, logInAs } from '../../dev/gateway/browser.ts';
import { type Assertion, signAssertion } from '../../src/devices/assertion.ts';
import { type DevicePrivateKey, newDeviceKey, publicPartOf, thumbprintOf } from '../../src/devices/device-key.ts';
import { newEnrolmentCode, signEnrolmentRequest } from '../../src/devices/enrolment-request.ts';
import {
  enrolledSchema,
  enrolmentSchema,
  paths,
  refusalSchema,
  type TokenAnswer,
  tokenSchema,
} from '../../src/devices/wire.ts';
import type { GatewayLab } from './lab.ts';

export interface TestDevice {
  readonly key: DevicePrivateKey;
  readonly name: string;
  /** Replaced by each answer. */
  nonce: string;
}

export interface Pending {
  readonly key: DevicePrivateKey;
  readonly code: string;
  readonly link: string;
  /** The sealed request, as the link has it. */
  readonly request: string;
}

/** As `login https://gateway` begins: a key, a code, a link. */
export async function beginEnrolment(lab: GatewayLab, name = 'laptop'): Promise<Pending> {
  const key = await newDeviceKey();
  const code = newEnrolmentCode();
  const request = await signEnrolmentRequest(key, { audience: lab.origin, name, code }, Date.now());
  const { body } = await lab.post(paths.enrolments, { request });
  const { link } = enrolmentSchema.parse(body);
  return { key, code, link, request: new URL(link).searchParams.get('request') ?? '' };
}

/** A device that the member has connected. */
export async function connectedDevice(lab: GatewayLab, member: string, name?: string): Promise<TestDevice> {
  const { key, code, request } = await beginEnrolment(lab, name);
  const { browser, page } = await logInAs(lab, member, request);
  const done = await browser.post(`${lab.origin}/enroll`, { csrf: fieldOf(page, 'csrf'), request, code });
  await browser.close();
  if (done.status !== 200) throw new Error(`${member}'s device was not connected: ${done.status} ${done.text}`);
  const signer = await thumbprintOf(publicPartOf(key));
  const { body } = await lab.post(paths.poll, {
    assertion: await signAssertion(key, asserted(lab, paths.poll, { signer, nonce: 'none' }), Date.now()),
  });
  const { device, nonce } = enrolledSchema.parse(body);
  return { key, name: device, nonce };
}

export function asserted(
  lab: GatewayLab,
  path: string,
  { signer, nonce }: Pick<Assertion, 'signer' | 'nonce'>,
): Assertion {
  return { signer, nonce, audience: lab.origin, method: 'POST', path };
}

export async function assertionOf(
  lab: GatewayLab,
  device: TestDevice,
  path: string,
  now = Date.now(),
): Promise<string> {
  return signAssertion(device.key, asserted(lab, path, { signer: device.name, nonce: device.nonce }), now);
}

/** The device's next token. @throws when it is refused */
export async function renew(lab: GatewayLab, device: TestDevice): Promise<TokenAnswer> {
  const { status, body } = await lab.post(paths.token, { assertion: await assertionOf(lab, device, paths.token) });
  if (status !== 200) throw new Error(`The renewal was refused: ${status} ${JSON.stringify(body)}`);
  const answer = tokenSchema.parse(body);
  device.nonce = answer.nonce;
  return answer;
}

/** The code of a refusal. */
export function codeOf(body: unknown): string {
  return refusalSchema.parse(body).error;
}
