/**
 * `credentials-updater login https://GATEWAY`: connects this computer as a device. Makes its key, has the member prove who
 * they are in a browser or at the club's site, and makes this program the plugin that kubectl asks for tokens.
 */
import { hostname } from 'node:os';
import path from 'node:path';
import { newDeviceKey, publicPartOf, readableThumbprint, thumbprintOf } from '../../devices/device-key.ts';
import { newEnrolmentCode, signEnrolmentRequest } from '../../devices/enrolment-request.ts';
import type { ClusterDescription, Enrolled } from '../../devices/wire.ts';
import { parseEndpoint } from '../../http/endpoint.ts';
import { harmless } from '../../http/exchange.ts';
import { readClaims } from '../../kube/token-claims.ts';
import { Failure, toFailure } from '../../lib/failure.ts';
import { inLanguage, type Text } from '../../lib/message.ts';
import { gatewayMessages as messages } from '../../lib/messages/member-gateway.ts';
import { loginMessages } from '../../lib/messages/member-login.ts';
import type { Secret } from '../../lib/secret.ts';
import { columnsOf, withoutInvisible, wrapLine } from '../../lib/terminal-text.ts';
import { parsePoolcEndpoint } from '../../poolc/endpoint.ts';
import { sentByMember } from '../cluster-info.ts';
import type { MemberEnvironment } from '../environment.ts';
import { proveIdentity, readGivenSecret } from '../identity.ts';
import { clusterEntry, rehearse, writeEntry } from '../kubeconfig-file.ts';
import type { LoginFlags } from '../login.ts';
import { checkClusterName, forgetKnownCluster, readKnownCluster } from '../logins.ts';
import { ownCommand } from '../own-command.ts';
import { placesOf } from '../places.ts';
import { openSite } from '../site.ts';
import { type OwnDevice, writeOwnDevice } from './device-file.ts';
import { cacheOf, renewDevice } from './device-token.ts';
import { type GatewayClient, openGateway } from './gateway-client.ts';

export type GatewayLoginFlags = Omit<LoginFlags, 'cluster' | 'site'> & {
  readonly gateway: string;
  /** What the member's devices are listed by; this computer's own name unless given. */
  readonly deviceName: string | undefined;
  /** With an operator's one-time code; `-` for stdin or the terminal. */
  readonly codeFile: string | undefined;
};

const timeoutMs = 15_000;
const pollMs = 2_000;
const longestDeviceName = 64;

/** @throws Failure (usage, login, site); what is refused leaves kubeconfig and device as they were */
export async function loginAtGateway(environment: MemberEnvironment, flags: GatewayLoginFlags): Promise<void> {
  const places = placesOf(environment);
  const sent = { secrets: messages.sent(), belongsElsewhere: messages.belongsElsewhere() };
  const address = new URL(parseEndpoint(flags.gateway, 'login', sent).origin);
  const oneTimeCode = flags.codeFile === undefined ? undefined : await readOneTimeCode(environment, flags.codeFile);
  const gateway = openGateway(environment, address, timeoutMs);
  const description = await gateway.describe();
  const name =
    flags.name === undefined ? checkClusterName(description.name, 'name') : checkClusterName(flags.name, '--name');
  const file = path.resolve(flags.kubeconfig ?? places.kubeconfig);
  const entry = clusterEntry(environment, {
    name,
    info: {
      name,
      server: new URL(description.server),
      certificateAuthority: description.certificateAuthority ?? '',
      whenUnreachable: undefined,
    },
    namespace: flags.namespace,
    again: ['login', address.origin],
  });
  const options = { file, makeCurrent: !flags.keepContext, replace: flags.replace };
  await rehearse(entry, options);

  const key = await newDeviceKey();
  const code = newEnrolmentCode();
  const deviceName = (flags.deviceName ?? hostname()).slice(0, longestDeviceName) || 'device';
  const request = await signEnrolmentRequest(
    key,
    { audience: address.origin, name: deviceName, code },
    environment.clock.now(),
  );
  const enrolled = await prove(environment, { gateway, description, flags, request, code, oneTimeCode, key });

  // The kubeconfig first: it may be refused to be written, and then there must be no device either.
  await writeEntry(entry, options);
  const { account, device, nonce } = enrolled;
  const own: OwnDevice = { name, gateway: address, account, device, key, nonce };
  // What was cached belongs to an earlier login, perhaps another member's.
  await cacheOf(places, own)
    .clear()
    .catch(() => undefined);
  await writeOwnDevice(places, own);
  if ((await readKnownCluster(environment, places.logins, name).catch(() => undefined)) !== undefined)
    await forgetKnownCluster(places.logins, name);
  const problem = await renewDevice(environment, places, own, true).then(() => undefined, toFailure);
  report(environment, { peer: gateway.peer, own, file, keepContext: flags.keepContext, problem });
}

/** It is not sent to anybody else: whoever has it could use it there. @throws Failure (usage) */
function checkAudience(code: Secret, { origin }: GatewayClient): void {
  const audiences = audiencesOf(code);
  if (audiences?.includes(origin) === true) return;
  const [other] = audiences ?? [];
  throw new Failure(
    'usage',
    messages.notCodeFor({ address: origin, other: other === undefined ? '?' : harmless(other) }),
  );
}

function audiencesOf(code: Secret): readonly string[] | undefined {
  try {
    return readClaims(code.reveal()).audiences;
  } catch {
    return undefined;
  }
}

function readOneTimeCode(environment: MemberEnvironment, file: string): Promise<Secret> {
  return readGivenSecret(environment, file, { question: messages.askCode(), called: messages.theCode() });
}

interface Proof {
  readonly gateway: GatewayClient;
  readonly description: ClusterDescription;
  readonly flags: GatewayLoginFlags;
  readonly request: string;
  /** That this device shows, and the member types. */
  readonly code: string;
  /** That an operator made. */
  readonly oneTimeCode: Secret | undefined;
  readonly key: OwnDevice['key'];
}

async function prove(environment: MemberEnvironment, proof: Proof): Promise<Enrolled> {
  const { gateway, description, flags, request } = proof;
  const { signIn, poolcEndpoint } = description;
  if (proof.oneTimeCode !== undefined) {
    checkAudience(proof.oneTimeCode, gateway);
    if (!signIn.includes('code')) throw new Failure('usage', messages.takesNoCodes({ peer: gateway.peer }));
    return gateway.enrolByCode(request, proof.oneTimeCode.reveal());
  }
  const wantsSite = flags.loginId !== undefined || flags.accessTokenFile !== undefined || !signIn.includes('oidc');
  if (signIn.includes('poolc') && poolcEndpoint !== undefined && wantsSite) {
    const site = openSite(parsePoolcEndpoint(poolcEndpoint, 'login', sentByMember), environment, timeoutMs);
    const { accessToken } = await proveIdentity(environment, site, { ...flags, lastLoginId: undefined });
    return gateway.enrolBySite(request, accessToken.reveal());
  }
  if (!signIn.includes('oidc')) throw new Failure('usage', messages.noSignIn(), { hint: messages.update() });
  return inBrowser(environment, proof);
}

async function inBrowser(environment: MemberEnvironment, { gateway, request, code, key }: Proof): Promise<Enrolled> {
  const { clock, signal, stderr, language } = environment;
  const thumbprint = await thumbprintOf(publicPartOf(key));
  const { link, expiresAt } = await gateway.beginEnrolment(request);
  const seconds = Math.max(0, (expiresAt - clock.now()) / 1_000);
  const write = (text: Text) => void stderr.write(`${wrapLine(inLanguage(text, language), columnsOf(stderr), 2)}\n`);
  write(messages.openLink());
  // Whole, on a line of its own: a link that was wrapped can't be opened.
  stderr.write(`\n${withoutInvisible(link)}\n\n`);
  write(messages.compareKey({ thumbprint: readableThumbprint(thumbprint) }));
  write(messages.typeCode({ code, seconds }));
  const until = clock.monotonic() + seconds * 1_000;
  while (clock.monotonic() < until) {
    await clock.sleep(pollMs, signal);
    try {
      const enrolled = await gateway.pollEnrolment({ name: thumbprint, key, nonce: 'none' });
      if (enrolled !== undefined) return enrolled;
    } catch (error) {
      // A gateway that restarts meanwhile is asked again.
      if (!(error instanceof Failure) || !error.transient) throw error;
    }
  }
  throw new Failure('login', messages.codeOver(), {
    hint: messages.tryAgain({ command: ownCommand(environment, 'login', gateway.origin) }),
  });
}

interface Report {
  readonly peer: ReturnType<typeof messages.peer>;
  readonly own: OwnDevice;
  readonly file: string;
  readonly keepContext: boolean;
  readonly problem: Failure | undefined;
}

function report(
  { stdout, home, language }: MemberEnvironment,
  { peer, own, file, keepContext, problem }: Report,
): void {
  const shown = file.startsWith(`${home}${path.sep}`) ? `~${file.slice(home.length)}` : file;
  const { name, account } = own;
  const lines: Text[] = [
    messages.connected({ peer, account: withoutInvisible(account) }),
    keepContext
      ? loginMessages.contextIsThere({ cluster: name, file: shown })
      : loginMessages.contextIsCurrent({ cluster: name, file: shown }),
  ];
  if (problem === undefined) {
    const command = `kubectl ${keepContext ? `--context ${name} ` : ''}get namespaces`;
    lines.push(messages.renewsItself(), loginMessages.tryIt({ command }));
  } else
    lines.push(messages.but({ problem: problem.said }), ...(problem.advised === undefined ? [] : [problem.advised]));
  for (const line of lines) stdout.write(`${wrapLine(inLanguage(line, language), columnsOf(stdout), 2)}\n`);
}
