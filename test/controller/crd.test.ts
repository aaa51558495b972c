/** The custom resource, judged by a real API server: what it takes, what it refuses and in which words, what kubectl shows. */
import { beforeAll, describe, expect, inject, test } from 'vitest';
import { z } from 'zod';
import { connectCluster } from '../../dev/control-plane/index.ts';
import { installCustomResource, memberSyncs } from '../../dev/controller/custom-resource.ts';
import { readCustomResource, renderCustomResource } from '../../dev/crd/index.ts';
import { findField } from '../../src/config/describe-fields.ts';
import { type TestCluster, useCluster } from '../cluster.ts';

const secretKeyRef = { name: 'key', key: 'API_KEY' };
const secrets = { namespace: 'lab-credentials' };
const file = { configMapKeyRef: { name: 'members', key: 'members.csv' } };
const lab = { directory: { file }, delivery: { secrets } };

let cluster: TestCluster;
beforeAll(async () => {
  await installCustomResource(await connectCluster(inject('cluster')));
  cluster = await useCluster();
});

async function create(spec: object, name = `lab-${Math.random().toString(36).slice(2)}`) {
  const { status, body } = await cluster.request('POST', memberSyncs(cluster.systemNamespace), {
    apiVersion: 'credentials-updater.poolc.org/v1alpha1',
    kind: 'MemberSync',
    metadata: { name },
    spec,
  });
  const { message = '' } = z.looseObject({ message: z.string().optional() }).parse(body);
  return { status, body, message };
}

test('the file in deploy/controller is what the settings table says now', async () => {
  expect(await readCustomResource(), 'run `npm run crd`').toBe(renderCustomResource());
});

test('a lab with a ConfigMap and Secrets is taken, with the defaults of the table filled in', async () => {
  const { status, body } = await create(lab);
  expect(status).toBe(201);
  expect(body).toMatchObject({
    spec: {
      accounts: { namespace: 'poolc-users' },
      token: { lifetime: '7d' },
      delivery: { secrets: { name: 'credentials-{account}' } },
      guard: { minMembers: 1, maxRemovals: 10, maxRemovalPercent: 25, maxAdditions: 50 },
      removalPolicy: 'Remove',
      deletionPolicy: 'Retain',
      suspend: false,
    },
  });
});

test('each kind of directory is taken', async () => {
  const http = {
    url: 'https://x.example/members',
    members: 'items',
    id: 'id',
    headers: { Authorization: { secretKeyRef } },
  };
  const ldap = { url: 'ldaps://ldap.example.org', base: 'dc=example', bindDN: 'cn=x', bindPassword: { secretKeyRef } };
  const poolc = { endpoint: 'https://api.example.org', apiKey: { secretKeyRef } };
  for (const directory of [{ http }, { ldap }, { file: { secretKeyRef } }])
    expect(await create({ directory, delivery: { none: {} } })).toMatchObject({ status: 201 });
  expect(await create({ directory: { poolc }, delivery: { poolc }, schedule: { cron: '0 15 * * 0' } })).toMatchObject({
    status: 201,
    body: { spec: { schedule: { timeZone: 'Etc/UTC' } } },
  });
});

describe('refused at admission, in words that say what to do', () => {
  test.each([
    ['no directory', { ...lab, directory: {} }, 'exactly one directory is needed: poolc, file, http, ldap'],
    [
      'two deliveries',
      { ...lab, delivery: { secrets, none: {} } },
      'exactly one delivery is needed: poolc, secrets, none',
    ],
    [
      'two places of a list',
      { ...lab, directory: { file: { ...file, secretKeyRef } } },
      'exactly one place of the list is needed: configMapKeyRef, secretKeyRef',
    ],
    [
      'an interval and a schedule',
      { ...lab, interval: '5m', schedule: { cron: '@daily' } },
      'only one of the two can say when runs happen',
    ],
    [
      'an interval that is not shorter than the lifetime',
      { ...lab, interval: '1d', token: { lifetime: '12h' } },
      'interval 1d (86400 s) is not shorter than token.lifetime 12h (43200 s)',
    ],
    [
      'an interval of the very lifetime, in another unit',
      { ...lab, interval: '720m', token: { lifetime: '12h' } },
      'interval 720m (43200 s) is not shorter than token.lifetime 12h (43200 s)',
    ],
    [
      'a renewal before the token begins',
      { ...lab, token: { lifetime: '1h', renewBefore: '90m' } },
      'token.renewBefore 90m (5400 s) is not shorter than token.lifetime 1h (3600 s)',
    ],
    [
      'Secrets beside the accounts',
      { ...lab, accounts: { namespace: 'lab-credentials' } },
      'another namespace is needed',
    ],
    ['a duration without a unit', { ...lab, interval: '300' }, 'spec.interval'],
    [
      'an API key in a file',
      { ...lab, directory: { poolc: { endpoint: 'https://x', apiKey: { file: '/k' } } } },
      'secretKeyRef',
    ],
    ['a policy that is none', { ...lab, removalPolicy: 'Keep' }, 'supported values: "Remove", "Report"'],
    ['no delivery', { directory: { file } }, 'spec.delivery'],
  ])('%s', async (_, spec, message) => {
    const refused = await create(spec);
    expect(refused).toMatchObject({ status: 422 });
    expect(refused.message).toContain(message);
  });

  test('a name that its records could not begin with', async () => {
    const refused = await create(lab, 'lab.example');
    expect(refused).toMatchObject({ status: 422 });
    expect(refused.message).toContain('at most 63 characters, and no dot');
  });

  test('a field that does not exist, where kubectl asks for strict validation', async () => {
    const document = {
      apiVersion: 'credentials-updater.poolc.org/v1alpha1',
      kind: 'MemberSync',
      metadata: { name: 'strict', namespace: cluster.systemNamespace },
      spec: { ...lab, delvery: {} },
    };
    const { exitCode, stderr } = await cluster.kubectl(['create', '-f', '-'], { input: JSON.stringify(document) });
    expect(exitCode).not.toBe(0);
    expect(stderr).toContain('unknown field "spec.delvery"');
  });
});

test('the longest document that the schema takes is not too dear for the rules', async () => {
  const groups = Array.from({ length: 100 }, (_, index) => `cn=${index},${'x'.repeat(4_000)}`);
  const ldap = { url: 'ldaps://ldap.example.org', base: 'dc=example', groups };
  expect(
    await create({ ...lab, directory: { ldap }, interval: '99999999999s', token: { lifetime: '9999999999d' } }),
  ).toMatchObject({ status: 201 });
});

test('kubectl knows the short name, and explains each field in the words of the table', async () => {
  await create(lab, 'shown');
  const { stdout } = await cluster.kubectl(['get', 'msync', '-n', cluster.systemNamespace, 'shown']);
  expect(stdout).toMatch(/^NAME +READY +MEMBERS +LAST SYNC +NEXT +EARLIEST EXPIRY +AGE/);
  for (const path of [
    'spec.token.lifetime',
    'spec.directory.ldap.filter',
    'spec.delivery.secrets.name',
    'spec.guard',
  ]) {
    const field = findField(path.split('.'));
    const explained = await cluster.kubectl(['explain', `msync.${path}`]);
    expect(explained.stdout.replaceAll(/\s+/g, ' ')).toContain('description' in field ? field.description : path);
  }
});
