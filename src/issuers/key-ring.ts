/** The cluster's public keys, fetched again when a token names one that is not among them (rotation). */
import type { ClusterClient } from '../kube/client.ts';
import { fetchSigningKeys } from './token-request.ts';
import { parseSigningKeys, type SigningKeys } from './verify.ts';

export interface KeyRing {
  /** undefined on a hardened cluster, which doesn't let everyone read them. */
  readonly keys: SigningKeys | undefined;
  refreshed(): Promise<SigningKeys | undefined>;
}

export async function openKeyRing(client: ClusterClient, signal: AbortSignal): Promise<KeyRing> {
  const fetchKeys = async (): Promise<SigningKeys | undefined> => {
    const document = await fetchSigningKeys(client, signal);
    return document === 'forbidden' ? undefined : parseSigningKeys(document);
  };
  let keys = await fetchKeys();
  let refreshing: Promise<SigningKeys | undefined> | undefined;
  return {
    get keys() {
      return keys;
    },
    refreshed: () => {
      // Many tokens find the new key missing at the same moment: one request serves them all.
      refreshing ??= fetchKeys()
        .then((fetched) => {
          // Readable a moment ago and forbidden now, as by an API server that has just started: the tokens whose key is
          // not among those that we have are tried live, each one.
          keys = fetched ?? keys;
          return keys;
        })
        .finally(() => {
          refreshing = undefined;
        });
      return refreshing;
    },
  };
}
