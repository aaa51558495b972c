/**
 * For each check a deployment in which it fails, or warns, for the right reason: one thing broken at a time on one control
 * plane, and fixed again, by the command that preflight prints where it prints one.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { describeAccounts } from './cases/accounts.ts';
import { describeApiServer } from './cases/api-server.ts';
import { describeCronJob } from './cases/cron-job.ts';
import { describeInCluster } from './cases/in-cluster.ts';
import { describeKeyAndDirectory } from './cases/key-and-directory.ts';
import { describeNamespaces } from './cases/namespaces.ts';
import { describeNoPermission } from './cases/no-permission.ts';
import { describeOutside } from './cases/outside.ts';
import { describePolicies } from './cases/policies.ts';
import { describeProbe } from './cases/probe.ts';
import { describeRights } from './cases/rights.ts';
import { describeTrustedNamespaces } from './cases/trusted-namespaces.ts';
import { type Desk, deskTimeoutMs, openDesk, problems } from './desk.ts';

let desk: Desk;
const deskOf = (): Desk => desk;
beforeAll(async () => {
  desk = await openDesk();
  await desk.deploy();
}, deskTimeoutMs);
afterAll(() => desk.close());

it('nothing is wrong to begin with', async () => {
  expect(problems(await desk.preflight())).toEqual({});
});

describe('the API server', () => {
  describeApiServer(deskOf);
});
describe('the namespaces', () => {
  describeNamespaces(deskOf);
});
describe('the API key, the endpoint and the directory', () => {
  describeKeyAndDirectory(deskOf);
});
describe('the CronJob, its settings and its schedule', () => {
  describeCronJob(deskOf);
});
describe('who may do what', () => {
  describeRights(deskOf);
  describeOutside(deskOf);
});
describe('the policies', () => {
  describePolicies(deskOf);
});
describe('the namespaces that the policies trust by name', () => {
  describeTrustedNamespaces(deskOf);
});
describe("the members' accounts", () => {
  describeAccounts(deskOf);
});
describe('the probe', () => {
  describeProbe(deskOf);
});
describe('anyone who may read nothing', () => {
  describeNoPermission(deskOf);
});
describe('the Job in the cluster', () => {
  describeInCluster(deskOf);
});

it('nothing is wrong in the end', async () => {
  expect(problems(await desk.preflight())).toEqual({});
});
