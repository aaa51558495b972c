/** Services and Ingresses: nothing that reaches outside by itself, and nobody's host. */
import { type Attempt, create, patch, refused } from '../attempt.ts';
import { ingress, ingressBackend, type KubernetesObject, service } from '../objects.ts';

const type = (name: string) => refused(new RegExp(`Services of type ${name} are not allowed.*운영자가 허락해야`, 's'));
const noExternalIPs = refused(/externalIPs would catch other people’s traffic.*가로채므로/s);
const eachRuleNamesItsHost = refused(/Every rule of an Ingress names its host.*host를 적고/s);
const tlsHosts = refused(/The hosts under tls must be among the hosts of the rules/);
const notAllowed = (annotation: string) =>
  refused(new RegExp(`These annotations of an Ingress, or their values, are not allowed: ${annotation}.*공용`, 's'));
// Other policies refuse these as well, and any of them may speak first.
const tooMuchInAnyWay = refused(
  /An Ingress here has at most 10 rules|These hosts are not this namespace’s|This Ingress is too large/,
);
const tooMuch = refused(/An Ingress here has at most 10 rules .* hosts of 100 characters.*나누거나 줄이세요/s);
const noNames = refused(/These annotations claim names of the network: external-dns.*Ingress의 rules/s);
const externalDns = { 'external-dns.alpha.kubernetes.io/hostname': 'www.internal.poolc' };
const mine = 'alice--lab.internal.poolc';
const paths = (count: number) => ({
  paths: Array.from({ length: count }, (_, index) => ({
    path: `/${index}`,
    pathType: 'Prefix',
    backend: ingressBackend,
  })),
});
const notItsHost = refused(/These hosts are not this namespace’s: .*이 네임스페이스의 호스트가 아닙니다/s);

/** Of bob--lab, as long as a name may be. */
const longHosts = Array.from({ length: 10 }, (_, index) => `bob--lab-${`${index}`.repeat(54)}.internal.poolc`);

export const networkAttempts: readonly Attempt[] = [
  { as: 'alice', does: 'creates a Service', call: create(service(), 'alice--lab'), expect: 'allowed' },
  {
    as: 'alice',
    does: 'creates a headless one',
    call: create(service({ clusterIP: 'None' }), 'alice--lab'),
    expect: 'allowed',
  },
  {
    as: 'alice',
    does: 'opens a NodePort',
    call: create(service({ type: 'NodePort' }), 'alice--lab'),
    expect: type('NodePort'),
  },
  {
    as: 'alice',
    does: 'opens a LoadBalancer',
    call: create(service({ type: 'LoadBalancer' }), 'alice--lab'),
    expect: type('LoadBalancer'),
  },
  {
    as: 'alice',
    does: 'names a Service of another namespace',
    call: create(service({ type: 'ExternalName', externalName: 'app.bob--lab.svc.cluster.local' }), 'alice--lab'),
    expect: type('ExternalName'),
  },
  {
    as: 'alice',
    does: 'claims an address of the network',
    call: create(service({ externalIPs: ['192.0.2.1'] }), 'alice--lab'),
    expect: noExternalIPs,
  },
  {
    as: 'alice',
    does: 'turns a Service into a NodePort',
    call: patch('Service/web', { spec: { type: 'NodePort' } }, 'alice--lab'),
    expect: type('NodePort'),
  },
  {
    as: "alice's robot",
    does: 'opens a NodePort',
    call: create(service({ type: 'NodePort' }), 'alice--lab'),
    expect: type('NodePort'),
  },
  {
    as: 'bob',
    does: 'opens a NodePort where he may',
    call: create(service({ type: 'NodePort' }), 'bob--lab'),
    expect: 'allowed',
  },
  {
    as: 'bob',
    does: 'claims an address where he may open NodePorts',
    call: create(service({ externalIPs: ['192.0.2.1'] }), 'bob--lab'),
    expect: noExternalIPs,
  },

  {
    as: 'bob',
    does: 'creates an Ingress',
    call: create(ingress('bob--lab.internal.poolc'), 'bob--lab'),
    expect: 'allowed',
  },
  {
    as: 'bob',
    does: 'takes a host that nobody has',
    call: create(ingress('cool.internal.poolc'), 'bob--lab'),
    expect: notItsHost,
  },
  {
    as: 'bob',
    does: "takes alice's host",
    call: create(ingress('alice--lab.internal.poolc'), 'bob--lab'),
    expect: notItsHost,
  },
  {
    as: 'bob',
    does: "takes the club's host",
    call: create(ingress('www.poolc.example'), 'bob--lab'),
    expect: notItsHost,
  },
  {
    as: 'alice',
    does: "takes a host under bob's wildcard",
    call: create(ingress('shop.bob.example'), 'alice--lab'),
    expect: notItsHost,
  },
  {
    as: 'bob',
    does: "moves his Ingress to alice's host",
    call: patch('Ingress/mine', { spec: ingress('alice--lab.internal.poolc')['spec'] }, 'bob--lab'),
    expect: notItsHost,
  },
  {
    as: 'bob',
    does: 'changes his Ingress otherwise',
    call: patch('Ingress/mine', { metadata: { labels: { tier: 'web' } } }, 'bob--lab'),
    expect: 'allowed',
  },
  {
    as: 'bob',
    does: 'uses a host that an operator gave him',
    call: create(ingress('club.example'), 'bob--lab'),
    expect: 'allowed',
  },
  {
    as: 'bob',
    does: 'uses a wildcard that an operator gave him',
    call: create(ingress('*.bob.example'), 'bob--lab'),
    expect: 'allowed',
  },
  {
    as: 'alice',
    does: 'answers for every host',
    call: create(ingress(undefined), 'alice--lab'),
    expect: eachRuleNamesItsHost,
  },
  {
    as: 'alice',
    does: 'answers for every host by a default backend',
    call: create(ingress('alice--lab.internal.poolc', { spec: { defaultBackend: ingressBackend } }), 'alice--lab'),
    expect: eachRuleNamesItsHost,
  },
  {
    as: 'alice',
    does: 'takes a wildcard',
    call: create(ingress('*.internal.poolc'), 'alice--lab'),
    // Two policies refuse it, and either may answer first.
    expect: refused(
      /A wildcard host would answer for other members’ hosts.*와일드카드|These hosts are not this namespace’s/s,
    ),
  },
  {
    as: 'alice',
    does: "brings a certificate for bob's host",
    call: create(
      ingress('alice--lab.internal.poolc', { spec: { tls: [{ hosts: ['bob--lab.internal.poolc'] }] } }),
      'alice--lab',
    ),
    expect: tlsHosts,
  },
  ...[
    'nginx.ingress.kubernetes.io/server-alias',
    'nginx.ingress.kubernetes.io/configuration-snippet',
    'nginx.ingress.kubernetes.io/auth-url',
    'nginx.ingress.kubernetes.io/mirror-target',
    'nginx.ingress.kubernetes.io/auth-tls-match-cn',
    'nginx.org/server-snippets',
    'traefik.ingress.kubernetes.io/router.middlewares',
    'haproxy.org/backend-config-snippet',
    'konghq.com/plugins',
    'cert-manager.io/alt-names',
    'external-dns.alpha.kubernetes.io/hostname',
    'external-dns.kubernetes.io/hostname',
  ].map((annotation) => annotates({ [annotation]: 'bob--lab.internal.poolc' }, notAllowed(annotation))),
  ...['/$1; return 200 stolen', '/"', "/'", '/{', '/\n', '/\\', '/`id`'].map((value) =>
    annotates(
      { 'nginx.ingress.kubernetes.io/rewrite-target': value },
      notAllowed('nginx.ingress.kubernetes.io/rewrite-target'),
    ),
  ),
  ...Object.entries({
    'nginx.ingress.kubernetes.io/rewrite-target': '/$2',
    'nginx.ingress.kubernetes.io/proxy-body-size': '8m',
    'nginx.ingress.kubernetes.io/cors-allow-origin': 'https://*.example.org, http://localhost:3000',
    'traefik.ingress.kubernetes.io/router.entrypoints': 'web, websecure',
    'cert-manager.io/cluster-issuer': 'club',
    'kubernetes.io/ingress.class': 'nginx',
    'kubectl.kubernetes.io/last-applied-configuration': '{"kind":"Ingress"}\n',
    'meta.helm.sh/release-name': 'site',
    note: 'a "note"; mine',
  }).map(([annotation, value]) => annotates({ [annotation]: value }, 'allowed')),
  {
    as: 'alice',
    does: 'changes an annotation of her Ingress to one that claims hosts',
    call: patch('Ingress/mine', { metadata: { annotations: { 'nginx.org/server-snippets': 'x' } } }, 'alice--lab'),
    expect: notAllowed('nginx.org/server-snippets'),
  },

  // Others pay for what one Ingress costs.
  rules(
    'has ten rules',
    Array.from({ length: 10 }, () => ({ host: mine, http: paths(1) })),
    'allowed',
  ),
  rules(
    'has eleven rules',
    Array.from({ length: 11 }, () => ({ host: mine, http: paths(1) })),
    tooMuch,
  ),
  rules(
    'has three thousand rules of long hosts',
    Array.from({ length: 3000 }, (_, index) => ({ host: `${index}.${'long.'.repeat(40)}internal.poolc` })),
    tooMuchInAnyWay,
  ),
  rules('has fifty paths', [{ host: mine, http: paths(50) }], 'allowed'),
  rules('has fifty-one paths', [{ host: mine, http: paths(51) }], tooMuch),
  {
    as: 'bob',
    does: 'creates an Ingress with each bound reached',
    call: create(
      ingress(undefined, {
        spec: {
          rules: longHosts.map((host) => ({ host, http: paths(50) })),
          tls: longHosts.map(() => ({ hosts: longHosts })),
        },
      }),
      'bob--lab',
    ),
    expect: 'allowed',
  },
  rules('has a host of 101 characters', [{ host: `${'a.'.repeat(43)}internal.poolc.x` }], tooMuchInAnyWay),
  {
    as: 'alice',
    does: 'names three thousand hosts under tls',
    call: create(ingress(mine, { spec: { tls: [{ hosts: Array.from({ length: 3000 }, () => mine) }] } }), 'alice--lab'),
    expect: tooMuchInAnyWay,
  },
  {
    as: 'alice',
    does: 'has three thousand entries under tls',
    call: create(ingress(mine, { spec: { tls: Array.from({ length: 3000 }, () => ({})) } }), 'alice--lab'),
    expect: tooMuchInAnyWay,
  },
  {
    as: 'alice',
    does: 'gives a Service a name of the network',
    call: create(annotatedService(), 'alice--lab'),
    expect: noNames,
  },
  {
    as: 'alice',
    does: 'gives a Service that is there a name of the network',
    call: patch('Service/web', { metadata: { annotations: externalDns } }, 'alice--lab'),
    expect: noNames,
  },
  {
    as: 'Argo CD',
    does: "answers for every host in a member's namespace",
    call: create(ingress(undefined), 'alice--lab'),
    expect: eachRuleNamesItsHost,
  },
];

function annotatedService(): KubernetesObject {
  return { ...service({ clusterIP: 'None' }), metadata: { name: 'named', annotations: externalDns } };
}

function annotates(annotations: Record<string, string>, expect: Attempt['expect']): Attempt {
  return {
    as: 'alice',
    does: `annotates an Ingress with ${JSON.stringify(annotations)}`,
    call: create(ingress(mine, { annotations }), 'alice--lab'),
    expect,
  };
}

function rules(does: string, list: readonly object[], expect: Attempt['expect']): Attempt {
  return {
    as: 'alice',
    does: `creates an Ingress that ${does}`,
    call: create(ingress(mine, { spec: { rules: list } }), 'alice--lab'),
    expect,
  };
}
