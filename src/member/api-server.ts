/** Whether the cluster's API server can be reached from here, and knows the member: kubectl itself would only hang. */
import * as z from 'zod/mini';
import { exchange } from '../http/exchange.ts';
import { Failure } from '../lib/failure.ts';
import { type Message, type Text } from '../lib/message.ts';
import { whoamiMessages as messages } from '../lib/messages/member-whoami.ts';
import type { Secret } from '../lib/secret.ts';
import { withoutInvisible } from '../lib/terminal-text.ts';
import { version } from '../lib/version.ts';
import type { MemberEnvironment } from './environment.ts';

export interface AskedServer {
  readonly cluster: string;
  readonly server: URL;
  /** PEM. */
  readonly certificateAuthority: string;
  /** The member's; without one it is only seen whether the server answers. */
  readonly token: Secret | undefined;
  readonly whenUnreachable: string | undefined;
}

export type ServerAnswer =
  | { readonly isFine: true; readonly said: Message }
  | { readonly isFine: false; readonly said: Text; readonly advised: Text | undefined };

const patienceMs = 5_000;
const longestAnswer = 1024 * 1024;
const reviewSchema = z.object({ status: z.object({ userInfo: z.object({ username: z.string() }) }) });

/** Asks who the token is (SelfSubjectReview), which every user may. @throws only the reason of the environment's signal */
export async function askApiServer(environment: MemberEnvironment, asked: AskedServer): Promise<ServerAnswer> {
  const { env, signal } = environment;
  const { cluster, server, certificateAuthority, token } = asked;
  const path = token === undefined ? '/version' : '/apis/authentication.k8s.io/v1/selfsubjectreviews';
  const review = Buffer.from(JSON.stringify({ apiVersion: 'authentication.k8s.io/v1', kind: 'SelfSubjectReview' }));
  try {
    const answer = await exchange({
      method: token === undefined ? 'GET' : 'POST',
      url: new URL(`${server.origin}${server.pathname.replace(/\/+$/, '')}${path}`),
      headers: {
        accept: 'application/json',
        'user-agent': `credentials-updater/${version}`,
        ...(token === undefined
          ? {}
          : { authorization: `Bearer ${token.reveal()}`, 'content-type': 'application/json' }),
      },
      ...(token === undefined ? {} : { body: { length: review.length, chunks: () => [review] } }),
      timeoutMs: patienceMs,
      longestAnswer,
      signal,
      proxyEnv: env,
      // As kubectl does: whoever else a public CA vouches for is not sent the token.
      onlyAuthorities: [certificateAuthority],
      kind: 'cluster',
      peer: server.origin,
      addressHint: '',
    });
    if (answer.status === 401 && token !== undefined)
      return { isFine: false, said: messages.serverRefuses(), advised: undefined };
    const user = answer.status === 201 ? userIn(answer.body) : undefined;
    if (user !== undefined) return { isFine: true, said: messages.serverKnows({ user }) };
    // Whatever it says to somebody whom it does not know, it has been reached.
    if (token === undefined || answer.status < 400) return { isFine: true, said: messages.serverAnswers() };
    return { isFine: false, said: messages.serverOtherwise({ status: answer.status }), advised: undefined };
  } catch (error) {
    if (!(error instanceof Failure) || error.kind !== 'cluster') throw error;
    if (!error.transient) return { isFine: false, said: error.said, advised: undefined };
    const advised = asked.whenUnreachable ?? messages.needsVpn();
    return { isFine: false, said: messages.serverUnreachable({ cluster, why: error.said }), advised };
  }
}

function userIn(body: Buffer): string | undefined {
  try {
    const { status } = reviewSchema.parse(JSON.parse(body.toString('utf8')));
    return withoutInvisible(status.userInfo.username);
  } catch {
    return undefined;
  }
}
