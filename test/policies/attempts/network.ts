/** Services and Ingresses: nothing that reaches outside by itself, and nobody's host. */
import { type Attempt, create, patch, refused } from '../attempt.ts';
import { ingress, ingressBackend, service } from '../objects.ts';

const type = (name: string) => refused(new RegExp(`Services of type ${name} are not allowed.*운영자가 허락해야`, 's'));
const noExternalIPs = refused(/externalIPs would catch other people’s traffic.*가로채므로/s);
const eachRuleNamesItsHost = refused(/Every rule of an Ingress names its host.*host를 적고/s);
const tlsHosts = refused(/The hosts under tls must be among the hosts of the rules/);
const sharedController = (annotation: string) =>
  refused(new RegExp(`put code into the shared ingress controller: ${annotation}.*공용`, 's'));
const notItsHost = refused(/These hosts are not this namespace’s: .*이 네임스페이스의 호스트가 아닙니다/s);

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
    'nginx.org/server-snippets',
    'external-dns.alpha.kubernetes.io/hostname',
  ].map(
    (annotation): Attempt => ({
      as: 'alice',
      does: `sets ${annotation}`,
      call: create(
        ingress('alice--lab.internal.poolc', { annotations: { [annotation]: 'bob--lab.internal.poolc' } }),
        'alice--lab',
      ),
      expect: sharedController(annotation),
    }),
  ),
  {
    as: 'Argo CD',
    does: "answers for every host in a member's namespace",
    call: create(ingress(undefined), 'alice--lab'),
    expect: eachRuleNamesItsHost,
  },
];
