/** The delivery that the settings name. */
import { readCertificateAuthority } from '../config/read-reference.ts';
import type { Settings } from '../config/settings.ts';
import { readSurroundings } from '../config/surroundings.ts';
import type { Delivery } from '../deliveries/delivery.ts';
import { filesDelivery } from '../deliveries/files.ts';
import { noDelivery } from '../deliveries/none.ts';
import { poolcDelivery } from '../deliveries/poolc.ts';
import { secretsDelivery } from '../deliveries/secrets.ts';
import type { KubeconfigCluster } from '../kube/kubeconfig-document.ts';
import type { Log } from '../lib/log.ts';
import type { Redactor } from '../lib/redact.ts';
import { describeCluster } from '../operator/cluster-info.ts';
import type { PoolcSpelling } from '../poolc/spelling.ts';
import type { Target } from '../sync/context.ts';
import type { Environment } from './environment.ts';
import { openPoolc } from './open-directory.ts';

export interface DeliverySurroundings {
  readonly target: Target;
  readonly log: Log;
  readonly redactor: Redactor;
  readonly spelling: PoolcSpelling;
}

/** @throws Failure (usage) when something that it needs is missing */
export function openDelivery(
  environment: Environment,
  settings: Settings,
  { target, log, redactor, spelling }: DeliverySurroundings,
): Delivery {
  const { delivery, metadata } = settings;
  const owner = `${metadata.namespace}/${metadata.name}`;
  switch (delivery.kind) {
    case 'poolc':
      return poolcDelivery(openPoolc(environment, settings, redactor), { random: Math.random, log, spelling });
    case 'secrets':
      return secretsDelivery({
        client: target.client,
        namespace: delivery.namespace,
        name: delivery.name,
        owner,
        cluster: clusterFor(environment, settings, target),
        concurrency: settings.accountConcurrency,
      });
    case 'files':
      return filesDelivery({
        directory: delivery.directory,
        owner,
        cluster: clusterFor(environment, settings, target),
        age: { command: 'age', env: readSurroundings(environment.env).ofPrograms },
      });
    case 'none':
      return noDelivery;
  }
}

/** The API server as members reach it. */
function clusterFor({ env }: Environment, settings: Settings, { client }: Target): KubeconfigCluster {
  const { server, certificateAuthority } = settings.cluster;
  return describeCluster(client.access, {
    name: undefined,
    publicServer: server,
    certificateAuthority:
      certificateAuthority === undefined
        ? undefined
        : readCertificateAuthority(certificateAuthority, 'spec.cluster.certificateAuthority', {
            variables: env,
            held: settings.held,
          }),
    insecureSkipTlsVerify: false,
    inPod: settings.inPod,
  });
}
