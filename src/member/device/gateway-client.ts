/**
 * A gateway as a device asks it. Every request but the first is signed for itself alone; where the gateway says that its
 * nonce or its clock is another one, the request is signed anew, once each.
 */
import type * as z from 'zod/mini';
import { signAssertion } from '../../devices/assertion.ts';
import type { DevicePrivateKey } from '../../devices/device-key.ts';
import {
  type ClusterDescription,
  clusterSchema,
  type Enrolled,
  enrolledSchema,
  enrolmentSchema,
  paths,
  type Refusal,
  refusalSchema,
} from '../../devices/wire.ts';
import { exchange, harmless } from '../../http/exchange.ts';
import { Failure } from '../../lib/failure.ts';
import type { Message } from '../../lib/message.ts';
import { gatewayMessages as messages } from '../../lib/messages/member-gateway.ts';
import { version } from '../../lib/version.ts';
import type { MemberEnvironment } from '../environment.ts';
import { ownCommand } from '../own-command.ts';

/** Who signs: a device by its name, or a key by its thumbprint before it has one. */
export interface Signer {
  readonly name: string;
  readonly key: DevicePrivateKey;
  readonly nonce: string;
}

export interface GatewayClient {
  readonly peer: Message;
  readonly origin: string;
  /** @throws Failure (usage) when nothing there answers as a gateway */
  describe(): Promise<ClusterDescription>;
  /** @param request as devices/enrolment-request.ts signs it. @returns the link for the member */
  beginEnrolment(request: string): Promise<{ readonly link: string; readonly expiresAt: number }>;
  /** undefined while nobody has typed the code. */
  pollEnrolment(signer: Signer): Promise<Enrolled | undefined>;
  enrolBySite(request: string, accessToken: string): Promise<Enrolled>;
  /** @param code an operator's, good once */
  enrolByCode(request: string, code: string): Promise<Enrolled>;
  /** A signed request. @param more further fields of the body */
  asDevice<T>(
    signer: Signer,
    path: string,
    schema: z.ZodMiniType<T>,
    more?: Readonly<Record<string, string>>,
  ): Promise<T>;
}

interface Answer {
  readonly status: number;
  readonly body: unknown;
  /** The gateway's clock, in milliseconds since the epoch. */
  readonly time: number | undefined;
}

const longestAnswer = 1024 * 1024;

export function openGateway(environment: MemberEnvironment, gateway: URL, timeoutMs: number): GatewayClient {
  const { env, signal, clock } = environment;
  const origin = gateway.origin;
  const peer = messages.peer({ host: gateway.host });

  async function ask(method: 'GET' | 'POST', path: string, content?: object): Promise<Answer> {
    const body = content === undefined ? undefined : Buffer.from(JSON.stringify(content));
    const answer = await exchange({
      method,
      url: new URL(`${origin}${path}`),
      headers: {
        accept: 'application/json',
        'user-agent': `credentials-updater/${version}`,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: { length: body.length, chunks: () => [body] } }),
      timeoutMs,
      longestAnswer,
      signal,
      proxyEnv: env,
      kind: 'site',
      peer,
      addressHint: messages.addressHint({ address: origin }),
    });
    const date = Date.parse(answer.header('date') ?? '');
    return { status: answer.status, body: parseJson(answer.body), time: Number.isNaN(date) ? undefined : date };
  }

  function accepted<T>(answer: Answer, schema: z.ZodMiniType<T>): T {
    const content = answer.status === 200 ? schema.safeParse(answer.body) : undefined;
    if (content?.success === true) return content.data;
    throw failureOf(answer);
  }

  function failureOf({ status, body }: Answer): Failure {
    const refusal = refusalSchema.safeParse(body).data;
    if (refusal === undefined) {
      const transient = status >= 500 || status === 429;
      return new Failure('site', messages.unexpectedAnswer({ peer, status }), { status, transient });
    }
    return refusedBy(environment, { gateway, peer, refusal, status });
  }

  async function signed(path: string, signer: Signer, more: Readonly<Record<string, string>>): Promise<Answer> {
    let { nonce } = signer;
    let now = clock.now();
    let mayRenewNonce = true;
    let maySetClock = true;
    for (;;) {
      const assertion = await signAssertion(
        signer.key,
        { signer: signer.name, audience: origin, method: 'POST', path, nonce },
        now,
      );
      const answer = await ask('POST', path, { assertion, ...more });
      const refusal = answer.status === 401 ? refusalSchema.safeParse(answer.body).data : undefined;
      if (refusal?.error === 'use_nonce' && refusal.nonce !== undefined && mayRenewNonce) {
        nonce = refusal.nonce;
        mayRenewNonce = false;
      } else if (refusal?.error === 'wrong_time' && answer.time !== undefined && maySetClock) {
        now = answer.time;
        maySetClock = false;
      } else return answer;
    }
  }

  return {
    peer,
    origin,
    describe: async () => {
      const answer = await ask('GET', paths.cluster);
      const content = answer.status === 200 ? clusterSchema.safeParse(answer.body) : undefined;
      if (content?.success === true) return content.data;
      const command = ownCommand(environment, 'login', '--cluster', origin);
      throw new Failure('usage', messages.notAGateway({ address: origin }), {
        hint: messages.siteInstead({ command }),
      });
    },
    beginEnrolment: async (request) => {
      const { link, expiresAt } = accepted(await ask('POST', paths.enrolments, { request }), enrolmentSchema);
      // A link to anywhere else would be a stranger's: the member logs in where it points.
      if (new URL(link).origin !== origin) throw new Failure('site', messages.refused({ peer, said: harmless(link) }));
      return { link, expiresAt: Date.parse(expiresAt) };
    },
    pollEnrolment: async (signer) => {
      const answer = await signed(paths.poll, signer, {});
      return answer.status === 202 ? undefined : accepted(answer, enrolledSchema);
    },
    enrolBySite: async (request, accessToken) =>
      accepted(await ask('POST', paths.poolc, { request, accessToken }), enrolledSchema),
    enrolByCode: async (request, code) => accepted(await ask('POST', paths.code, { request, code }), enrolledSchema),
    asDevice: async (signer, path, schema, more = {}) => accepted(await signed(path, signer, more), schema),
  };
}

interface Refused {
  readonly gateway: URL;
  readonly peer: Message;
  readonly refusal: Refusal;
  readonly status: number;
}

/** By the code, so that a member reads it in their own language; a code of a later version in the gateway's words. */
function refusedBy(environment: MemberEnvironment, { gateway, peer, refusal, status }: Refused): Failure {
  const again = messages.logInAgain({ command: ownCommand(environment, 'login', gateway.origin) });
  switch (refusal.error) {
    case 'unknown_device':
      return new Failure('login', messages.unknownDevice(), { status, hint: again });
    case 'device_expired':
      return new Failure('login', messages.deviceExpired(), { status, hint: again });
    case 'account_gone':
    case 'no_account':
      return new Failure('login', messages.accountGone(), { status, hint: messages.askOperators() });
    case 'wrong_time':
      return new Failure('login', messages.wrongClock(), { status, hint: messages.setClock() });
    case 'too_many_devices':
      return new Failure('login', messages.tooManyDevices(), {
        status,
        hint: messages.removeOne({ address: gateway.origin }),
      });
    case 'not_logged_in':
      return new Failure('login', messages.siteRefused(), { status, hint: again });
    case 'code_refused':
      return new Failure('login', messages.codeRefused(), { status, hint: messages.askForAnotherCode() });
    case 'no_delivery_yet':
      return new Failure('login', messages.noDelivery(), { status, hint: messages.activeOnly() });
    case 'too_many_requests':
    case 'unavailable':
    case 'use_nonce':
      return new Failure('site', messages.away({ peer }), { status, transient: true, hint: messages.tryLater() });
    default:
      return new Failure('site', messages.refused({ peer, said: harmless(refusal.message) }), {
        status,
        hint: messages.update(),
      });
  }
}

function parseJson(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString('utf8'));
  } catch {
    return undefined;
  }
}
