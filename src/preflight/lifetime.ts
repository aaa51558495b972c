/** How long a token may live on this cluster, from the API server's own mouth. */
import * as z from 'zod';
import { type ClusterClient, parseAnswer } from '../kube/client.ts';
import { warningsOf } from '../kube/warnings.ts';
import { Failure } from '../lib/failure.ts';
import { timeMessages } from '../lib/messages/preflight-deployment.ts';
import { accountPath } from '../registry/accounts.ts';

/** Ten years: longer than any clamp, and within what the API takes (2^32 s). */
export const askedSeconds = 315_360_000;
/** The token that comes with the answer is for nobody: the API server refuses it, and it is thrown away unread. */
const nobodysAudience = 'credentials-updater-preflight';

export interface MaximumLifetime {
  /** As long as was asked for where the API server has no maximum. */
  readonly grantedSeconds: number;
  /** What it says about shortening a request (its Warning header). */
  readonly warning: string | undefined;
  /** Whether it was not asked, and this is what the last run was granted. */
  readonly isOfLastRun?: boolean;
}

export interface AccountName {
  readonly namespace: string;
  readonly name: string;
}

const answerSchema = z.object({ spec: z.object({ expirationSeconds: z.number() }) });

/**
 * Asks for a token of the first account that exists and that we may ask for.
 * @throws Failure of the last one
 */
export async function askMaximumLifetime(
  client: ClusterClient,
  accounts: readonly AccountName[],
  signal: AbortSignal,
): Promise<MaximumLifetime> {
  let refused = new Failure('cluster', timeMessages.nobodyToAsk());
  for (const { namespace, name } of accounts) {
    try {
      const response = await client.call({
        method: 'POST',
        path: `${accountPath(namespace, name)}/token`,
        body: {
          apiVersion: 'authentication.k8s.io/v1',
          kind: 'TokenRequest',
          spec: { expirationSeconds: askedSeconds, audiences: [nobodysAudience] },
        },
        signal,
      });
      return {
        grantedSeconds: parseAnswer(answerSchema, response, 'a TokenRequest').spec.expirationSeconds,
        warning: warningsOf(response)[0],
      };
    } catch (error) {
      if (!(error instanceof Failure) || (error.status !== 403 && error.status !== 404)) throw error;
      refused = error;
    }
  }
  throw refused;
}
