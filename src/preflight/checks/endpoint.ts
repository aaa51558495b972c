/** The way to the PoolC API: the address, and its certificate. Sends no key. */
import { TLSSocket } from 'node:tls';
import { type Finding, failed, ok, warning } from '../../audit/finding.ts';
import { directoryAddress, isLocalEndpoint } from '../../config/settings.ts';
import { destinationOf } from '../../http/exchange.ts';
import { openSocket } from '../../http/open-socket.ts';
import { troubleOf } from '../../http/trouble.ts';
import { durationText } from '../../lib/duration.ts';
import type { Text } from '../../lib/message.ts';
import { endpointMessages as messages, secretMessages } from '../../lib/messages/preflight-deployment.ts';
import type { PreflightContext } from '../context.ts';

const timeoutMs = 10_000;
/** Time for an operator to notice, and for an automatic renewal to have happened. */
const soonSeconds = 21 * 86_400;

export const authoritiesName = 'credentials-updater-ca';

export async function endpoint(context: PreflightContext): Promise<Finding[]> {
  if (context.settings.directory.kind !== 'poolc') return [ok(secretMessages.notNeeded())];
  const url = directoryAddress(context.settings);
  if (url === undefined) return [await missingFinding(context)];
  const differs = await differsFromDeployed(context, url);
  if (url.protocol === 'http:') return [...differs, ok(messages.loopback({ url: url.href }))];
  return [...differs, await certificateFinding(context, url)];
}

async function missingFinding({ deployed, unusable, commands }: PreflightContext): Promise<Finding> {
  // What the CronJob has can't be known where it may not be read: that throws, and is said.
  await deployed();
  const wrong = unusable.some(({ name }) => name === 'POOLC_API_ENDPOINT');
  return wrong ? failed(messages.unusable(), commands.applyUpdater) : failed(messages.notSet(), commands.applyUpdater);
}

/** What is tried here should be what the CronJob will use. */
async function differsFromDeployed({ deployed, commands }: PreflightContext, url: URL): Promise<Finding[]> {
  const cronJob = await deployed().catch(() => undefined);
  const written = cronJob?.variables.get('POOLC_API_ENDPOINT')?.value;
  if (cronJob === undefined) return [];
  if (written === undefined) return [failed(messages.notInCronJob(), commands.applyUpdater)];
  const normalised = (text: string) => text.replace(/\/+$/, '').replace(/\/kubernetes$/, '');
  if (normalised(written) === normalised(url.href)) return [];
  return [warning(messages.differs({ url: url.href, deployed: written }))];
}

interface PeerCertificate {
  /** Why it isn't trusted; undefined when it is. */
  readonly problem: Text | undefined;
  readonly protocol: string | null;
  /** Seconds from now; undefined where the peer sent no certificate. */
  readonly expiresIn: number | undefined;
}

async function certificateFinding(context: PreflightContext, url: URL): Promise<Finding> {
  const { clock, settings } = context;
  const extraAuthorities = await context.extraAuthorities();
  let peer: PeerCertificate;
  try {
    peer = await shakeHands(url, { ...context, extraAuthorities, now: clock.now() });
  } catch (error) {
    context.signal.throwIfAborted();
    return failed(messages.unreachable({ host: url.host, why: whyNot(error) }));
  }
  const { problem, protocol, expiresIn } = peer;
  if (problem !== undefined) {
    return failed(messages.untrusted({ host: url.host, why: problem }), {
      label: messages.ownAuthority(),
      command: await trustCommand(context),
    });
  }
  if (expiresIn !== undefined && expiresIn < soonSeconds)
    return warning(messages.expiresSoon({ host: url.host, time: durationText(expiresIn) }));
  return ok(
    messages.trusted({
      host: url.host,
      isLocal: isLocalEndpoint(settings),
      lifetime: expiresIn === undefined ? undefined : durationText(expiresIn),
      protocol: protocol ?? 'TLS',
    }),
  );
}

/** Fills the ConfigMap that deploy/records ships empty; makes it where it is not there. */
async function trustCommand({ gathered, commands, settings }: PreflightContext): Promise<string> {
  const { namespace } = settings.metadata;
  const create = commands.kubectl`-n ${namespace} create configmap ${authoritiesName} --from-file=ca.crt=./ca.crt`;
  const isThere = (await gathered.configMap(authoritiesName)).resourceVersion !== undefined;
  if (!isThere) return create;
  const patch = commands.kubectl`-n ${namespace} patch configmap ${authoritiesName} --type=merge --patch-file=/dev/stdin`;
  return `${create} --dry-run=client -o json | ${patch}`;
}

/** Connects, through a proxy where one is set, whatever the certificate is, and looks at it. Nothing is sent. */
async function shakeHands(
  url: URL,
  options: Pick<PreflightContext, 'proxyEnv' | 'signal'> & { extraAuthorities: readonly string[]; now: number },
): Promise<PeerCertificate> {
  const destination = destinationOf(url, { ...options, timeoutMs });
  // The reason is wanted that a refused handshake doesn't give in full.
  const unchecked = { ...destination, tls: { ...destination.tls, rejectUnauthorized: false } };
  const socket = await openSocket(unchecked, options.signal);
  try {
    if (!(socket instanceof TLSSocket)) throw new Error('the answer came over no TLS connection');
    const { valid_to: validTo } = socket.getPeerCertificate();
    const expiry = Date.parse(validTo);
    return {
      problem: socket.authorized ? undefined : explain(socket),
      protocol: socket.getProtocol(),
      expiresIn: Number.isNaN(expiry) ? undefined : (expiry - options.now) / 1_000,
    };
  } finally {
    socket.destroy();
  }
}

function explain(socket: TLSSocket): Text {
  // Node's types say Error; for a chain that can't be verified it is the code.
  const reason = String(socket.authorizationError);
  const { valid_to: validTo, subjectaltname: names } = socket.getPeerCertificate();
  if (reason.includes('CERT_HAS_EXPIRED')) return messages.expired({ at: validTo });
  if (reason.includes('ALTNAME')) return messages.otherName({ names });
  if (reason.includes('SELF_SIGNED')) return messages.selfSigned({ reason });
  if (reason.includes('UNABLE_TO')) return messages.noChain({ reason });
  return reason;
}

function whyNot(error: unknown): Text {
  return error instanceof Error ? troubleOf(error).words : String(error);
}
