/** A gateway, where one is deployed: what holds it, who else could make devices, its rights, certificate and provider. */
import { X509Certificate } from 'node:crypto';
import { isIP } from 'node:net';
import * as z from 'zod';
import { gainsOfAll, rightsBeyond } from '../../audit/escalation.ts';
import { type Finding, failed, ok, unknown, warning } from '../../audit/finding.ts';
import { gatewayAccount, gatewayPolicyProblems, gatewayRules } from '../../audit/gateway-policies.ts';
import {
  everyonesRules,
  type Grant,
  grantsOf,
  grantsRight,
  isSubject,
  rightsOf,
  serviceAccountIdentity,
  touches,
} from '../../audit/rbac.ts';
import { bySubjectOfBinding, pathOf, removeSubjectCommand, rightsText, subjectName } from '../../audit/words.ts';
import { printable } from '../../core/model.ts';
import { exchange } from '../../http/exchange.ts';
import { formatDuration } from '../../lib/duration.ts';
import { Failure, toFailure } from '../../lib/failure.ts';
import { deviceSecretType } from '../../registry/devices.ts';
import type { PreflightContext } from '../context.ts';

const certificateSecret = 'credentials-updater-gateway-tls';
const timeoutMs = 10_000;
const longestAnswer = 1024 * 1024;
/** Time for an operator to notice, and for an automatic renewal to have happened. */
const soonSeconds = 21 * 86_400;
/** A device's clock is allowed a minute, and set by the gateway's. */
const toleratedSeconds = 30;

export async function gateway(context: PreflightContext): Promise<Finding[]> {
  const { gathered, namespaces } = context;
  const { data, resourceVersion } = await gathered.configMap(gatewayAccount);
  if (resourceVersion === undefined)
    return [ok(`not needed: no gateway is deployed (no ConfigMap ${gatewayAccount} in ${namespaces.podNamespace})`)];
  const settings = new Map(Object.entries(data));
  const address = urlOf(settings.get('GATEWAY_ADDRESS'));
  const findings = [
    ...(await policyFindings(context)),
    ...(await rightsFindings(context)),
    ...(address === undefined
      ? [failed(`GATEWAY_ADDRESS in the ConfigMap ${gatewayAccount} is missing, or is not an https address`)]
      : [...(await certificateFindings(context, address)), ...(await clockFindings(context, address))]),
    ...(await providerFindings(context, settings, address)),
  ];
  return findings.some(({ status }) => status !== 'ok')
    ? findings.filter(({ status }) => status !== 'ok')
    : [
        ok(
          `nobody but the gateway can make a device; ${address?.host ?? ''} and its login provider answer as they should`,
        ),
      ];
}

/** Whoever writes a device's key becomes that member: only the policy stands before those who may write Secrets. */
async function policyFindings(context: PreflightContext): Promise<Finding[]> {
  const { gathered, commands, namespaces } = context;
  const { podNamespace, targetNamespace } = namespaces;
  const problems = await gatewayPolicyProblems(gathered);
  const own = serviceAccountIdentity(podNamespace, gatewayAccount);
  const reaching = grantsOf(await gathered.rbac())
    .filter(({ namespace }) => namespace === undefined || namespace === targetNamespace)
    .filter(({ subject }) => subject.kind === 'Group' || !isSubject(subject, own))
    .filter(({ binding }) => !binding.builtIn);
  if (problems.length === 0)
    return [...(await deviceAttempt(context)), ...evaders(reaching).map((text) => warning(text))];
  const writers = writersAmong(reaching).map(([first]) => subjectName(first.subject));
  const who = writers.length === 0 ? '' : `. These may write Secrets there: ${[...new Set(writers)].join(', ')}`;
  return problems.map((problem) =>
    failed(
      `${problem}: whoever may write a Secret in ${targetNamespace} can make a device, and become that member${who}`,
      commands.kubectl`apply -f deploy/gateway/policy.yaml`,
    ),
  );
}

/** Both policies name namespaces, which may be other ones: so a device is made by hand, and kept by nobody. */
async function deviceAttempt({ client, namespaces, signal }: PreflightContext): Promise<Finding[]> {
  const namespace = namespaces.targetNamespace;
  const name = 'device-00000000-0000-0000-0000-000000000000-0';
  const path = `/api/v1/namespaces/${encodeURIComponent(namespace)}/secrets?dryRun=All`;
  const body = { apiVersion: 'v1', kind: 'Secret', metadata: { name, namespace }, type: deviceSecretType };
  try {
    await client.call({ method: 'POST', path, body, signal });
  } catch (error) {
    signal.throwIfAborted();
    const { message, status } = toFailure(error);
    if (message.includes("'credentials-updater-devices'")) return [];
    if (status === 403) return [];
    return [unknown(`whether somebody else can make a device in ${namespace}: ${message}`)];
  }
  return [
    failed(
      `the policy credentials-updater-devices does not hold in ${namespace}: whoever may write a Secret there can make a device, and become that member. Write that namespace into its namespaceSelector`,
    ),
  ];
}

const secretWriting = ['create', 'update', 'patch'].map((verb) => ({ verb, apiGroup: '', resource: 'secrets' }));

function writersAmong(grants: readonly Grant[]): (readonly [Grant, readonly Grant[]])[] {
  return bySubjectOfBinding(grants).flatMap((ofSubject) => {
    const [first] = ofSubject;
    const writes = ofSubject.some(({ rule }) => secretWriting.some((request) => touches(rule, request)));
    return first !== undefined && writes ? [[first, ofSubject] as const] : [];
  });
}

/** Who could take the policy away first. Those who may do everything are no surprise to anybody. */
function evaders(grants: readonly Grant[]): string[] {
  return writersAmong(grants).flatMap(([first, ofSubject]) => {
    const gains = gainsOfAll(ofSubject);
    if (!gains.includes('changes what admission enforces') || gains.includes('does everything')) return [];
    return [
      `${subjectName(first.subject)} may write Secrets and change the policy that keeps devices from it, by ${pathOf(first)}: so it can become any member`,
    ];
  });
}

async function rightsFindings({ gathered, commands, namespaces }: PreflightContext): Promise<Finding[]> {
  const { podNamespace, targetNamespace } = namespaces;
  const own = serviceAccountIdentity(podNamespace, gatewayAccount);
  const required = gatewayRules(targetNamespace).map((rule) => ({ rule, namespace: targetNamespace }));
  const grants = grantsOf(await gathered.rbac()).filter(({ subject }) => isSubject(subject, own));
  const missing = required
    .flatMap(({ rule, namespace }) => rightsOf(rule, namespace))
    .filter((right) => !grants.some(({ rule, namespace }) => grantsRight(rule, namespace, right)));
  const lack =
    missing.length === 0
      ? []
      : [failed(`the gateway may not ${rightsText(missing)}`, commands.kubectl`apply -f deploy/gateway/rbac.yaml`)];
  const allowed = [...required, ...everyonesRules.map((rule) => ({ rule, namespace: undefined }))];
  const beyond = bySubjectOfBinding(grants.filter(({ binding }) => !binding.builtIn)).flatMap((ofSubject) => {
    const [first] = ofSubject;
    const rights = ofSubject.flatMap(({ rule, namespace }) => rightsBeyond(rule, namespace, allowed));
    if (first === undefined || rights.length === 0) return [];
    const text = `the gateway may ${rightsText(rights)}, by ${pathOf(first)}, which it does not use`;
    return [failed(text, removeSubjectCommand(commands, first.binding, first.subject))];
  });
  return [...lack, ...beyond];
}

async function certificateFindings({ gathered, client, clock }: PreflightContext, address: URL): Promise<Finding[]> {
  const secret = await gathered.secret(certificateSecret).catch((error: unknown) => {
    if (error instanceof Failure && error.status === 403) return 'forbidden' as const;
    throw error;
  });
  if (secret === 'forbidden')
    return [unknown(`the gateway's certificate: no permission to read the Secret ${certificateSecret}`)];
  const pem = secret?.get('tls.crt');
  if (pem === undefined)
    return [failed(`there is no certificate: the Secret ${certificateSecret} is missing, or has no tls.crt`)];
  let certificate: X509Certificate;
  try {
    certificate = new X509Certificate(pem);
  } catch {
    return [failed(`tls.crt in the Secret ${certificateSecret} is not a certificate`)];
  }
  const now = client.serverTime ?? clock.now();
  const seconds = (certificate.validToDate.getTime() - now) / 1_000;
  const name = address.hostname.replace(/^\[|\]$/g, '');
  const isNamed = (isIP(name) === 0 ? certificate.checkHost(name) : certificate.checkIP(name)) !== undefined;
  return [
    ...(isNamed ? [] : [failed(`the certificate in ${certificateSecret} is not for ${address.hostname}`)]),
    ...(certificate.validFromDate.getTime() > now ? [failed("the gateway's certificate is not valid yet")] : []),
    ...(seconds <= 0
      ? [failed("the gateway's certificate has expired")]
      : seconds < soonSeconds
        ? [
            warning(
              `the gateway's certificate expires in ${formatDuration(Math.floor(seconds))}: does anything renew it?`,
            ),
          ]
        : []),
  ];
}

/** Devices go by the gateway's clock, and the gateway's logins by it, too. */
async function clockFindings(context: PreflightContext, address: URL): Promise<Finding[]> {
  const answer = await ask(context, new URL('/v1/cluster', address), 'the gateway');
  if (typeof answer === 'string') return [warning(`the gateway does not answer from here: ${answer}`)];
  if (answer.status !== 200)
    return [warning(`something at ${address.host} answers with ${answer.status}, where the gateway should`)];
  const theirs = Date.parse(answer.header('date') ?? '');
  const now = context.client.serverTime;
  if (Number.isNaN(theirs) || now === undefined) return [unknown("the gateway's clock: it sends no Date")];
  const off = Math.abs(theirs - now) / 1_000;
  if (off <= toleratedSeconds) return [];
  return [
    failed(`the gateway's clock is ${formatDuration(Math.round(off))} from the API server's: set it on its node`),
  ];
}

const discoverySchema = z.object({ issuer: z.string(), authorization_endpoint: z.url() });

async function providerFindings(
  context: PreflightContext,
  settings: ReadonlyMap<string, string>,
  address: URL | undefined,
): Promise<Finding[]> {
  const issuer = urlOf(settings.get('OIDC_ISSUER'));
  if (issuer === undefined) return [];
  const discovery = new URL(`${issuer.href.replace(/\/$/, '')}/.well-known/openid-configuration`);
  const answer = await ask(context, discovery, 'the login provider');
  if (typeof answer === 'string') return [warning(`the login provider does not answer from here: ${answer}`)];
  const found = discoverySchema.safeParse(parseJson(answer.body)).data;
  if (answer.status !== 200 || found === undefined)
    return [failed(`${discovery.href} is not an OpenID Connect provider's configuration (${answer.status})`)];
  if (found.issuer.replace(/\/$/, '') !== issuer.href.replace(/\/$/, ''))
    return [
      failed(
        `OIDC_ISSUER is ${issuer.href}, but the provider calls itself ${printable(found.issuer)}: no login is accepted`,
      ),
    ];
  const clientId = settings.get('OIDC_CLIENT_ID');
  if (clientId === undefined) return [failed('OIDC_CLIENT_ID is missing')];
  return address === undefined ? [] : redirectFindings(context, found.authorization_endpoint, { clientId, address });
}

/** Without anybody to ask, a provider that knows the redirect address sends the browser there, with an error. */
async function redirectFindings(
  context: PreflightContext,
  endpoint: string,
  { clientId, address }: { readonly clientId: string; readonly address: URL },
): Promise<Finding[]> {
  const redirect = `${address.origin}/callback`;
  const url = new URL(endpoint);
  const query = {
    client_id: clientId,
    redirect_uri: redirect,
    response_type: 'code',
    scope: 'openid',
    prompt: 'none',
    state: 'preflight',
    nonce: 'preflight',
    // Of a verifier that nobody has: no code of this request is ever exchanged.
    code_challenge: 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM',
    code_challenge_method: 'S256',
  };
  for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value);
  const answer = await ask(context, url, 'the login provider');
  if (typeof answer === 'string') return [warning(`the login provider does not answer from here: ${answer}`)];
  if (answer.header('location')?.startsWith(`${redirect}?`) === true) return [];
  if (answer.status >= 400 && answer.status < 500)
    return [
      failed(
        `the login provider refuses the client ${printable(clientId)} with the redirect address ${redirect} (${answer.status}): register that address there`,
      ),
    ];
  return [
    unknown(`whether the login provider knows the redirect address ${redirect}: it answers with ${answer.status}`),
  ];
}

/** @returns why there is no answer, in words */
async function ask(context: PreflightContext, url: URL, peer: string) {
  const { signal, proxyEnv } = context;
  try {
    return await exchange({
      method: 'GET',
      url,
      headers: { accept: 'application/json, text/html' },
      timeoutMs,
      longestAnswer,
      signal,
      proxyEnv,
      kind: 'site',
      peer: `${peer} (${url.host})`,
      addressHint: '',
    });
  } catch (error) {
    signal.throwIfAborted();
    return toFailure(error).message;
  }
}

function urlOf(text: string | undefined): URL | undefined {
  if (text === undefined || !URL.canParse(text)) return undefined;
  const url = new URL(text);
  return url.protocol === 'https:' ? url : undefined;
}

function parseJson(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString('utf8'));
  } catch {
    return undefined;
  }
}
