/**
 * Where a request came from. What a proxy says in X-Forwarded-For counts only where the settings trust that proxy: from
 * the right, the first address that is not a trusted proxy's.
 */
import { BlockList, isIP } from 'node:net';
import { Failure } from '../lib/failure.ts';

export type TrustedProxies = Pick<BlockList, 'check'>;

/** @param ranges addresses and CIDR ranges. @throws Failure (usage) */
export function parseTrustedProxies(ranges: readonly string[], origin: string): TrustedProxies {
  const list = new BlockList();
  for (const range of ranges) {
    const [address = '', prefix] = range.split('/');
    const family = isIP(address);
    const bits = prefix === undefined ? (family === 4 ? 32 : 128) : Number(prefix);
    const usable = family !== 0 && /^\d{1,3}$/.test(String(bits)) && bits <= (family === 4 ? 32 : 128);
    if (!usable) {
      throw new Failure('usage', `${origin}: ${JSON.stringify(range.slice(0, 60))} is not an address or a CIDR range`, {
        hint: 'such as 10.0.0.0/8 or fd00::/8, separated by commas',
      });
    }
    list.addSubnet(address, bits, family === 4 ? 'ipv4' : 'ipv6');
  }
  return list;
}

/** @param remote of the connection. @param forwarded the X-Forwarded-For header */
export function clientAddress(remote: string, forwarded: string | undefined, trusted: TrustedProxies): string {
  const hops = [...(forwarded ?? '').split(',').map((hop) => hop.trim()), remote].filter((hop) => hop !== '');
  for (const hop of hops.toReversed()) {
    const address = plain(hop);
    // What is no address was not written by a proxy that is trusted: the one to its right is the last that counts.
    if (address === undefined) return plain(remote) ?? 'unknown';
    if (!trusted.check(address, isIP(address) === 4 ? 'ipv4' : 'ipv6')) return address;
  }
  return plain(hops[0] ?? remote) ?? 'unknown';
}

/** An IPv4 address that came over IPv6 (::ffff:192.0.2.1) as IPv4; undefined for what is none. */
function plain(hop: string): string | undefined {
  const address = hop.replace(/^::ffff:(?=\d+\.)/i, '');
  return isIP(address) === 0 ? undefined : address;
}
