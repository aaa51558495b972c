/** A gateway from its flags: settings, files and the way to the cluster become what it is given. */
import { readFileSync } from 'node:fs';
import { gatewayDefinitions } from '../config/definitions.ts';
import { type GatewaySettings, readGatewaySettings } from '../config/read-gateway-settings.ts';
import { readSurroundings } from '../config/surroundings.ts';
import { parseTrustedProxies } from '../gateway/client-address.ts';
import { type GatewayOptions, runGateway } from '../gateway/gateway.ts';
import { parseSealingKeys, type SealingKeys } from '../gateway/sealed.ts';
import { openClient } from '../kube/client.ts';
import { loadClusterAccess } from '../kube/kubeconfig.ts';
import { systemClock } from '../lib/clock.ts';
import { Failure } from '../lib/failure.ts';
import { jsonLog } from '../lib/log.ts';
import { Redactor } from '../lib/redact.ts';
import { Secret } from '../lib/secret.ts';
import { type Environment, userAgent } from './environment.ts';
import { type CommandOptions, flagValuesOf, textOf } from './flags.ts';

/** How often the file of the session keys is looked at. */
const keysFreshMs = 10_000;

/** Serves until it is stopped. @throws Failure */
export async function gatewayCommand(environment: Environment, options: CommandOptions): Promise<void> {
  const settings = readGatewaySettings(environment.env, flagValuesOf(options, gatewayDefinitions));
  const redactor = new Redactor();
  const log = jsonLog({
    level: settings.logLevel,
    redactor,
    write: (text) => void environment.stdout.write(text),
  });
  const surroundings = readSurroundings(environment.env);
  const access = await loadClusterAccess(surroundings.cluster, {
    explicitFile: textOf(options['kubeconfig']),
    context: textOf(options['context']),
    signal: environment.signal,
  });
  const client = openClient({
    access,
    connections: 32,
    userAgent,
    proxyEnv: surroundings.proxies,
    clock: systemClock,
    random: Math.random,
    log,
    redactor,
    // A device waits for the answer, and kubectl for the device.
    policy: { budgetMs: 5_000, firstWaitMs: 100, longestWaitMs: 1_000 },
    hints: { forbidden: 'the Role that a gateway needs comes with deploy/gateway' },
  });
  const { ca } = access.tls;
  const authority =
    settings.clusterCertificateAuthorityFile === undefined
      ? ca?.toString()
      : readFile(settings.clusterCertificateAuthorityFile, 'CLUSTER_CERTIFICATE_AUTHORITY_FILE');
  try {
    await runGateway(
      {
        ...optionsOf(settings, redactor),
        client,
        cluster: {
          name: settings.clusterName,
          server: settings.clusterPublicServer.href,
          ...(authority === undefined ? {} : { certificateAuthority: authority }),
        },
        host: undefined,
        proxyEnv: surroundings.proxies,
        clock: systemClock,
        random: Math.random,
        log,
        signal: environment.signal,
      },
      (ports) => {
        log.info('serving members', {
          address: settings.gatewayAddress.origin,
          port: ports.members,
          healthPort: ports.health,
          metricsPort: ports.metrics,
        });
      },
    );
  } finally {
    client.close();
  }
}

type FromSettings = Pick<
  GatewayOptions,
  | 'namespace'
  | 'origin'
  | 'tokenLifetimeSeconds'
  | 'ports'
  | 'certificateFiles'
  | 'sessionKeys'
  | 'trustedProxies'
  | 'oidc'
  | 'poolcEndpoint'
>;

function optionsOf(settings: GatewaySettings, redactor: Redactor): FromSettings {
  const { oidcIssuer, oidcClientId, oidcClientSecretFile } = settings;
  const sessionKeys = keysOf(settings.sessionKeysFile);
  // What can't be read is said now, not to the first member.
  sessionKeys.current();
  const clientSecret =
    oidcClientSecretFile === undefined ? undefined : readFile(oidcClientSecretFile, 'OIDC_CLIENT_SECRET_FILE').trim();
  if (clientSecret !== undefined) redactor.add(clientSecret);
  return {
    namespace: settings.targetNamespace,
    origin: settings.gatewayAddress.origin,
    tokenLifetimeSeconds: settings.gatewayTokenLifetime,
    ports: { members: settings.gatewayPort, health: settings.healthPort, metrics: settings.metricsPort },
    certificateFiles: { cert: settings.tlsCertificateFile, key: settings.tlsKeyFile },
    sessionKeys,
    trustedProxies: parseTrustedProxies(settings.trustedProxies, 'TRUSTED_PROXIES'),
    oidc:
      oidcIssuer === undefined || oidcClientId === undefined
        ? undefined
        : {
            issuer: oidcIssuer,
            clientId: oidcClientId,
            clientSecret: clientSecret === undefined ? undefined : new Secret(clientSecret),
            match: settings.oidcMatch,
            claim: settings.oidcClaim,
            idPrefix: settings.oidcIdPrefix ?? '',
            scope: settings.oidcScope,
          },
    poolcEndpoint: settings.poolcSignInEndpoint,
  };
}

function keysOf(file: string): SealingKeys {
  let read: { readonly at: number; readonly keys: readonly Uint8Array[] } | undefined;
  return {
    current: () => {
      const now = systemClock.monotonic();
      if (read === undefined || now - read.at > keysFreshMs)
        read = { at: now, keys: parseSealingKeys(new Secret(readFile(file, 'SESSION_KEYS_FILE')), file) };
      return read.keys;
    },
  };
}

function readFile(file: string, setting: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown error';
    throw new Failure('usage', `the file ${file}, which ${setting} names, can't be read (${code})`, { cause: error });
  }
}
