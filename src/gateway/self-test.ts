/**
 * Whether the API server holds this gateway to what it is for (deploy/gateway/policy.yaml). Its rights alone would let a
 * gateway that somebody broke into mint any member's token and write any Secret beside the accounts. So it asks for two
 * things that the policy must refuse, and does not start where they are granted. Nothing is kept of either.
 */
import { isOwned } from '../core/model.ts';
import type { ClusterRequest } from '../kube/client.ts';
import { Failure, toFailure } from '../lib/failure.ts';
import { accountPath, listAccounts } from '../registry/accounts.ts';
import type { GatewayContext } from './context.ts';

const policyName = 'credentials-updater-gateway';
const fix =
  'apply deploy/gateway/policy.yaml with the namespaces of this gateway and of the accounts, and start it again; a policy takes some seconds to come into force';

/** @throws Failure (usage) where the policy does not hold; (cluster) where that can't be known */
export async function requirePolicy(
  context: Pick<GatewayContext, 'client' | 'namespace'>,
  signal: AbortSignal,
): Promise<void> {
  const { client, namespace } = context;
  const secret = {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: 'credentials-updater-gateway-self-test', namespace },
    type: 'Opaque',
  };
  const path = `/api/v1/namespaces/${encodeURIComponent(namespace)}/secrets?dryRun=All`;
  await requireRefusal(context, 'a Secret that is not a device', { method: 'POST', path, body: secret, signal });
  const accounts = await listAccounts(client, namespace, signal);
  const account = accounts.find((each) => isOwned(each) && !each.terminating);
  // Before the first sync there is no account that a token could be requested for.
  if (account === undefined) return;
  const request = {
    apiVersion: 'authentication.k8s.io/v1',
    kind: 'TokenRequest',
    // For nobody: were it granted, no API would accept it.
    spec: { audiences: ['credentials-updater-gateway-self-test'], expirationSeconds: 600 },
  };
  const tokens = `${accountPath(namespace, account.name)}/token`;
  const asked = { method: 'POST', path: tokens, body: request, signal, expected: [404] } as const;
  await requireRefusal(context, 'a token that is bound to no device', asked);
}

async function requireRefusal(
  { client }: Pick<GatewayContext, 'client'>,
  what: string,
  request: ClusterRequest,
): Promise<void> {
  try {
    const { status } = await client.call(request);
    if (status === 404) return;
  } catch (error) {
    const failure = toFailure(error);
    if (failure.message.includes(`'${policyName}'`)) return;
    throw failure;
  }
  throw new Failure(
    'usage',
    `the API server grants this gateway ${what}: the ValidatingAdmissionPolicy ${policyName} is not in force`,
    { hint: fix },
  );
}
