import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parse, parseAllDocuments, stringify } from 'yaml';
import { Failure } from '../lib/failure.ts';
import { Secret } from '../lib/secret.ts';
import { type KubeconfigEntry, mergeKubeconfig, renderKubeconfig } from './kubeconfig-document.ts';

const entry: KubeconfigEntry = {
  cluster: {
    name: 'pks',
    server: new URL('https://pks.example.org:6443'),
    certificateAuthority: '-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n',
  },
  user: { name: 'alice@pks', credential: { token: new Secret('the-token') } },
  contextName: 'alice@pks',
};
const plugin = {
  apiVersion: 'client.authentication.k8s.io/v1',
  command: 'credentials-updater',
  args: ['get-token'],
  interactiveMode: 'Never',
} as const;
const withPlugin: KubeconfigEntry = { ...entry, user: { name: 'alice@pks', credential: { exec: plugin } } };

const merge = (
  existing: string | undefined,
  options: { makeCurrent?: boolean; replace?: boolean } = {},
  what = entry,
) => mergeKubeconfig(existing, what, { file: 'config', makeCurrent: false, replace: false, ...options });

describe('a kubeconfig of its own', () => {
  it('has one cluster with its CA, one user and one context, which is the current one', () => {
    expect(parse(renderKubeconfig(entry))).toEqual({
      apiVersion: 'v1',
      kind: 'Config',
      clusters: [
        {
          name: 'pks',
          cluster: {
            server: 'https://pks.example.org:6443',
            'certificate-authority-data': Buffer.from(entry.cluster.certificateAuthority ?? '').toString('base64'),
          },
        },
      ],
      users: [{ name: 'alice@pks', user: { token: 'the-token' } }],
      contexts: [{ name: 'alice@pks', context: { cluster: 'pks', user: 'alice@pks' } }],
      'current-context': 'alice@pks',
    });
  });

  it('never skips TLS verification unless that was asked for', () => {
    expect(renderKubeconfig(entry)).not.toContain('insecure');
    const asked = { ...entry, cluster: { ...entry.cluster, insecureSkipTlsVerify: true } };
    expect(renderKubeconfig(asked)).toContain('insecure-skip-tls-verify: true');
  });
});

describe('a merge into a kubeconfig', () => {
  it('leaves numbers of others as they were written', () => {
    const numbers =
      '{id: 12345678901234567890, oct: 0123, f: 1.10, e: 1e3, h: 0x1F, big: 1234567890123456789.5, n: .inf, o: 0o17, t: "12"}';
    const merged = merge(`preferences: ${numbers}\n`);
    expect(merged).toContain(`preferences: ${numbers.replace('{', '{ ').replace('}', ' }')}`);
  });

  it('keeps comments, order, unknown fields and the way lists are written', () => {
    const existing = `# the club's and mine
apiVersion: v1
clusters:
- cluster:
    certificate-authority: /etc/home-ca.pem # the router's
    server: https://home.example:6443
  name: home
contexts:
- context: {cluster: home, user: me, namespace: garden}
  name: home
current-context: home
kind: Config
preferences:
  colors: true
users:
- name: me
  user:
    # issued in March
    client-certificate-data: Q0VSVA==
    client-key-data: S0VZ
`;
    const merged = merge(existing);
    for (const line of existing.split('\n')) {
      const unspaced = line.replaceAll(/[{} ]/g, '');
      expect(merged.replaceAll(/[{} ]/g, '')).toContain(unspaced);
    }
    expect(merged).toContain('\n- cluster:\n    server: https://pks.example.org:6443\n');
    expect(parse(merged)['current-context']).toBe('home');
  });

  it('makes its context the current one where there is none, or where that is asked for', () => {
    expect(parse(merge('apiVersion: v1\nclusters: null\ncurrent-context: ""\n'))['current-context']).toBe('alice@pks');
    expect(parse(merge('current-context: home\n', { makeCurrent: true }))['current-context']).toBe('alice@pks');
  });

  it('changes nothing but the token when it is done again', () => {
    const once = merge('# mine\ncurrent-context: home\n');
    const again = merge(
      once,
      {},
      { ...entry, user: { name: 'alice@pks', credential: { token: new Secret('newer') } } },
    );
    expect(again).toBe(once.replace('the-token', 'newer'));
  });

  it('takes the place of a copied token with the plugin, and of an older plugin', () => {
    const once = merge(merge(undefined), {}, withPlugin);
    expect(parse(once).users).toEqual([{ name: 'alice@pks', user: { exec: { ...plugin, args: ['get-token'] } } }]);
    const elsewhere = once.replace('command: credentials-updater', 'command: /opt/bin/credentials-updater');
    expect(merge(elsewhere, {}, withPlugin)).toBe(once);
    const byNode = { ...plugin, command: '/usr/bin/node', args: ['/opt/credentials-updater.mjs', ...plugin.args] };
    const startedOtherwise = merge(
      undefined,
      {},
      { ...entry, user: { name: 'alice@pks', credential: { exec: byNode } } },
    );
    expect(merge(startedOtherwise, {}, withPlugin)).toBe(once);
  });

  it("keeps a context's namespace, unless it is given another", () => {
    const once = merge(undefined, {}, { ...entry, namespace: 'garden' });
    expect(parse(once).contexts[0].context).toEqual({ cluster: 'pks', user: 'alice@pks', namespace: 'garden' });
    expect(merge(once)).toBe(once);
    expect(merge(once, {}, { ...entry, namespace: 'attic' })).toBe(once.replace('garden', 'attic'));
  });

  it.each([
    ['a cluster of that name at another address', 'clusters: [{name: pks, cluster: {server: "https://other:6443"}}]'],
    ['a user of that name with a certificate', 'users: [{name: alice@pks, user: {client-certificate-data: Q0VSVA==}}]'],
    ['a user of that name with another plugin', 'users: [{name: alice@pks, user: {exec: {command: aws}}}]'],
    ['a context of that name for another cluster', 'contexts: [{name: alice@pks, context: {cluster: home, user: me}}]'],
  ])('refuses to overwrite %s, unless it may', (_, existing) => {
    expect(() => merge(existing)).toThrow(/^config has a (cluster|user|context) "(pks|alice@pks)" already, /);
    const replaced = parse(merge(existing, { replace: true }));
    expect(replaced).toMatchObject(omitHeader(parse(renderKubeconfig(entry))));
  });

  it.each([
    ['no YAML', 'a: [', /is not a kubeconfig/],
    ['a list', '- a\n', /is not a mapping of clusters, users and contexts/],
    ['two documents', 'a: 1\n---\nb: 2\n', /multiple documents/],
    ['a list that is none', 'users: 3\n', /users is not a list/],
    ['an item that is no mapping', 'users: [3]\n', /an item of users is not a mapping/],
  ])('says in one line what is wrong with %s', (_, existing, message) => {
    const failure = thrownBy(() => merge(existing));
    expect(failure.message).toMatch(message);
    expect(failure.message).not.toContain('\n');
    expect(failure.exitCode).toBe(2);
  });

  it('never shows what is in the file when it is malformed', () => {
    const failure = thrownBy(() => merge('users:\n- name: me\n  user: {token: hidden-secret\n'));
    expect(failure.message).not.toContain('hidden-secret');
  });

  it('leaves every other entry and field as it was, whatever the file holds', () => {
    const name = fc.stringMatching(/^[a-z][a-z0-9@.:/_-]{0,20}$/).filter((text) => !/^(pks|alice@pks)$/.test(text));
    const value = fc.oneof(fc.string(), fc.boolean(), fc.integer(), fc.constant(null), fc.array(fc.string()));
    const named = (key: string) =>
      fc.uniqueArray(fc.record({ name, [key]: fc.dictionary(name, value, { noNullPrototype: true }) }), {
        selector: (item) => item.name,
        maxLength: 4,
      });
    const file = fc.record(
      {
        clusters: fc.option(named('cluster')),
        users: fc.option(named('user')),
        contexts: fc.option(named('context')),
        'current-context': name,
        preferences: fc.dictionary(name, value, { noNullPrototype: true }),
        extensions: fc.array(value),
      },
      { noNullPrototype: true },
    );
    const ours = parse(renderKubeconfig(entry));
    fc.assert(
      fc.property(file, fc.constantFrom('block', 'flow', 'json'), (config, style) => {
        const existing =
          style === 'json'
            ? JSON.stringify(config)
            : stringify(config, { collectionStyle: style === 'flow' ? 'flow' : 'any' });
        const merged = merge(existing);
        expect(parseAllDocuments(merged)).toHaveLength(1);
        const { apiVersion: _a, kind: _k, ...expected } = ours;
        expect(parse(merged)).toEqual({
          ...config,
          ...expected,
          clusters: [...(config.clusters ?? []), ...ours.clusters],
          users: [...(config.users ?? []), ...ours.users],
          contexts: [...(config.contexts ?? []), ...ours.contexts],
          'current-context': config['current-context'] ?? 'alice@pks',
        });
      }),
      { numRuns: 300 },
    );
  });
});

function omitHeader({ 'current-context': _c, apiVersion: _a, kind: _k, ...rest }: Record<string, unknown>) {
  return rest;
}

function thrownBy(work: () => unknown): Failure {
  try {
    work();
  } catch (error) {
    if (error instanceof Failure) return error;
    throw error;
  }
  throw new Error('nothing was thrown');
}
