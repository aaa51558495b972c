/** What is wrong with the way to the API server, in words for operators. */
import { type RequestFailures, troubleOf } from '../http/trouble.ts';
import { durationText } from '../lib/duration.ts';
import { Failure } from '../lib/failure.ts';
import type { Message } from '../lib/message.ts';
import { clusterMessages as messages } from '../lib/messages/cluster.ts';
import type { ClusterAccess } from './kubeconfig.ts';
import type { Outage } from './outage.ts';

/** @param requestTimeoutMs how long a request may take */
export function connectionFailures(
  access: ClusterAccess,
  { requestTimeoutMs, outage }: { requestTimeoutMs: number; outage: Outage },
): RequestFailures {
  const server = access.server.origin;
  const failed = (said: Message, transient: boolean) => new Failure('cluster', said, { transient });
  return {
    of: (error) => {
      const failure = connectionFailure(access, error);
      if (failure.transient) outage.began(failure.message);
      return failure;
    },
    timedOut: () => failed(messages.timedOut({ server, patience: durationText(requestTimeoutMs / 1_000) }), true),
    silent: (afterMs) => failed(messages.silent({ server, patience: durationText(afterMs / 1_000) }), true),
    closed: () => failed(messages.closed({ server }), false),
  };
}

function connectionFailure({ server: { origin: server }, source }: ClusterAccess, error: Error): Failure {
  const { what, code, words: why, transient } = troubleOf(error);
  const failure = (message: Message, hint: Message) =>
    new Failure('cluster', message, { cause: error, reason: code, transient, hint });
  switch (what) {
    case 'untrusted':
      return failure(messages.untrusted({ server, why }), messages.rightAuthority());
    case 'unwelcome':
      return failure(messages.unwelcome({ server, why }), messages.whoseCertificate({ source }));
    case 'tls':
      return failure(messages.handshakeEnded({ server, why }), messages.isItUp());
    case 'not-tls':
      return failure(messages.notTls({ server, why }), messages.notPlainPort());
    case 'not-http':
      return failure(messages.notKubernetes({ server, why }), messages.checkServer());
    case 'unsendable':
      return new Failure('usage', messages.unsendable({ server, why }), { cause: error });
    case 'proxy':
      return failure(messages.unreachable({ server, why }), messages.whoseProxy());
    case 'network':
      return failure(messages.unreachable({ server, why }), messages.isItUp());
  }
}
