/** What was delivered to the Secrets of a namespace. */
import { z } from 'zod';
import type { ClusterAccess } from './control-plane/index.ts';

const accountAnnotation = 'credentials-updater.poolc.org/account';

const secretsSchema = z.object({
  items: z.array(
    z.object({
      metadata: z.object({ name: z.string(), annotations: z.record(z.string(), z.string()).default({}) }),
      data: z.record(z.string(), z.string()).default({}),
    }),
  ),
});

/** Tokens by account. */
export async function deliveredTokens(
  { request }: Pick<ClusterAccess, 'request'>,
  namespace: string,
): Promise<Map<string, string>> {
  const { body } = await request('GET', `/api/v1/namespaces/${namespace}/secrets`);
  return new Map(
    secretsSchema
      .parse(body)
      .items.map(({ metadata, data }) => [
        metadata.annotations[accountAnnotation] ?? metadata.name,
        Buffer.from(data['token'] ?? '', 'base64').toString(),
      ]),
  );
}
