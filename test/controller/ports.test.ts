/** What the kubelet and Prometheus ask a controller: over HTTP, of the process itself. */
import { createServer } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { freePort } from '../../dev/control-plane/daemon.ts';
import { ready } from '../../dev/controller/status.ts';
import { runController } from '../../src/controller/controller.ts';
import { Liveness } from '../../src/controller/liveness.ts';
import { ControllerMetrics } from '../../src/controller/metrics.ts';
import { servePorts } from '../../src/controller/ports.ts';
import { clientFor } from '../../src/kube/testing.ts';
import { systemClock } from '../../src/lib/clock.ts';
import { jsonLog } from '../../src/lib/log.ts';
import { Redactor } from '../../src/lib/redact.ts';
import { Secret } from '../../src/lib/secret.ts';
import { leaderLeaseName } from '../../src/run/leader-lease.ts';
import { openCable } from '../promises/controllers.ts';
import { type Lab, useLab } from './lab.ts';

const isReady = async (lab: Lab) => ready(await lab.status())?.status === 'True';

async function twoPorts() {
  const [health, metrics] = [await freePort(), await freePort()];
  const ask = async (port: number, path: string, method = 'GET') => {
    const answer = await fetch(`http://127.0.0.1:${port}${path}`, { method });
    return { status: answer.status, text: await answer.text(), type: answer.headers.get('content-type') ?? '' };
  };
  return {
    env: { HEALTH_PORT: `${health}`, METRICS_PORT: `${metrics}` },
    health: (path: string, method?: string) => ask(health, path, method),
    metrics: (path = '/metrics') => ask(metrics, path),
    ports: { health, metrics },
  };
}

test('healthy while the API server is away, ready once the MemberSyncs are known, metrics without names', async () => {
  const lab = await useLab();
  await lab.setMembers(['kim-of-the-lab', 'lee-of-the-lab']);
  await lab.createSync();
  const cable = await openCable(lab);
  const connect = cable.cut();
  const { env, health, metrics } = await twoPorts();
  await lab.controller({ ...env, KUBECONFIG: cable.kubeconfig, LEADER_LEASE: '4s' });
  const answers = async () => (await health('/healthz').catch(() => undefined))?.status === 200;
  await lab.until('it answers', answers);
  expect(await health('/readyz')).toMatchObject({ status: 503, text: 'the MemberSyncs are not known yet\n' });
  connect();
  await lab.until('ready', async () => (await health('/readyz')).status === 200);
  await lab.until('Ready', () => isReady(lab));
  const labels = `membersync_namespace="${lab.cluster.systemNamespace}",membersync="lab"`;
  await lab.until('told', async () => (await metrics()).text.includes(`{${labels},type="Ready"} 1\n`));
  const { text, type } = await metrics();
  expect(type).toContain('text/plain');
  expect(text).toContain('credentials_updater_controller_leader 1\n');
  expect(text).toContain(`credentials_updater_membersync_members{${labels}} 2\n`);
  expect(text).toContain(`credentials_updater_membersync_accounts{${labels}} 2\n`);
  expect(text).toMatch(/\ncredentials_updater_controller_requests_total [1-9]\d*\n/);
  expect(text).not.toContain('of-the-lab');
  // Every line is one that Prometheus reads, and each metric is described.
  for (const line of text.trimEnd().split('\n'))
    expect(line).toMatch(/^(# (HELP|TYPE) credentials_updater_\w+ .+|credentials_updater_\w+(\{[^}]*\})? -?[\d.e+]+)$/);

  // Away once more: a restart would mend nothing.
  cable.cut();
  await lab.until('it leads no more', async () => (await metrics()).text.includes('controller_leader 0\n'));
  expect(await health('/healthz')).toMatchObject({ status: 200, text: 'ok\n' });

  expect((await health('/metrics')).status).toBe(404);
  expect((await metrics('/healthz')).status).toBe(404);
  expect((await health('/healthz', 'POST')).status).toBe(404);
  expect((await health('/healthz?verbose')).status).toBe(200);
  expect((await health('/../../etc/passwd')).status).toBe(404);
});

const takeLease = ({ cluster: { systemNamespace, request } }: Lab) =>
  request('PATCH', `/apis/coordination.k8s.io/v1/namespaces/${systemNamespace}/leases/${leaderLeaseName}`, {
    spec: { holderIdentity: 'another', renewTime: null },
  });

test.each([
  ['a pass does not end in its time', { passSeconds: 2 }, undefined, /^the pass over \S+\/lab should have ended/],
  ['its Lease is lost and its term does not end', { passSeconds: 900 }, takeLease, /^the leadership ran out, and has/],
])('not healthy when %s', async (_, { passSeconds }, trouble, expected) => {
  const lab = await useLab();
  await lab.setMembers(['kim']);
  await lab.createSync();
  const { systemNamespace, server, certificateAuthority } = lab.cluster;
  const stop = new AbortController();
  const hangs = Promise.withResolvers<never>();
  const liveness = new Liveness(systemClock, 500);
  const metrics = new ControllerMetrics();
  const { ports, health } = await twoPorts();
  await servePorts(
    ports,
    { stuck: () => liveness.stuck(), isReady: () => metrics.isReady, metrics: () => metrics.exposition() },
    stop.signal,
  );
  const opened = Promise.withResolvers<void>();
  const ended = runController({
    client: clientFor({
      server: new URL(server),
      tls: { ca: certificateAuthority },
      credential: { kind: 'token', token: new Secret(lab.controllerToken) },
    }),
    namespace: systemNamespace,
    watchedNamespaces: [systemNamespace],
    host: 'wedged',
    leaseSeconds: 4,
    passSeconds,
    timing: { gatherMs: 0, everyMs: 0 },
    concurrency: 4,
    clock: systemClock,
    random: Math.random,
    log: jsonLog({ level: 'error', redactor: new Redactor(), write: () => undefined }),
    metrics,
    liveness,
    // Deaf to every signal, as a defect would be.
    open: () => {
      opened.resolve();
      return hangs.promise;
    },
    signal: stop.signal,
  });
  await opened.promise;
  expect(await health('/healthz')).toMatchObject({ status: 200, text: 'ok\n' });
  await trouble?.(lab);
  await lab.until('unhealthy', async () => (await health('/healthz')).status === 503);
  expect((await health('/healthz')).text).toMatch(expected);
  hangs.reject(new Error('let go at last'));
  await lab.until('healthy', async () => (await health('/healthz')).status === 200);
  stop.abort(new Error('the test is over'));
  await ended;
});

test.each(['HEALTH_PORT', 'METRICS_PORT'] as const)(
  '%s that is taken is said, and the process ends',
  async (setting) => {
    const lab = await useLab();
    const taken = createServer();
    onTestFinished(() => void taken.close());
    const { env } = await twoPorts();
    const { promise, resolve } = Promise.withResolvers<void>();
    taken.listen(Number(env[setting]), () => resolve());
    await promise;
    const controller = await lab.controller(env);
    expect(await controller.ended).toBe(2);
    expect(controller.log()).toContain(`${setting}=${env[setting]} can't be listened on`);
  },
);
