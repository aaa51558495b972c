/** kubeconfigs, and what belongs to them: each is read by kubectl and by this program. */
import type { CertificateAuthority } from '../../dev/control-plane/certificates.ts';

export interface Material {
  /** The recorder's. */
  readonly server: string;
  readonly authority: CertificateAuthority;
  /** A client certificate for `kim`, and the key of another one. */
  readonly certificate: string;
  readonly key: string;
  readonly otherKey: string;
  /** A proxy that opens a way to the recorder whatever it is asked for. */
  readonly proxy: string;
}

export interface Case {
  readonly what: string;
  /** Fields that replace or add to a cluster that is right. */
  readonly cluster?: (material: Material) => object;
  readonly user?: (material: Material) => object;
  /** The whole file, in place of the two. */
  readonly text?: (material: Material) => string;
  /** Written beside the kubeconfig, by name; executable. */
  readonly files?: Readonly<Record<string, string | ((material: Material) => string)>>;
  /** What our refusal must say. */
  readonly says?: RegExp;
  /** `kubeconfig` unless given. */
  readonly name?: string;
  /** Files of the case that KUBECONFIG lists, in place of --kubeconfig. */
  readonly list?: readonly string[];
}

const base64 = (text: string) => Buffer.from(text).toString('base64');

const script = (lines: string) => `#!/bin/sh\n${lines}\n`;
const execCredential = (status: object, apiVersion = 'client.authentication.k8s.io/v1') =>
  JSON.stringify({ apiVersion, kind: 'ExecCredential', status });
const prints = (status: object, apiVersion?: string) =>
  script(`cat <<'END'\n${execCredential(status, apiVersion)}\nEND`);

/** A user whose plugin is the script beside the kubeconfig. */
const plugin =
  (more: object = {}) =>
  () => ({
    exec: {
      apiVersion: 'client.authentication.k8s.io/v1',
      command: './plugin',
      interactiveMode: 'Never',
      ...more,
    },
  });

/** Both send the same. */
export const sameRequests: readonly Case[] = [
  { what: 'a token', user: () => ({ token: 'the-token' }) },
  { what: 'a token with spaces in it', user: () => ({ token: 'the token' }) },
  {
    what: 'a token file beside the kubeconfig',
    user: () => ({ tokenFile: 'token' }),
    files: { token: 'the-token-of-the-file\n' },
  },
  {
    what: 'a token file and a token',
    user: () => ({ tokenFile: 'token', token: 'the-token' }),
    files: { token: 'the-token-of-the-file\n' },
  },
  { what: 'a token file that is not there, and a token', user: () => ({ tokenFile: 'nowhere', token: 'the-token' }) },
  { what: 'a user name and a password', user: () => ({ username: 'kim', password: 'p:w' }) },
  {
    what: 'a client certificate',
    user: ({ certificate, key }) => ({
      'client-certificate-data': base64(certificate),
      'client-key-data': base64(key),
    }),
  },
  {
    what: 'a client certificate in files',
    user: () => ({ 'client-certificate': 'pki/kim.crt', 'client-key': './pki/kim.key' }),
    files: { 'pki/kim.crt': ({ certificate }) => certificate, 'pki/kim.key': ({ key }) => key },
  },
  { what: 'somebody to act as', user: () => ({ token: 'the-token', as: 'system:admin' }) },
  {
    what: 'somebody to act as, with everything',
    user: () => ({
      token: 'the-token',
      as: '김클럽',
      'as-uid': '0d6a-7',
      'as-groups': ['developers', 'system:masters'],
      'as-user-extra': { 'example.org/Reason': ['a', 'b'], 'with %': ['c'], scopes: ['d'] },
    }),
  },
  { what: 'a proxy', cluster: ({ proxy }) => ({ 'proxy-url': proxy }), user: () => ({ token: 'the-token' }) },
  {
    what: 'a proxy and a host that only it knows',
    cluster: ({ proxy }) => ({ server: 'https://api.pks.example:6443', 'proxy-url': proxy }),
    user: () => ({ token: 'the-token' }),
  },
  {
    what: 'another name for TLS',
    cluster: () => ({ 'tls-server-name': 'api.pks.example' }),
    user: () => ({ token: 't1' }),
  },
  {
    what: 'no check of the certificate',
    cluster: () => ({ 'certificate-authority-data': undefined, 'insecure-skip-tls-verify': true }),
    user: () => ({ token: 'the-token' }),
  },
  {
    what: 'an authority in a file',
    cluster: () => ({ 'certificate-authority-data': undefined, 'certificate-authority': 'ca.crt' }),
    user: () => ({ token: 'the-token' }),
    files: { 'ca.crt': ({ authority }) => authority.certificate },
  },
  {
    what: 'a server with a path',
    cluster: ({ server }) => ({ server: `${server}/k8s/` }),
    user: () => ({ token: 't1' }),
  },
  { what: 'a plugin beside the kubeconfig', user: plugin(), files: { plugin: prints({ token: 'of-the-plugin' }) } },
  {
    what: 'a plugin with arguments and variables',
    user: plugin({ args: ['a b', '$HOME'], env: [{ name: 'WHO', value: 'kim' }] }),
    files: {
      plugin: script(
        `printf '{"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential","status":{"token":"%s"}}' "$WHO-$#-$2"`,
      ),
    },
  },
  {
    what: 'a plugin of v1beta1 without an interactiveMode',
    user: plugin({ apiVersion: 'client.authentication.k8s.io/v1beta1', interactiveMode: undefined }),
    files: { plugin: prints({ token: 'of-the-plugin' }, 'client.authentication.k8s.io/v1beta1') },
  },
  {
    what: 'a plugin that gives a client certificate',
    user: plugin(),
    files: {
      plugin: (material) => prints({ clientCertificateData: material.certificate, clientKeyData: material.key }),
    },
  },
  {
    what: 'a plugin that is told of the cluster',
    cluster: () => ({
      'tls-server-name': 'api.pks.example',
      extensions: [{ name: 'client.authentication.k8s.io/exec', extension: { audience: 'pks' } }],
    }),
    user: plugin({ provideClusterInfo: true }),
    files: { plugin: tellsWhatItKnows() },
  },
  { what: 'a plugin that is told of nothing', user: plugin(), files: { plugin: tellsWhatItKnows() } },
  {
    what: 'a token beside a plugin',
    user: () => ({ ...plugin()(), token: 'the-token' }),
    files: { plugin: prints({ token: 'of-the-plugin' }) },
  },
  {
    what: 'faults in entries that are not used',
    text: (material) =>
      kubeconfig(material, { token: 'the-token' }).replace(
        'users:',
        'users:\n  - {name: other, user: {exec: {command: ""}, client-certificate: /nowhere, as-groups: [a]}}',
      ),
  },
  {
    what: 'merge keys',
    text: (material) => `defaults: &defaults {token: the-token}
${kubeconfig(material, {}).replace(/user: \{\}/, 'user: {<<: *defaults}')}`,
  },
  { what: 'a path with a colon', user: () => ({ token: 'the-token' }), name: 'a:b' },
  {
    what: 'words that YAML 1.1 takes for true, and times that are text',
    text: (material) =>
      kubeconfig(material, plugin({ args: ['12:30', '2026-01-01'] })(), { 'certificate-authority-data': undefined })
        .replace('cluster: {', 'cluster: {insecure-skip-tls-verify: yes, ')
        .replaceAll(/"(12:30|2026-01-01)"/g, '$1'),
    files: {
      plugin: script(
        `printf '{"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential","status":{"token":"%s"}}' "$1-$2"`,
      ),
    },
  },
  {
    what: 'several files, of which one is empty, one is missing, and the first with a name wins',
    user: () => ({ token: 'of-the-last-file' }),
    list: ['empty', 'nowhere', 'first', 'kubeconfig'],
    files: {
      empty: '',
      first: ({ server }) =>
        [
          'users: [{name: pks, user: {tokenFile: token}}]',
          `contexts: [{name: other, context: {cluster: pks, user: ${JSON.stringify(server)}}}]`,
          "current-context: ''",
        ].join('\n'),
      token: 'beside-the-first-file',
    },
  },
];

/** Both refuse, and send nothing. */
export const sameRefusals: readonly Case[] = [
  { what: 'a token with a line break', user: () => ({ token: 'the-token\nx: y' }) },
  { what: 'a number for a token', text: (material) => kubeconfig(material, { token: 12_345 }) },
  { what: 'a user whose name is a word that YAML 1.1 takes for false', text: withUserNo },
  { what: 'a token and a user name', user: () => ({ token: 'the-token', username: 'kim', password: 'word' }) },
  {
    what: 'a client certificate without its key',
    user: ({ certificate }) => ({ 'client-certificate-data': base64(certificate) }),
  },
  {
    what: 'a client certificate with the key of another',
    says: /^the client certificate of user pks in the kubeconfig .+ can't be used: its key belongs to another certificate$/,
    user: ({ certificate, otherKey }) => ({
      'client-certificate-data': base64(certificate),
      'client-key-data': base64(otherKey),
    }),
  },
  {
    what: 'a client certificate twice',
    user: ({ certificate, key }) => ({
      'client-certificate-data': base64(certificate),
      'client-certificate': 'kim.crt',
      'client-key-data': base64(key),
    }),
    files: { 'kim.crt': ({ certificate }) => certificate },
  },
  { what: 'groups to act as, and nobody', user: () => ({ token: 'the-token', 'as-groups': ['a'] }) },
  {
    what: 'no check of the certificate, and an authority',
    cluster: () => ({ 'insecure-skip-tls-verify': true }),
    user: () => ({ token: 'the-token' }),
  },
  {
    what: 'two authorities',
    cluster: () => ({ 'certificate-authority': 'ca.crt' }),
    user: () => ({ token: 'the-token' }),
    files: { 'ca.crt': ({ authority }) => authority.certificate },
  },
  {
    what: 'a proxy that is none',
    cluster: () => ({ 'proxy-url': 'ftp://127.0.0.1:1' }),
    user: () => ({ token: 't1' }),
  },
  {
    what: 'a plugin without an apiVersion',
    user: plugin({ apiVersion: undefined }),
    files: { plugin: prints({ token: 'x' }) },
  },
  {
    what: 'a plugin of an old apiVersion',
    user: plugin({ apiVersion: 'client.authentication.k8s.io/v1alpha1' }),
    files: { plugin: prints({ token: 'x' }, 'client.authentication.k8s.io/v1alpha1') },
  },
  {
    what: 'a plugin of v1 without an interactiveMode',
    user: plugin({ interactiveMode: undefined }),
    files: { plugin: prints({ token: 'x' }) },
  },
  {
    what: 'a plugin with an unknown interactiveMode',
    user: plugin({ interactiveMode: 'Sometimes' }),
    files: { plugin: prints({ token: 'x' }) },
  },
  {
    what: 'a plugin that must ask, and no terminal',
    user: plugin({ interactiveMode: 'Always' }),
    files: { plugin: prints({ token: 'x' }) },
  },
  { what: 'a plugin that is not installed', user: plugin({ command: 'pks-no-such-plugin', installHint: 'get it' }) },
  { what: 'a plugin that fails', user: plugin(), files: { plugin: script('exit 3') } },
  { what: 'a plugin that prints something else', user: plugin(), files: { plugin: script('echo hello') } },
  {
    what: 'a plugin that answers with another apiVersion',
    user: plugin(),
    files: { plugin: prints({ token: 'x' }, 'client.authentication.k8s.io/v1beta1') },
  },
  { what: 'a plugin that gives nothing', user: plugin(), files: { plugin: prints({}) } },
  {
    what: 'a plugin that gives no status',
    user: plugin(),
    files: { plugin: script(`echo '{"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential"}'`) },
  },
  { what: 'a plugin that gives an empty token', user: plugin(), files: { plugin: prints({ token: '' }) } },
  {
    what: 'a plugin that gives half a certificate',
    user: plugin(),
    files: { plugin: ({ certificate }) => prints({ clientCertificateData: certificate }) },
  },
  {
    what: 'a plugin that gives half a certificate beside a token',
    user: plugin(),
    files: { plugin: ({ key }) => prints({ token: 'x', clientKeyData: key }) },
  },
];

function withUserNo(material: Material): string {
  return kubeconfig(material, { token: 'the-token' })
    .replaceAll('user: pks}', 'user: no}')
    .replace('- {name: pks, user', '- {name: no, user');
}

/** A plugin whose token is what it was told, so that the server hears it. */
function tellsWhatItKnows(): string {
  return script(
    `printf '{"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential","status":{"token":"%s"}}' "$(printf %s "$KUBERNETES_EXEC_INFO" | base64 | tr -d '\\n')"`,
  );
}

export function kubeconfig({ server, authority }: Material, user: object, cluster: object = {}): string {
  const known = { server, 'certificate-authority-data': base64(authority.certificate), ...cluster };
  return [
    'apiVersion: v1',
    'kind: Config',
    'current-context: pks',
    'contexts:',
    '  - {name: pks, context: {cluster: pks, user: pks}}',
    'clusters:',
    `  - {name: pks, cluster: ${JSON.stringify(known)}}`,
    'users:',
    `  - {name: pks, user: ${JSON.stringify(user)}}`,
    '',
  ].join('\n');
}
