import { join } from 'node:path';
import { answersOk } from './api-request.ts';
import { type Daemon, startDaemon } from './daemon.ts';
import { renderFlags } from './flags.ts';
import type { Pki } from './pki.ts';
import type { Supervisor } from './supervisor/index.ts';

/** One etcd member, reachable from this machine only, and only with a certificate. */
export function startEtcd(
  program: string,
  { etcd: { authority, server } }: Pki,
  supervisor: Supervisor,
  onProgress: (line: string) => void,
): Promise<Daemon> {
  const dataDirectory = join(supervisor.directory, 'etcd');
  // The only member never calls its peers: any free port will do.
  const peerUrl = 'https://127.0.0.1:0';
  return startDaemon({
    name: 'etcd',
    supervisor,
    logFile: join(supervisor.directory, 'etcd.log'),
    onProgress,
    command: (port) => [
      program,
      ...renderFlags({
        name: 'default',
        'data-dir': dataDirectory,
        'listen-client-urls': `https://127.0.0.1:${port}`,
        'advertise-client-urls': `https://127.0.0.1:${port}`,
        'listen-peer-urls': peerUrl,
        'initial-advertise-peer-urls': peerUrl,
        'initial-cluster': `default=${peerUrl}`,
        'client-cert-auth': 'true',
        'trusted-ca-file': authority.certificate,
        'cert-file': server.certificate,
        'key-file': server.key,
        'peer-client-cert-auth': 'true',
        'peer-trusted-ca-file': authority.certificate,
        'peer-cert-file': server.certificate,
        'peer-key-file': server.key,
        // The data is thrown away in the end: no need to wait for a disk.
        'unsafe-no-fsync': 'true',
        'log-level': 'warn',
      }),
    ],
    isReady: (port) => answersOk(`https://127.0.0.1:${port}/health`, { authority: authority.certificate, ...server }),
  });
}
