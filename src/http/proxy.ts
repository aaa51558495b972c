/**
 * Which proxy a request goes through, as kubectl decides it (golang.org/x/net/http/httpproxy): HTTPS_PROXY or HTTP_PROXY,
 * unless NO_PROXY names the host. This machine's own addresses are never reached through a proxy.
 */
import { BlockList, isIP } from 'node:net';
import { domainToASCII } from 'node:url';
import { Failure } from '../lib/failure.ts';
import { isLoopback } from './endpoint.ts';

/** Upper case first: that spelling wins. */
export const proxyVariables = [
  'HTTPS_PROXY',
  'https_proxy',
  'HTTP_PROXY',
  'http_proxy',
  'NO_PROXY',
  'no_proxy',
] as const;

/** Which requests go through which proxy, in the variables that curl and others read. */
export type ProxyVariables = Readonly<Partial<Record<(typeof proxyVariables)[number], string>>>;

/**
 * The proxy for a request to `url`; undefined for none.
 * @throws Failure (usage) for an address that is not a proxy's, without a word of it: it may hold a password
 */
export function proxyFor(url: URL, proxies: ProxyVariables): URL | undefined {
  const host = url.hostname.replace(/^\[|\]$/g, '');
  if (isLoopback(url.hostname) || isLoopbackAddress(host)) return undefined;
  const names =
    url.protocol === 'https:' ? (['HTTPS_PROXY', 'https_proxy'] as const) : (['HTTP_PROXY', 'http_proxy'] as const);
  const name = names.find((each) => proxies[each]);
  if (name === undefined) return undefined;
  const proxy = parseProxy(proxies[name] ?? '');
  if (proxy === undefined) {
    throw new Failure(
      'usage',
      `${name} is not the address of a proxy (it is not shown, since it may hold a password)`,
      {
        hint: 'it looks like http://proxy.example.org:3128; in a user name or password, characters such as @ : / % are written as %40 %3A %2F %25',
      },
    );
  }
  const port = url.port === '' ? (url.protocol === 'https:' ? '443' : '80') : url.port;
  return isExempt({ host, port }, proxies.NO_PROXY || proxies.no_proxy || '') ? undefined : proxy;
}

/** undefined for an address that is not a proxy's. */
export function parseProxy(text: string): URL | undefined {
  if (!URL.canParse(text)) return undefined;
  const proxy = new URL(text);
  try {
    decodeURIComponent(`${proxy.username}:${proxy.password}`);
  } catch {
    return undefined;
  }
  return proxy.protocol === 'http:' || proxy.protocol === 'https:' ? proxy : undefined;
}

/** Where a request goes: an address without brackets, or a name in lower case. */
interface Destination {
  readonly host: string;
  readonly port: string;
}

/** Whether one of NO_PROXY's entries names the destination. An entry that can't be read names nothing. */
function isExempt(destination: Destination, noProxy: string): boolean {
  const entries = noProxy.split(',').map((entry) => entry.trim().toLowerCase());
  return entries.some((entry) => entry === '*' || (entry !== '' && matches(entry, destination)));
}

function matches(entry: string, { host, port }: Destination): boolean {
  const [, network = '', bits = ''] = /^(.+)\/(\d{1,3})$/.exec(entry) ?? [];
  if (isIP(network) !== 0 && Number(bits) <= (isIP(network) === 4 ? 32 : 128))
    return isIP(host) !== 0 && within(host, network, Number(bits));
  const { name, onlyPort } = splitPort(entry);
  if (onlyPort !== '' && onlyPort !== port) return false;
  if (isIP(name) !== 0) return isIP(host) !== 0 && within(host, name, isIP(name) === 4 ? 32 : 128);
  if (isIP(host) !== 0) return false;
  // example.org also names what is below it; .example.org and *.example.org name only that.
  const domain = name.replace(/^\*(?=\.)/, '');
  const ascii = domainToASCII(domain.replace(/^\./, '')) || domain.replace(/^\./, '');
  return ascii !== '' && (host.endsWith(`.${ascii}`) || (!domain.startsWith('.') && host === ascii));
}

/** `host:port` and `[address]:port`, else all of it is the host. */
function splitPort(entry: string): { name: string; onlyPort: string } {
  const [, name, onlyPort] = /^\[(.+)\]:(\d*)$/.exec(entry) ?? /^([^:]+):(\d*)$/.exec(entry) ?? [];
  return name === undefined || onlyPort === undefined ? { name: entry, onlyPort: '' } : { name, onlyPort };
}

/** An IPv4 address inside an IPv6 one (::ffff:10.0.0.1) counts as the IPv4 address. */
function within(address: string, network: string, bits: number): boolean {
  const family = (text: string) => (isIP(text) === 4 ? 'ipv4' : 'ipv6');
  const list = new BlockList();
  list.addSubnet(network, bits, family(network));
  return list.check(address, family(address));
}

function isLoopbackAddress(host: string): boolean {
  return isIP(host) !== 0 && (within(host, '127.0.0.0', 8) || within(host, '::1', 128));
}
