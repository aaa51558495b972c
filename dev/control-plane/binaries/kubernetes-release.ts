/** Kubernetes' own published binaries, one file a program, for Linux. */
import { join } from 'node:path';
import type { Downloads } from './download.ts';
import { goPlatform } from './platform.ts';
import type { Source, SourceContext } from './sources.ts';

const DEFAULT_BASE = 'https://dl.k8s.io';

/** The environment variable KUBERNETES_RELEASE_URL names another server. */
export function kubernetesRelease<Name extends string>(
  { module, scratch, environment, onProgress }: SourceContext<Name>,
  downloads: Downloads,
): Source<Name> {
  const base = (environment['KUBERNETES_RELEASE_URL'] ?? DEFAULT_BASE).replace(/\/+$/, '');
  return {
    name: 'official download',
    async obtain(program) {
      const { os, arch } = goPlatform;
      if (os !== 'linux') throw new Error(`${program} is published for Linux only, not for ${os}`);
      const url = `${base}/release/${module.version}/bin/${os}/${arch}/${program}`;
      const sum = (await downloads.text(`${url}.sha256`)).trim();
      if (!/^[0-9a-f]{64}$/i.test(sum)) throw new Error(`${url}.sha256 is not a SHA-256 sum`);
      onProgress(`${program}: downloading ${url}`);
      const destination = join(scratch, program);
      await downloads.file(url, destination, { algorithm: 'sha256', sum }, (line) => onProgress(`${program}: ${line}`));
      return destination;
    },
  };
}
