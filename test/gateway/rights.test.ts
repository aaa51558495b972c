/** The rights of deploy/gateway, held to the API server's audit log: each is used, and nothing else is asked for (P6). */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { fieldOf, logInAs } from '../../dev/gateway/browser.ts';
import { sweepDevices } from '../../src/gateway/sweep.ts';
import { systemClock } from '../../src/lib/clock.ts';
import { openOurs } from '../kubeconfig/our-client.ts';
import { compareRights, everyonesRoles, readAuditLog, roleSchema } from '../rbac-audit.ts';
import { type GatewayLab, startLab, systemNamespace, usersNamespace } from './lab.ts';
import { connectedDevice, renew } from './test-device.ts';

const deploy = join(import.meta.dirname, '../../deploy/gateway');
const account = `system:serviceaccount:${systemNamespace}:credentials-updater-gateway`;
let lab: GatewayLab;

beforeAll(async () => {
  lab = await startLab();
});
afterAll(async () => {
  await lab[Symbol.asyncDispose]();
});

test('used = granted, from an empty namespace over logins, renewals, a kubeconfig and a removal to the sweep', async () => {
  // Before the first account: whether the namespace is there at all is asked for then.
  await lab.startGateway();
  await lab.addMember('kim');
  const device = await connectedDevice(lab, 'kim');
  await renew(lab, device);
  const { browser, page } = await logInAs(lab, 'kim');
  const csrf = fieldOf(page, 'csrf');
  expect((await browser.post(`${lab.origin}/kubeconfig`, { csrf })).status).toBe(200);
  await browser.post(`${lab.origin}/devices/remove`, { csrf, device: device.name });
  await browser.close();
  const client = await openOurs({ file: await lab.gatewayKubeconfig() });
  const quiet = () => undefined;
  const log = { debug: quiet, info: quiet, warn: quiet, error: quiet };
  await sweepDevices(
    { client, namespace: usersNamespace, clock: systemClock, log },
    3_600,
    AbortSignal.timeout(60_000),
  );

  const granted = parseAllDocuments(await readFile(join(deploy, 'rbac.yaml'), 'utf8'))
    .map((document) => document.toJS())
    .filter(({ kind }) => kind === 'Role')
    .map((role) => roleSchema.parse(role));
  const events = readAuditLog(await readFile(lab.controlPlane.auditLog, 'utf8'), account);
  const everyone = await everyonesRoles(lab.controlPlane);
  const compared = compareRights({ events, granted, everyone });
  expect(compared).toEqual({ grantedNotUsed: [], usedNotGranted: [] });

  // The comparison itself: a right less is seen.
  const less = granted.map((role) => ({ ...role, rules: role.rules.slice(0, -1) }));
  expect(compareRights({ events, granted: less, everyone }).usedNotGranted).not.toEqual([]);
});

test('the examples name what deploy/gateway has: Secret, Service and port', async () => {
  const { kubectl } = lab.controlPlane;
  const ingress = await kubectl(['apply', '--dry-run=server', '-f', 'deploy/gateway/examples/ingress.yaml']);
  expect(ingress).toMatchObject({ exitCode: 0, stderr: '' });
  const objects = async (file: string) =>
    parseAllDocuments(await readFile(join(deploy, file), 'utf8')).map((document) => document.toJS());
  const [deployment] = await objects('deployment.yaml');
  const secret = deployment.spec.template.spec.volumes[0].secret.secretName;
  const [certificate] = await objects('examples/certificate.yaml');
  expect(certificate.spec.secretName).toBe(secret);
  const [service] = await objects('service.yaml');
  const [{ spec }] = await objects('examples/ingress.yaml');
  expect(spec.tls[0].secretName).toBe(secret);
  expect(spec.rules[0].http.paths[0].backend.service).toEqual({ name: service.metadata.name, port: { name: 'https' } });
  expect(service.spec.ports).toEqual([expect.objectContaining({ name: 'https', port: 443 })]);
  const [gateway, route, policy] = await objects('examples/gateway-api.yaml');
  expect(gateway.spec.listeners[0].tls.certificateRefs).toEqual([{ name: secret }]);
  expect(route.spec.rules[0].backendRefs).toEqual([{ name: service.metadata.name, port: 443 }]);
  expect(policy.spec.targetRefs[0].name).toBe(service.metadata.name);
});
