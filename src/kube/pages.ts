/** Lists in pages, as every collection of the API is read. */
import * as z from 'zod';
import { Failure } from '../lib/failure.ts';
import { type ClusterClient, parseAnswer } from './client.ts';

const pageSize = 500;
const mostRestarts = 5;

export interface ListRequest<T> {
  readonly client: ClusterClient;
  /** Of the collection, such as `/api/v1/namespaces`. */
  readonly path: string;
  /** Selectors, where not everything is wanted. */
  readonly query?: Readonly<Record<string, string>>;
  readonly item: z.ZodType<T>;
  /** How the objects are called in a message. */
  readonly what: string;
  readonly signal: AbortSignal;
  /** For partial metadata. */
  readonly accept?: string;
}

export interface VersionedList<T> {
  readonly items: T[];
  /** undefined where the answer has none. */
  readonly resourceVersion: string | undefined;
}

/**
 * Every object of a collection, in pages of 500; begun anew when a page has expired (410 Gone).
 * @throws Failure (cluster)
 */
export async function listPages<T>(request: ListRequest<T>): Promise<T[]> {
  return (await listVersioned(request)).items;
}

/** The same, with the version that a watch goes on from. */
export async function listVersioned<T>(request: ListRequest<T>): Promise<VersionedList<T>> {
  for (let restart = 0; ; restart++) {
    try {
      return await readPages(request);
    } catch (error) {
      if (error instanceof Failure && error.status === 410 && restart < mostRestarts) continue;
      throw error;
    }
  }
}

async function readPages<T>({
  client,
  path,
  query,
  item,
  what,
  signal,
  accept,
}: ListRequest<T>): Promise<VersionedList<T>> {
  // An empty list of partial metadata has null for its items.
  const schema = z.object({
    metadata: z.object({ continue: z.string().optional(), resourceVersion: z.string().optional() }),
    items: z.array(item).nullish(),
  });
  const items: T[] = [];
  let resourceVersion: string | undefined;
  let token: string | undefined;
  do {
    const parameters = new URLSearchParams({
      limit: String(pageSize),
      ...query,
      ...(token === undefined ? {} : { continue: token }),
    });
    const response = await client.call({
      method: 'GET',
      path: `${path}?${parameters.toString()}`,
      signal,
      ...(accept === undefined ? {} : { accept }),
    });
    const page = parseAnswer(schema, response, what);
    items.push(...(page.items ?? []));
    token = page.metadata.continue || undefined;
    resourceVersion = page.metadata.resourceVersion;
  } while (token !== undefined);
  return { items, resourceVersion };
}
