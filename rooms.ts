/**
 * What each room under src/ may import from the others: the linter enforces it (oxlint.config.ts). Imports point down.
 * docs/architecture.md says what the rooms are for.
 */

/** A room, or single files of it. */
type Importable = string | { readonly room: string; readonly only: readonly string[] };

const foundation = ['lib', 'http', 'kube', 'poolc', 'core'];
const ports = ['registry', 'directories', 'deliveries', 'issuers', 'notify'];

export const mayImport: Readonly<Record<string, readonly Importable[]>> = {
  lib: [],
  http: ['lib'],
  kube: ['lib', 'http'],
  core: ['lib'],
  poolc: ['lib', 'http', 'core'],
  registry: ['lib', 'kube', 'core'],
  directories: ['lib', 'http', 'poolc', 'core'],
  issuers: ['lib', 'kube', 'core', 'registry'],
  deliveries: ['lib', 'http', 'kube', 'poolc', 'core', 'issuers'],
  notify: ['lib', 'http'],
  // What a device and a gateway say to each other; the plugin has it too.
  devices: ['lib'],
  config: [...foundation, 'notify'],
  sync: ['lib', 'http', 'kube', 'core', 'registry', 'directories', 'deliveries', 'issuers'],
  run: ['lib', 'http', 'kube', 'core', ...ports, 'sync'],
  controller: [...foundation, ...ports, 'config', 'sync', 'run'],
  operator: [...foundation, ...ports, 'config', 'sync', 'run'],
  audit: ['lib', 'kube', 'core', 'registry', 'issuers'],
  // The steps that bring the policies to a cluster in use.
  rollout: ['lib', 'http', 'kube', 'core', 'registry', 'audit'],
  preflight: [...foundation, ...ports, 'config', 'sync', 'run', 'audit'],
  gateway: ['lib', 'http', 'kube', 'core', 'registry', 'issuers', 'devices'],
  // A program of its own, without the Kubernetes client: it starts whenever kubectl wants a token.
  member: ['lib', 'http', 'poolc', 'devices', { room: 'kube', only: ['kubeconfig-document.ts', 'token-claims.ts'] }],
  cli: [
    ...foundation,
    ...ports,
    'config',
    'sync',
    'run',
    'controller',
    'operator',
    'audit',
    'rollout',
    'preflight',
    'gateway',
    'member',
  ],
};
