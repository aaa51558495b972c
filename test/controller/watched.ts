/** The ConfigMaps of a namespace, watched over a wire that breaks; every change that was reported is held to what was known. */
import { onTestFinished } from 'vitest';
import { z } from 'zod';
import { createCertificateAuthority } from '../../dev/control-plane/certificates.ts';
import { type FaultProxy, type OpenStream, startFaultProxy } from '../../dev/fault-proxy/index.ts';
import { clientFor } from '../../src/kube/testing.ts';
import { type Watched, type WatchRequest, watchCollection } from '../../src/kube/watch.ts';
import { type Clock, systemClock } from '../../src/lib/clock.ts';
import { jsonLog } from '../../src/lib/log.ts';
import { Redactor } from '../../src/lib/redact.ts';
import { Secret } from '../../src/lib/secret.ts';
import { type TestCluster, useCluster } from '../cluster.ts';

const itemSchema = z
  .object({ metadata: z.object({ name: z.string() }), data: z.object({ value: z.string() }) })
  .transform(({ metadata, data }) => ({ name: metadata.name, value: data.value }));
export type Item = z.infer<typeof itemSchema>;

export interface WatchedWire {
  readonly cluster: TestCluster;
  readonly proxy: FaultProxy;
  readonly watched: Watched<Item>;
  /** Every change, as `name: before -> after`. */
  readonly changes: readonly string[];
  /** What did not fit what was known before. */
  readonly contradictions: readonly string[];
  /** How long it waited before each new attempt, in milliseconds. */
  readonly waits: readonly number[];
  readonly warnings: readonly string[];
  /** Creates or replaces one; undefined deletes it. */
  readonly set: (name: string, value: string | undefined) => Promise<void>;
  /** What is known, as `name=value`. */
  readonly known: () => string[];
  readonly lists: () => number;
  readonly watches: () => number;
  /** The watch that is open now, once there is one. */
  readonly openStream: () => Promise<OpenStream>;
  readonly collection: string;
}

/** What it may wait for in a test: an API server that starts again. */
export const patience = { timeout: 30_000, interval: 20 };

export async function useWatch(
  options: Partial<Pick<WatchRequest<Item>, 'idleMs' | 'watchMs'>> & {
    readonly existing?: TestCluster;
    readonly before?: Readonly<Record<string, string>>;
  } = {},
): Promise<WatchedWire> {
  const { existing, before = { kept: '1' }, ...times } = options;
  const cluster = existing ?? (await useCluster());
  const collection = `/api/v1/namespaces/${cluster.usersNamespace}/configmaps`;
  const authority = await createCertificateAuthority('the wire of a watch');
  const proxy = await startFaultProxy({
    upstream: { url: cluster.server, certificateAuthority: cluster.certificateAuthority },
    tls: await authority.issue({ commonName: 'fault-proxy', hosts: ['127.0.0.1'] }),
  });
  onTestFinished(() => proxy.close());
  const made = new Set<string>();
  const set: WatchedWire['set'] = async (name, value) => {
    const body = { metadata: { name }, data: { value } };
    const answer =
      value === undefined
        ? await cluster.request('DELETE', `${collection}/${name}`)
        : await (made.has(name)
            ? cluster.request('PUT', `${collection}/${name}`, body)
            : cluster.request('POST', collection, body));
    if (answer.status >= 300) throw new Error(`${name} was not set: ${JSON.stringify(answer.body)}`);
    if (value === undefined) made.delete(name);
    else made.add(name);
  };
  for (const [name, value] of Object.entries(before)) await set(name, value);

  const waits: number[] = [];
  const clock: Clock = {
    ...systemClock,
    sleep: (ms, signal) => {
      waits.push(ms);
      return systemClock.sleep(ms, signal);
    },
  };
  const changes: string[] = [];
  const contradictions: string[] = [];
  const replayed = new Map<string, string>();
  const lines: string[] = [];
  const stop = new AbortController();
  const watched = watchCollection(
    {
      client: clientFor({
        server: new URL(proxy.url),
        tls: { ca: authority.certificate },
        credential: { kind: 'token', token: new Secret(await administratorToken(cluster)) },
      }),
      path: collection,
      item: itemSchema,
      what: 'ConfigMaps',
      clock,
      random: Math.random,
      log: jsonLog({ level: 'warn', redactor: new Redactor(), write: (line) => void lines.push(line) }),
      signal: stop.signal,
      ...times,
    },
    (path, previous, after) => {
      const key = path.replace(`${cluster.usersNamespace}/`, '');
      changes.push(`${key}: ${previous?.value ?? 'none'} -> ${after?.value ?? 'none'}`);
      if (replayed.get(key) !== previous?.value) contradictions.push(changes.at(-1) ?? '');
      if (after === undefined) replayed.delete(key);
      else replayed.set(key, after.value);
    },
  );
  onTestFinished(async () => {
    stop.abort(new Error('the test is over'));
    await watched.ended;
  });
  await watched.listed;
  const count = (isWatch: boolean) =>
    proxy.requests.filter(({ path }) => path.includes('/configmaps?') && path.includes('watch=true') === isWatch)
      .length;
  return {
    cluster,
    proxy,
    watched,
    changes,
    contradictions,
    waits,
    warnings: lines,
    set,
    known: () => [...watched.objects.values()].map(({ name, value }) => `${name}=${value}`).toSorted(),
    lists: () => count(false),
    watches: () => count(true),
    openStream: async () => {
      const { promise, resolve } = Promise.withResolvers<OpenStream>();
      const look = () => {
        const stream = proxy.streams.at(-1);
        if (stream?.isOpen === true) resolve(stream);
        else setTimeout(look, 10);
      };
      look();
      return promise;
    },
    collection,
  };
}

const tokenSchema = z.object({ status: z.object({ token: z.string() }) });

/** Of an account that may do all that is done here; a client certificate would not pass through the proxy. */
async function administratorToken({ usersNamespace, request }: TestCluster): Promise<string> {
  const accounts = `/api/v1/namespaces/${usersNamespace}/serviceaccounts`;
  const rbac = `/apis/rbac.authorization.k8s.io/v1/namespaces/${usersNamespace}`;
  await request('POST', accounts, { metadata: { name: 'watcher' } });
  await request('POST', `${rbac}/roles`, {
    metadata: { name: 'watcher' },
    rules: [{ apiGroups: [''], resources: ['configmaps'], verbs: ['list', 'watch'] }],
  });
  await request('POST', `${rbac}/rolebindings`, {
    metadata: { name: 'watcher' },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: 'watcher' },
    subjects: [{ kind: 'ServiceAccount', name: 'watcher', namespace: usersNamespace }],
  });
  const { body } = await request('POST', `${accounts}/watcher/token`, { spec: { expirationSeconds: 3_600 } });
  return tokenSchema.parse(body).status.token;
}
