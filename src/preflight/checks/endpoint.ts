/** The way to the PoolC API: the address, and its certificate. Sends no key. */
import { TLSSocket } from 'node:tls';
import { type Finding, failed, ok, warning } from '../../audit/finding.ts';
import { directoryAddress, isLocalEndpoint } from '../../config/settings.ts';
import { destinationOf } from '../../http/exchange.ts';
import { openSocket } from '../../http/open-socket.ts';
import { troubleOf } from '../../http/trouble.ts';
import { formatDuration } from '../../lib/duration.ts';
import { en } from '../../lib/message.ts';
import type { PreflightContext } from '../context.ts';

const timeoutMs = 10_000;
/** Time for an operator to notice, and for an automatic renewal to have happened. */
const soonSeconds = 21 * 86_400;

export const authoritiesName = 'credentials-updater-ca';

export async function endpoint(context: PreflightContext): Promise<Finding[]> {
  if (context.settings.directory.kind !== 'poolc') return [ok('not needed: the directory is not the PoolC API')];
  const url = directoryAddress(context.settings);
  if (url === undefined) return [await missingFinding(context)];
  const differs = await differsFromDeployed(context, url);
  if (url.protocol === 'http:')
    return [...differs, ok(`${url.href} is on this machine's loopback, so that plain http is fine`)];
  return [...differs, await certificateFinding(context, url)];
}

async function missingFinding({ deployed, unusable, commands }: PreflightContext): Promise<Finding> {
  // What the CronJob has can't be known where it may not be read: that throws, and is said.
  await deployed();
  const wrong = unusable.some(({ name }) => name === 'POOLC_API_ENDPOINT');
  return wrong
    ? failed("the CronJob's POOLC_API_ENDPOINT can't be used: below, cron-job says why", commands.applyUpdater)
    : failed("POOLC_API_ENDPOINT is set neither here nor in the CronJob's ConfigMap", commands.applyUpdater);
}

/** What is tried here should be what the CronJob will use. */
async function differsFromDeployed({ deployed, commands }: PreflightContext, url: URL): Promise<Finding[]> {
  const cronJob = await deployed().catch(() => undefined);
  const written = cronJob?.variables.get('POOLC_API_ENDPOINT')?.value;
  if (cronJob === undefined) return [];
  if (written === undefined)
    return [failed('the CronJob has no POOLC_API_ENDPOINT, which was given here', commands.applyUpdater)];
  const normalised = (text: string) => text.replace(/\/+$/, '').replace(/\/kubernetes$/, '');
  if (normalised(written) === normalised(url.href)) return [];
  return [warning(`tried below is ${url.href}, as given here; the CronJob will use ${written}`)];
}

interface PeerCertificate {
  /** Why it isn't trusted; undefined when it is. */
  readonly problem: string | undefined;
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
    return failed(
      `${url.host} can't be reached from here: ${whyNot(error)}. Is POOLC_API_ENDPOINT right, and may this machine reach it?`,
    );
  }
  const { problem, protocol, expiresIn } = peer;
  if (problem !== undefined) {
    return failed(`the certificate of ${url.host} can't be trusted: ${problem}`, {
      label: 'where the certificate is from an authority of your own, tell the CronJob',
      command: await trustCommand(context),
    });
  }
  if (expiresIn !== undefined && expiresIn < soonSeconds)
    return warning(`the certificate of ${url.host} expires in ${formatDuration(expiresIn)}: renew it on that server`);
  const lifetime = expiresIn === undefined ? '' : `, for ${formatDuration(expiresIn)} more`;
  const local = isLocalEndpoint(settings) ? ' (this machine)' : '';
  return ok(`${url.host}${local} has a certificate that is trusted${lifetime} (${protocol ?? 'TLS'})`);
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

function explain(socket: TLSSocket): string {
  // Node's types say Error; for a chain that can't be verified it is the code.
  const reason = String(socket.authorizationError);
  const { valid_to: validTo, subjectaltname: names } = socket.getPeerCertificate();
  if (reason.includes('CERT_HAS_EXPIRED')) return `it expired on ${validTo}`;
  if (reason.includes('ALTNAME')) return `it is for ${names ?? 'another name'}`;
  if (reason.includes('SELF_SIGNED')) return `it is signed by itself or by an unknown authority (${reason})`;
  if (reason.includes('UNABLE_TO')) return `its authority is unknown here, or it doesn't send its chain (${reason})`;
  return reason;
}

function whyNot(error: unknown): string {
  return error instanceof Error ? en(troubleOf(error).words) : String(error);
}
