/** As whom we look at the cluster. */
import * as z from 'zod';
import { type ClusterClient, parseAnswer } from '../kube/client.ts';
import type { Identity } from './rbac.ts';

const reviewSchema = z.object({
  status: z.object({
    userInfo: z.object({
      username: z.string(),
      groups: z
        .array(z.string())
        .nullish()
        .transform((groups) => groups ?? []),
    }),
  }),
});

/** @throws Failure (cluster) where the cluster can't be reached, or doesn't know us */
export async function whoAmI(client: ClusterClient, signal: AbortSignal): Promise<Identity> {
  const response = await client.call({
    method: 'POST',
    path: '/apis/authentication.k8s.io/v1/selfsubjectreviews',
    body: { apiVersion: 'authentication.k8s.io/v1', kind: 'SelfSubjectReview' },
    signal,
    expected: [404],
  });
  // An API server that is too old for it; the check of its version says so.
  if (response.status === 404) return { user: 'unknown', groups: [] };
  const { userInfo } = parseAnswer(reviewSchema, response, 'a SelfSubjectReview').status;
  return { user: userInfo.username, groups: userInfo.groups };
}
