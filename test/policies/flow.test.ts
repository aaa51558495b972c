/**
 * deploy/policies/base/flow.yaml under load: members who fill their part of the API server, and queue for it, don't keep
 * the updater or an operator waiting. A webhook holds their requests, so that this shows an outcome and no duration.
 */
import { createServer } from 'node:https';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, expect, it, onTestFinished } from 'vitest';
import { z } from 'zod';
import { createCertificateAuthority } from '../../dev/control-plane/certificates.ts';
import { type ControlPlane, startControlPlane } from '../../dev/control-plane/index.ts';
import { openSession, type Session } from './session.ts';

const base = join(import.meta.dirname, '../../deploy/policies/base');
const members = ['alice', 'bob', 'carol'];
/** Three members' together; their part of this API server has 7 seats or fewer. */
const requestsEach = 20;

let cluster: ControlPlane;
beforeAll(async () => {
  // 90 requests at once, where the default is 600: so few fill it.
  const apiServerArgs = { 'max-requests-inflight': '60', 'max-mutating-requests-inflight': '30' };
  cluster = await startControlPlane({ apiServerArgs, onProgress: console.error });
  for (const namespace of ['poolc-users', 'poolc-system'])
    await make('/api/v1/namespaces', { metadata: { name: namespace } });
  for (const name of members) await make('/api/v1/namespaces/poolc-users/serviceaccounts', { metadata: { name } });
  const system = 'namespaces/poolc-system';
  await make(`/api/v1/${system}/serviceaccounts`, { metadata: { name: 'credentials-updater' } });
  await make(`/apis/rbac.authorization.k8s.io/v1/${system}/roles`, {
    metadata: { name: 'lease' },
    rules: [{ apiGroups: ['coordination.k8s.io'], resources: ['leases'], verbs: ['create', 'get', 'update'] }],
  });
  await make(`/apis/rbac.authorization.k8s.io/v1/${system}/rolebindings`, {
    metadata: { name: 'lease' },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: 'lease' },
    subjects: [{ kind: 'ServiceAccount', name: 'credentials-updater', namespace: 'poolc-system' }],
  });
}, 300_000);
afterAll(() => cluster.stop());

async function make(path: string, object: object): Promise<void> {
  const { status, body } = await cluster.request('POST', path, object);
  if (status !== 201) throw new Error(`${path}: ${status} ${JSON.stringify(body)}`);
}

const tokenSchema = z.object({ status: z.object({ token: z.string() }) });

async function sessionOf(namespace: string, account: string): Promise<Session> {
  const path = `/api/v1/namespaces/${namespace}/serviceaccounts/${account}/token`;
  return openSession(cluster, tokenSchema.parse((await cluster.request('POST', path, {})).body).status.token);
}

const reviewSchema = z.object({ request: z.object({ uid: z.string(), userInfo: z.object({ username: z.string() }) }) });

/** A webhook that is asked about new namespaces, and doesn't answer before it is told to. */
async function holdingWebhook() {
  let release = (): void => undefined;
  const released = new Promise<void>((resolve) => (release = resolve));
  let held = 0;
  const authority = await createCertificateAuthority('webhook');
  const { certificate, key } = await authority.issue({ commonName: 'webhook', hosts: ['127.0.0.1'] });
  const server = createServer({ cert: certificate, key }, (request, response) => {
    void text(request).then(async (body) => {
      const { uid } = reviewSchema.parse(JSON.parse(body)).request;
      held++;
      await released;
      held--;
      const review = { apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview', response: { uid, allowed: true } };
      response.setHeader('content-type', 'application/json').end(JSON.stringify(review));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    release();
    server.close();
  });
  const { port } = z.object({ port: z.number() }).parse(server.address());
  const name = 'holding.example.org';
  await make('/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations', {
    metadata: { name },
    webhooks: [
      {
        name,
        clientConfig: {
          url: `https://127.0.0.1:${port}/`,
          caBundle: Buffer.from(authority.certificate).toString('base64'),
        },
        rules: [{ apiGroups: [''], apiVersions: ['v1'], operations: ['CREATE'], resources: ['namespaces'] }],
        admissionReviewVersions: ['v1'],
        sideEffects: 'None',
        timeoutSeconds: 30,
        failurePolicy: 'Ignore',
      },
    ],
  });
  return { held: () => held, release };
}

/** Requests of the members' priority level, as the API server counts them. */
async function requestsOfMembers(which: 'executing' | 'inqueue'): Promise<number> {
  const { body } = await cluster.request('GET', '/metrics');
  const metric = `apiserver_flowcontrol_current_${which}_requests{flow_schema="poolc-members",priority_level="poolc-members"}`;
  const line = String(body)
    .split('\n')
    .find((each) => each.startsWith(metric));
  return Number(line?.split(' ').at(-1) ?? 0);
}

it("members who fill their part of the API server, and queue for it, don't keep the updater's Lease waiting", async () => {
  const applied = await cluster.kubectl(['apply', '-k', base]);
  expect(applied).toMatchObject({ exitCode: 0 });
  const sessions = await Promise.all(members.map((name) => sessionOf('poolc-users', name)));
  const updater = await sessionOf('poolc-system', 'credentials-updater');
  const webhook = await holdingWebhook();
  // A webhook, a FlowSchema and a binding are in force a moment after they were accepted.
  const [alice] = sessions;
  const namespace = (name: string) => ({
    method: 'POST' as const,
    path: '/api/v1/namespaces',
    body: { metadata: { name } },
  });
  const first = alice?.(namespace('first'), { dryRun: true });
  await expect.poll(webhook.held, { timeout: 60_000 }).toBeGreaterThan(0);

  const flood = sessions.flatMap((session, member) =>
    Array.from({ length: requestsEach }, (_, index) => session(namespace(`n-${member}-${index}`), { dryRun: true })),
  );
  await expect.poll(() => requestsOfMembers('inqueue'), { timeout: 20_000 }).toBeGreaterThan(0);

  const leases = '/apis/coordination.k8s.io/v1/namespaces/poolc-system/leases';
  const lease = {
    metadata: { name: 'credentials-updater' },
    spec: { holderIdentity: 'a run', leaseDurationSeconds: 90 },
  };
  const taken = await updater({ method: 'POST', path: leases, body: lease });
  const renewed = await updater({ method: 'PUT', path: `${leases}/credentials-updater`, body: taken.body });
  const operators = await cluster.request('GET', '/api/v1/namespaces/poolc-users/serviceaccounts');
  expect([taken.status, renewed.status, operators.status]).toEqual([201, 200, 200]);
  // All that while, members had all of what is theirs, and waited for more.
  expect(await requestsOfMembers('inqueue')).toBeGreaterThan(0);
  expect(webhook.held()).toBeGreaterThan(0);

  webhook.release();
  expect(new Set((await Promise.all([first, ...flood])).map((answer) => answer?.status))).toEqual(new Set([201]));
});
