/** A TLS server that writes down who came, and how: what a client sent, without being a Kubernetes API server. */
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { TLSSocket } from 'node:tls';
import { onTestFinished } from 'vitest';
import type { CertificateAuthority } from '../../dev/control-plane/certificates.ts';

/** What says who a request comes from. */
export interface Seen {
  readonly path: string;
  readonly authorization: string | undefined;
  /** `name: value` of each, sorted; names in lower case. */
  readonly impersonation: readonly string[];
  /** The common name of the client certificate. */
  readonly certificate: string | undefined;
  /** The name that TLS asked for. */
  readonly servername: string | undefined;
}

export interface Recorder {
  readonly port: number;
  readonly seen: readonly Seen[];
  forget(): void;
}

/** Call it in a test. @param accepts whether a request is answered with 200, not 401 */
export async function startRecorder(
  authority: CertificateAuthority,
  accepts: (seen: Seen) => boolean = () => true,
): Promise<Recorder> {
  const { certificate, key } = await authority.issue({
    commonName: 'recorder',
    hosts: ['127.0.0.1', 'api.pks.example'],
  });
  const seen: Seen[] = [];
  const options = { cert: certificate, key, ca: authority.certificate, requestCert: true, rejectUnauthorized: false };
  const server = createServer(options, ({ socket, url = '', headers, rawHeaders }, response) => {
    const names = rawHeaders.filter((_, index) => index % 2 === 0);
    const one = {
      path: url,
      authorization: headers.authorization,
      impersonation: names
        .map((name, index) => `${name.toLowerCase()}: ${rawHeaders[2 * index + 1]}`)
        .filter((line) => line.startsWith('impersonate-'))
        .sort(),
      ...ofConnection(socket),
    };
    seen.push(one);
    response.writeHead(accepts(one) ? 200 : 401, { 'content-type': 'application/json' });
    response.end(JSON.stringify({ kind: 'Status', apiVersion: 'v1', metadata: {}, gitVersion: 'v1.36.3' }));
  });
  return { port: await listen(server), seen, forget: () => void seen.splice(0) };
}

function ofConnection(socket: unknown): Pick<Seen, 'certificate' | 'servername'> {
  if (!(socket instanceof TLSSocket)) throw new Error('a request came over no TLS connection');
  // Node gives an empty object where there is no certificate.
  const subject: { CN?: string | string[] } | undefined = socket.getPeerCertificate().subject;
  return {
    certificate: subject?.CN === undefined ? undefined : String(subject.CN),
    servername: typeof socket.servername === 'string' ? socket.servername : undefined,
  };
}

async function listen(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
  });
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- a TCP server's address is an AddressInfo
  return (server.address() as AddressInfo).port;
}
