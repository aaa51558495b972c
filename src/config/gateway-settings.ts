/** The settings of a gateway: one process for one accounts' namespace, which reads no MemberSync. */
import * as z from 'zod';
import { valueMessages } from '../lib/messages/settings.ts';
import { field } from './fields.ts';
import { healthPort, logLevel, metricsPort, port } from './serving-fields.ts';
import { anyText, apiServer, duration, list, namespaceName, oneOf, webAddress } from './values.ts';

export const gatewaySchema = z.strictObject({
  gatewayAddress: field(webAddress(), {
    group: 'Gateway',
    description: 'its address as members reach it, such as https://login.example.org',
  }),
  targetNamespace: field(namespaceName().prefault('poolc-users'), {
    group: 'Gateway',
    description: "namespace of the members' ServiceAccounts and devices",
  }),
  clusterName: field(anyText('NAME').prefault('pks'), {
    group: 'Gateway',
    description: "what members' kubeconfigs call the cluster",
  }),
  clusterPublicServer: field(apiServer(), {
    group: 'Gateway',
    description: "the API server's address as members reach it",
  }),
  clusterCertificateAuthorityFile: field(anyText('FILE').optional(), {
    group: 'Gateway',
    description:
      'certificate authority (PEM) of that address; the one that this gateway trusts for the API server unless given',
  }),
  gatewayTokenLifetime: field(duration(600, 3_600).prefault('1h'), {
    group: 'Gateway',
    description: 'how long a token lives; a device renews it at half of that',
  }),
  gatewayPort: field(port(8_443), { group: 'Gateway', description: 'port for members, HTTPS' }),
  healthPort: healthPort('Gateway'),
  metricsPort: metricsPort('Gateway'),
  tlsCertificateFile: field(anyText('FILE').prefault('/etc/credentials-updater-gateway/tls.crt'), {
    group: 'Gateway',
    description: 'certificate chain (PEM); a renewed one is taken up without a restart',
  }),
  tlsKeyFile: field(anyText('FILE').prefault('/etc/credentials-updater-gateway/tls.key'), {
    group: 'Gateway',
    description: 'its private key (PEM)',
  }),
  sessionKeysFile: field(anyText('FILE').prefault('/etc/credentials-updater-gateway-keys/SESSION_KEYS'), {
    group: 'Gateway',
    description: 'keys that seal cookies, 32 bytes in base64 a line, the same for every replica',
  }),
  trustedProxies: field(list(valueMessages.addresses()).prefault([]), {
    group: 'Gateway',
    description: 'proxies whose X-Forwarded-For counts; none unless given',
  }),
  logLevel: logLevel('Gateway'),
  oidcIssuer: field(webAddress().optional(), {
    group: 'Log in',
    description: 'an OpenID Connect provider where members log in',
  }),
  oidcClientId: field(anyText('ID').optional(), {
    group: 'Log in',
    description: 'what the provider calls this gateway',
    onlyWith: 'OIDC_ISSUER',
  }),
  oidcClientSecretFile: field(anyText('FILE').optional(), {
    group: 'Log in',
    description: 'its secret there; none for a public client',
    onlyWith: 'OIDC_ISSUER',
  }),
  oidcMatch: field(oneOf(['id', 'login'], 'HOW').prefault('id'), {
    group: 'Log in',
    description:
      "what OIDC_CLAIM holds: the directory's id of a member, or their login where one authority gives it on both sides",
  }),
  oidcClaim: field(anyText('CLAIM').prefault('sub'), {
    group: 'Log in',
    description: "claim of the ID token that holds the directory's id of a member; one that never changes",
  }),
  oidcIdPrefix: field(anyText('TEXT').optional(), {
    group: 'Log in',
    description: "what member ids begin with before that claim's value, such as ldap:ldap.example.org:",
  }),
  oidcScope: field(anyText('SCOPES').prefault('openid'), {
    group: 'Log in',
    description: 'scopes to ask for, separated by spaces',
  }),
  poolcSignInEndpoint: field(webAddress().optional(), {
    group: 'Log in',
    description: "address of PoolC's API, where members may log in instead",
  }),
});
