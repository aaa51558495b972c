/**
 * deploy/policies/egress: accepted by a real API server under Cilium's own definition, and what it selects and lists. No
 * Cilium runs here, so these tests don't show that it is enforced.
 */
import { readdir, readFile } from 'node:fs/promises';
import { BlockList, isIPv6 } from 'node:net';
import { dirname, join } from 'node:path';
import { beforeAll, describe, expect, test, vi } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';
import { ciliumPolicyDefinition } from '../../dev/cilium/definitions.ts';
import { type TestCluster, useCluster } from '../cluster.ts';

const folder = join(import.meta.dirname, '../../deploy/policies/egress');

const rangeSchema = z.strictObject({ cidr: z.string(), except: z.array(z.string()) });
const policySchema = z.object({
  spec: z.strictObject({
    description: z.string(),
    endpointSelector: z.strictObject({
      matchExpressions: z.array(
        z.strictObject({
          key: z.string(),
          operator: z.enum(['Exists', 'NotIn']),
          values: z.array(z.string()).default([]),
        }),
      ),
    }),
    // Nothing else opens a way: no entity beside the API server, no port rule, no name.
    egress: z.tuple([
      z.strictObject({ toEndpoints: z.tuple([z.strictObject({})]) }),
      z.strictObject({ toEntities: z.tuple([z.literal('kube-apiserver')]) }),
      z.strictObject({ toCIDRSet: z.array(rangeSchema) }),
    ]),
  }),
});

let policy: z.infer<typeof policySchema>;
let cluster: TestCluster;
beforeAll(async () => {
  policy = policySchema.parse(parse(await readFile(join(folder, 'members-egress.yaml'), 'utf8')));
  cluster = await useCluster();
  const { exitCode, stderr } = await cluster.kubectl([
    'apply',
    '--server-side',
    '--force-conflicts',
    '-f',
    await ciliumPolicyDefinition(),
  ]);
  if (exitCode !== 0) throw new Error(stderr);
});

test("is accepted by the API server under Cilium's own definition, and no field of it is unknown there", async () => {
  const apply = ['apply', '--server-side', '--dry-run=server', '--validate=strict', '-k', folder];
  // A definition is served a moment after it was accepted.
  const applied = await vi.waitFor(
    async () => {
      const result = await cluster.kubectl(apply);
      expect(result.stderr).not.toMatch(/no matches for kind|could not find/);
      return result;
    },
    { timeout: 120_000 },
  );
  expect(applied).toMatchObject({
    exitCode: 0,
    stdout: expect.stringContaining('ciliumclusterwidenetworkpolicy.cilium.io/members-egress serverside-applied'),
  });
});

describe('selects pods', () => {
  const selects = (labels: Readonly<Record<string, string>>): boolean =>
    policy.spec.endpointSelector.matchExpressions.every(({ key, operator, values }) => {
      const value = labels[key.replace(/^k8s:io\.cilium\.k8s\.namespace\.labels\./, '')];
      return operator === 'Exists' ? value !== undefined : value === undefined || !values.includes(value);
    });

  test.each([
    ['of a member', { 'poolc.org/owner': 'kim' }, true],
    ['of a namespace without an owner', {}, false],
    ['of a member whom an operator excepts', { 'poolc.org/owner': 'kim', 'poolc.org/allow-egress': 'true' }, false],
    ['of a member with another value', { 'poolc.org/owner': 'kim', 'poolc.org/allow-egress': 'false' }, true],
  ])('%s: %j %s', (_, labels, expected) => {
    expect(selects(labels)).toBe(expected);
  });
});

describe('lists addresses', () => {
  const lets = (address: string): boolean => {
    const [, , { toCIDRSet }] = policy.spec.egress;
    const family = isIPv6(address) ? 'ipv6' : 'ipv4';
    const isIn = (range: string): boolean => {
      const [network = '', length = ''] = range.split('/');
      if (isIPv6(network) !== isIPv6(address)) return false;
      const list = new BlockList();
      list.addSubnet(network, Number(length), family);
      return list.check(address, family);
    };
    return toCIDRSet.some(({ cidr, except }) => isIn(cidr) && !except.some(isIn));
  };

  test.each(['1.1.1.1', '140.82.112.3', '172.32.0.1', '100.128.0.1', '2606:4700::1111'])('%s is allowed', (address) => {
    expect(lets(address)).toBe(true);
  });

  test.each([
    '169.254.169.254',
    '10.0.0.1',
    '172.16.0.1',
    '172.31.255.254',
    '192.168.0.1',
    '100.64.0.1',
    '127.0.0.1',
    'fd00:ec2::254',
    'fe80::1',
    '::1',
    '64:ff9b::a9fe:a9fe',
    '::ffff:10.0.0.1',
    '::ffff:1.1.1.1',
  ])('%s is not', (address) => {
    expect(lets(address)).toBe(false);
  });
});

const kustomizationSchema = z.object({
  resources: z.array(z.string()).default([]),
  components: z.array(z.string()).default([]),
});

test('is off by default: nothing else that is shipped applies it', async () => {
  const deploy = join(import.meta.dirname, '../../deploy');
  const files = (await readdir(deploy, { recursive: true }))
    .filter((file) => file.endsWith('kustomization.yaml'))
    .map((file) => join(deploy, file));
  const applied = await Promise.all(
    files.map(async (file) => {
      const { resources, components } = kustomizationSchema.parse(parse(await readFile(file, 'utf8')));
      return { by: dirname(file), paths: [...resources, ...components].map((path) => join(dirname(file), path)) };
    }),
  );
  expect(applied.length).toBeGreaterThan(10);
  const those = applied.filter(({ paths }) => paths.some((path) => path === folder || path.startsWith(`${folder}/`)));
  expect(those.map(({ by }) => by)).toEqual([folder]);
});
