/** What is wrong with the way to the API server, in words for operators. */
import { type RequestFailures, troubleOf } from '../http/trouble.ts';
import { Failure } from '../lib/failure.ts';
import { en } from '../lib/message.ts';
import type { ClusterAccess } from './kubeconfig.ts';
import type { Outage } from './outage.ts';

/** @param requestTimeoutMs how long a request may take */
export function connectionFailures(
  access: ClusterAccess,
  { requestTimeoutMs, outage }: { requestTimeoutMs: number; outage: Outage },
): RequestFailures {
  const { origin } = access.server;
  const failed = (said: string, transient: boolean) => new Failure('cluster', said, { transient });
  return {
    of: (error) => {
      const failure = connectionFailure(access, error);
      if (failure.transient) outage.began(failure.message);
      return failure;
    },
    timedOut: () => failed(`${origin} did not answer within ${requestTimeoutMs / 1_000} s`, true),
    silent: (afterMs) => failed(`${origin} sent nothing for ${afterMs / 1_000} s`, true),
    closed: () => failed(`the connections to ${origin} were closed before the answer came`, false),
  };
}

function connectionFailure({ server: { origin }, source }: ClusterAccess, error: Error): Failure {
  const { what, code, words: said, transient } = troubleOf(error);
  const words = en(said);
  const failure = (message: string, hint: string) =>
    new Failure('cluster', message, { cause: error, reason: code, transient, hint });
  switch (what) {
    case 'untrusted':
      return failure(
        `the certificate of ${origin} can't be trusted: ${words}`,
        "the kubeconfig's certificate-authority must be the one that signed the API server's certificate, for this very host name",
      );
    case 'unwelcome':
      return failure(
        `the API server ${origin} does not accept our client certificate: ${words}`,
        `it comes from ${source}: is it still valid, and for this cluster? Does kubectl work with it?`,
      );
    case 'tls':
      return failure(
        `the Kubernetes API server ${origin} ended the TLS handshake: ${words}`,
        'is the API server up, and is the server address of the kubeconfig right?',
      );
    case 'not-tls':
      return failure(
        `what answers at ${origin} does not speak TLS: ${words}`,
        'is the server address of the kubeconfig that of a Kubernetes API server, and not a port for plain http?',
      );
    case 'not-http':
      return failure(
        `${origin} did not answer as a Kubernetes API server: ${words}`,
        'check the server address in the kubeconfig',
      );
    case 'unsendable':
      return new Failure('usage', `a request to ${origin} can't be sent: ${words}`, { cause: error });
    case 'proxy':
      return failure(
        `the Kubernetes API server ${origin} can't be reached: ${words}`,
        'the proxy comes from proxy-url in the kubeconfig or from HTTPS_PROXY; a host that needs none belongs into NO_PROXY',
      );
    case 'network':
      return failure(
        `the Kubernetes API server ${origin} can't be reached: ${words}`,
        'is the API server up, and is the server address of the kubeconfig right?',
      );
  }
}
