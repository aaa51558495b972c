/** Asks the API server who the bearer of a token is. */
import { Agent, request } from 'undici';
import { z } from 'zod';
import type { ClusterAccess } from './control-plane/index.ts';

export interface TokenReviewer extends AsyncDisposable {
  /** `system:serviceaccount:…`; undefined when the API server rejects the token (401). */
  readonly whoIs: (token: string) => Promise<string | undefined>;
}

const reviewSchema = z.object({ status: z.object({ userInfo: z.object({ username: z.string() }) }) });

/** On connections without a client certificate, which would speak for us where a token doesn't. */
export function reviewTokens({ server, certificateAuthority }: ClusterAccess): TokenReviewer {
  const dispatcher = new Agent({ connect: { ca: certificateAuthority }, connections: 8 });
  return {
    whoIs: async (token) => {
      const { statusCode, body } = await request(`${server}/apis/authentication.k8s.io/v1/selfsubjectreviews`, {
        method: 'POST',
        dispatcher,
        headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
        body: '{"apiVersion":"authentication.k8s.io/v1","kind":"SelfSubjectReview"}',
      });
      const answer = await body.json();
      return statusCode === 401 ? undefined : reviewSchema.parse(answer).status.userInfo.username;
    },
    [Symbol.asyncDispose]: () => dispatcher.destroy(),
  };
}
