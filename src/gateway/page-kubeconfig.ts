/**
 * A kubeconfig with a token of an hour, for a computer without the program. The token is bound to a device of the account
 * that has no key, so that nobody can renew it: the member sees that device among theirs, and removing it ends the token.
 * It is the same device each time, so that kubeconfigs don't use up a member's ten.
 */
import type { OwnedAccount } from '../core/model.ts';
import type { ClusterDescription } from '../devices/wire.ts';
import { renderKubeconfig } from '../kube/kubeconfig-document.ts';
import { consumeNonce, createDevice, type Device, deviceOfKey } from '../registry/devices.ts';
import type { GatewayContext } from './context.ts';
import { tooManyDevices } from './enrol.ts';
import { Refused } from './refusal.ts';
import { issueBound, newNonce } from './renew.ts';

export type KubeconfigCluster = Pick<ClusterDescription, 'name' | 'server' | 'certificateAuthority'>;

/** No key parses so: an assertion of this device can't be verified, whoever signs it. */
const noKey = '{}';
const label = 'kubeconfig';

/** @returns the file's text. @throws Refused, Failure (cluster) */
export async function pageKubeconfig(
  context: GatewayContext,
  { name, server, certificateAuthority }: KubeconfigCluster,
  account: OwnedAccount,
  signal: AbortSignal,
): Promise<string> {
  const device = await usedDevice(context, account, signal);
  const { secret } = await issueBound(context, account, device, signal);
  context.metrics.count('kubeconfigs', 'given');
  context.log.info('a kubeconfig was given on the page', { account: account.name, device: device.name });
  const user = `${account.name}@${name}`;
  return renderKubeconfig({
    cluster: { name, server: new URL(server), certificateAuthority },
    user: { name: user, credential: { token: secret } },
    contextName: user,
  });
}

/** The account's device for kubeconfigs, with a record that it is used now: one in use is never swept away. */
async function usedDevice(context: GatewayContext, account: OwnedAccount, signal: AbortSignal): Promise<Device> {
  const { client, namespace, clock } = context;
  const thumbprint = `kubeconfig of ${account.uid}`;
  const existing = await deviceOfKey(client, namespace, thumbprint, signal);
  const now = clock.now();
  if (existing === undefined || existing.terminating) {
    const made = { account, publicKey: noKey, thumbprint, label, nonce: newNonce(), now };
    const created = await createDevice(client, namespace, made, signal);
    if (created === 'full') throw tooManyDevices();
    return created;
  }
  const used = await consumeNonce(client, namespace, existing, { nonce: newNonce(), now }, signal);
  if (used !== undefined) return used;
  throw new Refused('unavailable', 'another request for a kubeconfig came first', { retryAfter: 1 });
}

/** Of a file, on any system. */
export function kubeconfigFileName({ name }: Pick<KubeconfigCluster, 'name'>): string {
  return `${name.replaceAll(/[^A-Za-z0-9._-]/g, '-').replace(/^[.-]+/, '')}.kubeconfig`;
}
