/**
 * What a gateway and its operators keep beside the accounts, where an answer is lost, or an account is gone whose records
 * Kubernetes has not removed yet: no garbage collector runs here.
 */
import { randomUUID } from 'node:crypto';
import { expect, onTestFinished, test } from 'vitest';
import { z } from 'zod';
import { createCertificateAuthority } from '../dev/control-plane/certificates.ts';
import { type Answer, type FaultProxy, startFaultProxy } from '../dev/fault-proxy/index.ts';
import { newDeviceKey, publicPartOf, thumbprintOf } from '../src/devices/device-key.ts';
import type { EnrolmentRequest } from '../src/devices/enrolment-request.ts';
import { enrolDevice } from '../src/gateway/enrol.ts';
import { sweepDevices } from '../src/gateway/sweep.ts';
import type { ClusterClient } from '../src/kube/client.ts';
import { clientFor } from '../src/kube/testing.ts';
import { systemClock } from '../src/lib/clock.ts';
import { jsonLog } from '../src/lib/log.ts';
import { Redactor } from '../src/lib/redact.ts';
import { Secret } from '../src/lib/secret.ts';
import { makeEnrolmentCode } from '../src/operator/enroll.ts';
import { claimAccount } from '../src/registry/identities.ts';
import { defaultSyncName } from '../src/registry/place.ts';
import { type TestCluster, useCluster } from './cluster.ts';

const gateway = 'https://login.example.org';
const signal = AbortSignal.timeout(200_000);

interface Records {
  readonly cluster: TestCluster;
  readonly proxy: FaultProxy;
  readonly client: ClusterClient;
  /** Until the next answer, for the client's clock alone. */
  readonly passDays: (days: number) => void;
  /** Makes an owned account, in place of one of that name. */
  readonly account: (name: string) => Promise<{ readonly name: string; readonly uid: string }>;
  /** The names of the Secrets of a kind: `device`, `enrolment-code`, `identity`. */
  readonly secrets: (kind: string) => Promise<string[]>;
}

const objectSchema = z.object({ metadata: z.object({ name: z.string(), uid: z.string() }) });
const listSchema = z.object({ items: z.array(objectSchema) });
const tokenSchema = z.object({ status: z.object({ token: z.string() }) });

async function useRecords(): Promise<Records> {
  const cluster = await useCluster();
  const { request, usersNamespace: namespace } = cluster;
  const accounts = `/api/v1/namespaces/${namespace}/serviceaccounts`;
  const create = async (path: string, body: object) => {
    const answer = await request('POST', path, body);
    if (answer.status !== 201) throw new Error(`POST ${path}: ${answer.status} ${JSON.stringify(answer.body)}`);
    return answer.body;
  };
  await create(accounts, { metadata: { name: 'operator' } });
  // It reads the names given too, which lie elsewhere.
  await create('/apis/rbac.authorization.k8s.io/v1/clusterrolebindings', {
    metadata: { name: namespace },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'cluster-admin' },
    subjects: [{ kind: 'ServiceAccount', name: 'operator', namespace }],
  });
  const token = tokenSchema.parse(await create(`${accounts}/operator/token`, { spec: {} })).status.token;
  const authority = await createCertificateAuthority("the wire of a gateway's records");
  const proxy = await startFaultProxy({
    upstream: { url: cluster.server, certificateAuthority: cluster.certificateAuthority },
    tls: await authority.issue({ commonName: 'fault-proxy', hosts: ['127.0.0.1'] }),
  });
  onTestFinished(() => proxy.close());
  let passedMs = 0;
  const client = clientFor(
    {
      server: new URL(proxy.url),
      tls: { ca: authority.certificate },
      credential: { kind: 'token', token: new Secret(token) },
    },
    { ...systemClock, monotonic: () => systemClock.monotonic() + passedMs },
  );
  return {
    cluster,
    proxy,
    client,
    passDays: (days) => {
      passedMs += days * 86_400_000;
    },
    account: async (name) => {
      await request('DELETE', `${accounts}/${name}`);
      const body = await create(accounts, {
        metadata: {
          name,
          labels: { 'app.kubernetes.io/managed-by': 'credentials-updater' },
          annotations: { 'credentials-updater/user-uuid': randomUUID() },
        },
      });
      const { metadata } = objectSchema.parse(body);
      return { name, uid: metadata.uid };
    },
    secrets: async (kind) => {
      const selector = encodeURIComponent(`type=credentials-updater.poolc.org/${kind}`);
      const { body } = await request('GET', `/api/v1/namespaces/${namespace}/secrets?fieldSelector=${selector}`);
      return listSchema.parse(body).items.map(({ metadata }) => metadata.name);
    },
  };
}

const makeCode = ({ cluster, client }: Records, member: string) =>
  makeEnrolmentCode(
    {
      target: { client, namespace: cluster.usersNamespace },
      registry: { namespace: cluster.systemNamespace, name: defaultSyncName },
      removalPolicy: 'Remove',
      clock: systemClock,
      random: Math.random,
      redactor: new Redactor(),
      signal,
      commandLine: (command) => command,
    },
    member,
    { directory: { unavailable: 'no directory here' }, gateway },
  );

const tokens = { method: 'POST', path: /\/serviceaccounts\/kim\/token$/ };

test('a code whose token can not be minted leaves nothing behind', async () => {
  const records = await useRecords();
  await records.account('kim');
  const refusal = { kind: 'Status', code: 400, reason: 'BadRequest', message: 'no tokens today' };
  const rule = records.proxy.addFault(tokens, { kind: 'status', status: 400, body: JSON.stringify(refusal) });
  await expect(makeCode(records, 'kim')).rejects.toThrow('no tokens today');
  expect(rule.hits).toBe(1);
  expect(await records.secrets('enrolment-code')).toEqual([]);
});

test('a code whose token is not bound to it, as before Kubernetes 1.33, leaves nothing behind', async () => {
  const records = await useRecords();
  await records.account('kim');
  const unbound = async () => {
    const path = `/api/v1/namespaces/${records.cluster.usersNamespace}/serviceaccounts/kim/token`;
    const spec = { audiences: [gateway], expirationSeconds: 86_400 };
    return Buffer.from(JSON.stringify((await records.cluster.request('POST', path, { spec })).body));
  };
  const body = await unbound();
  records.proxy.addFault(tokens, { kind: 'rewrite', change: (answer: Answer) => ({ ...answer, body }) });
  await expect(makeCode(records, 'kim')).rejects.toThrow('not bound to its Secret');
  expect(await records.secrets('enrolment-code')).toEqual([]);
});

test('a code is made where the answer to the creation of its Secret was lost', async () => {
  const records = await useRecords();
  await records.account('kim');
  const lost = records.proxy.addFault({ method: 'POST', path: /\/secrets$/, nth: 1 }, { kind: 'commit-then-drop' });
  const { secret } = await makeCode(records, 'kim');
  expect(lost.hits).toBe(1);
  expect(await records.secrets('enrolment-code')).toEqual([secret]);
});

async function newRequest(): Promise<EnrolmentRequest> {
  const key = publicPartOf(await newDeviceKey());
  return { key, thumbprint: await thumbprintOf(key), name: 'laptop', commitment: 'x', expiresAt: 0 };
}

const contextOf = ({ cluster, client }: Records) => ({
  client,
  namespace: cluster.usersNamespace,
  clock: systemClock,
  log: jsonLog({ level: 'error', redactor: new Redactor(), write: () => undefined }),
  metrics: { count: () => undefined },
});

test('a device of a deleted account is no device of the next one of that name', async () => {
  const records = await useRecords();
  const context = contextOf(records);
  const device = await newRequest();
  const leaver = await records.account('kim');
  expect(await enrolDevice(context, device, leaver, signal)).toMatchObject({ account: 'kim' });
  expect(await enrolDevice(context, device, leaver, signal)).toMatchObject({ account: 'kim' });
  const namesake = await records.account('kim');
  expect(await enrolDevice(context, device, namesake, signal)).toBe('enrolled by another');
  expect(await records.secrets('device')).toEqual([expect.stringContaining(leaver.uid)]);
});

test('codes that nobody used are removed, though a device can not be', async () => {
  const records = await useRecords();
  const context = contextOf(records);
  const kim = await records.account('kim');
  await enrolDevice(context, await newRequest(), kim, signal);
  await makeCode(records, 'kim');
  const stays = { kind: 'Status', code: 422, reason: 'Invalid', message: 'this one stays' };
  records.proxy.addFault(
    { method: 'DELETE', path: /\/secrets\/device-/ },
    { kind: 'status', status: 422, body: JSON.stringify(stays) },
  );
  records.passDays(365);
  await expect(sweepDevices(context, 3_600, signal)).rejects.toThrow('this one stays');
  expect(await records.secrets('enrolment-code')).toEqual([]);
  expect(await records.secrets('device')).toHaveLength(1);
});

test('whoever logged in to an account that is deleted may log in to their next one, and nobody else to theirs', async () => {
  const records = await useRecords();
  const { client } = records;
  const { usersNamespace } = records.cluster;
  const [person, stranger] = ['1', '2'].map((subject) => ({ issuer: 'https://id.example.org', subject }));
  if (person === undefined || stranger === undefined) throw new Error('nobody');
  const claim = (account: { name: string; uid: string }, who: typeof person) =>
    claimAccount(client, usersNamespace, account, who, signal);
  const first = await records.account('kim');
  expect(await claim(first, person)).toBe(true);
  const other = await records.account('lee');
  // While that account is there, they get no second one.
  expect(await claim(other, person)).toBe(false);
  const next = await records.account('kim');
  expect(await records.secrets('identity')).toEqual([`identity-${first.uid}`]);
  expect(await claim(next, person)).toBe(true);
  expect(await claim(next, stranger)).toBe(false);
  expect(await claim(other, person)).toBe(false);
});
