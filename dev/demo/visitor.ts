/** A member at their own computer, with their token and kubectl. */
import { z } from 'zod';
import type { ClusterAccess, KubectlResult } from '../control-plane/index.ts';
import { deliveredTokens } from '../delivered-secrets.ts';
import type { PoolcApi } from '../poolc-api/index.ts';

export interface Visitor {
  readonly loginId: string;
  readonly token: string;
  /** How they came by the token: `logs in to …`. */
  readonly cameBy: string;
  readonly kubectl: (...args: string[]) => Promise<KubectlResult>;
}

/** Logs in to the club's site, and takes the token from it. @throws when it doesn't let them in, or has no token for them */
export async function logInAndVisit(
  api: PoolcApi,
  cluster: ClusterAccess,
  { uuid, loginId }: { uuid: string; loginId: string },
): Promise<Visitor> {
  const { accessToken } = await ask(`${api.url}/login`, z.object({ accessToken: z.string() }), {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ loginID: loginId, password: api.initialPassword(uuid) }),
  });
  const { key: token } = await ask(`${api.url}/kubernetes/me`, z.object({ key: z.string() }), {
    headers: { authorization: `Bearer ${accessToken}` },
  });
  const kubeconfig = await cluster.kubeconfigFor({ token });
  return {
    loginId,
    token,
    cameBy: "logs in to the club's site and takes the token from /kubernetes/me",
    kubectl: (...args) => cluster.kubectl(args, { kubeconfig }),
  };
}

/** Is given the Secret with their credentials. @throws when there is none for them */
export async function visitWithSecret(cluster: ClusterAccess, namespace: string, login: string): Promise<Visitor> {
  const token = (await deliveredTokens(cluster, namespace)).get(login);
  if (token === undefined) throw new Error(`There is no Secret for ${login}`);
  const kubeconfig = await cluster.kubeconfigFor({ token });
  return {
    loginId: login,
    token,
    cameBy: `is given what the Secret credentials-${login} holds`,
    kubectl: (...args) => cluster.kubectl(args, { kubeconfig }),
  };
}

async function ask<T>(url: string, schema: z.ZodType<T>, init: RequestInit): Promise<T> {
  const answer = await fetch(url, init);
  if (!answer.ok) throw new Error(`${url} answered with ${answer.status}`);
  return schema.parse(await answer.json());
}

/** When a token expires, and how long it lives, as it says itself. Seconds. */
export function lifetimeOf(token: string): { readonly expiresAt: number; readonly seconds: number } {
  const payload: unknown = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString());
  const { iat, exp } = z.object({ iat: z.number(), exp: z.number() }).parse(payload);
  return { expiresAt: exp, seconds: exp - iat };
}
