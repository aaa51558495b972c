/**
 * Where operators are notified. The address of a webhook is a credential, since anyone who has it can post: it comes from the
 * environment alone, never from a flag that every process list shows, and is never printed, not even when it is wrong.
 */
import { isLoopback } from '../http/endpoint.ts';
import type { Redactor } from '../lib/redact.ts';
import { Secret } from '../lib/secret.ts';

export const channelNames = ['NOTIFY_URL', 'HEARTBEAT_URL', 'PUSHGATEWAY_URL'] as const;
export type ChannelName = (typeof channelNames)[number];

export interface Channels {
  readonly addresses: Readonly<Partial<Record<ChannelName, Secret>>>;
  /** What is wrong with an address, without a word of it. A run goes on without that channel: members come first. */
  readonly problems: readonly string[];
}

/** What was found where the settings say an address is, and how that place is called in a message. */
export type FoundAddress = { readonly from: string } & ({ readonly text: string } | { readonly problem: string });

/** @param find undefined for a channel that isn't set */
export function readChannels(find: (name: ChannelName) => FoundAddress | undefined): Channels {
  const addresses: Partial<Record<ChannelName, Secret>> = {};
  const problems: string[] = [];
  for (const name of channelNames) {
    const found = find(name);
    if (found === undefined) continue;
    const problem = 'problem' in found ? found.problem : addressProblem(name, found.text);
    if ('text' in found && problem === undefined) addresses[name] = new Secret(found.text);
    else problems.push(`${found.from} can't be used: ${problem}; nothing is sent there`);
  }
  return { addresses, problems };
}

function addressProblem(name: ChannelName, value: string): string | undefined {
  if (!URL.canParse(value)) return 'it is not a URL';
  const { protocol, hostname, username, password } = new URL(value);
  if (!isDecodable(username) || !isDecodable(password))
    return 'in its user name or password, a percent sign has to be written as %25';
  if (protocol === 'https:') return undefined;
  if (protocol !== 'http:') return `it is neither https nor http`;
  if (isLoopback(hostname)) return undefined;
  // Numbers without secrets, to a Service of the cluster, which hardly anybody gives a certificate.
  if (name === 'PUSHGATEWAY_URL' && username === '' && password === '') return undefined;
  return 'plain http would send what it holds in the clear; use https (http is for loopback only)';
}

/** A URL may hold a percent sign that stands for nothing; no request can be made of it. */
function isDecodable(part: string): boolean {
  try {
    decodeURIComponent(part);
    return true;
  } catch {
    return false;
  }
}

/** Takes the addresses, and each part that is good for posting, out of all that is printed from now on. */
export function hideAddresses({ addresses }: Channels, redactor: Redactor): void {
  for (const address of Object.values(addresses)) {
    for (const part of secretParts(new URL(address.reveal()), address.reveal())) redactor.add(part);
  }
}

/** `services` in a path is a word of other lines as well; what was made by chance has digits, or is long. */
const madeByChance = /^(?=.*\d).{8,}$|^.{20,}$/s;

function secretParts(url: URL, text: string): string[] {
  const parts = [...url.pathname.split('/'), ...url.searchParams.values()].filter((part) => madeByChance.test(part));
  const credentials = [url.password, decodeURIComponent(url.password)].filter((part) => part !== '');
  if (parts.length === 0 && credentials.length === 0) return [];
  return [text, url.href, `${url.pathname}${url.search}`, ...parts, ...credentials];
}
