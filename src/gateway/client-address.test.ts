import { describe, expect, it } from 'vitest';
import { clientAddress, parseTrustedProxies } from './client-address.ts';

const trusted = parseTrustedProxies(['10.0.0.0/8', 'fd00::/8', '192.0.2.7'], 'TRUSTED_PROXIES');
const none = parseTrustedProxies([], 'TRUSTED_PROXIES');

describe('the address of a request', () => {
  it.each([
    ['of the connection, without a proxy', '203.0.113.5', undefined, trusted, '203.0.113.5'],
    [
      'of the connection, whatever it claims, from nobody that is trusted',
      '203.0.113.5',
      '1.2.3.4',
      trusted,
      '203.0.113.5',
    ],
    ['of the connection, where no proxy is trusted', '10.0.0.1', '1.2.3.4', none, '10.0.0.1'],
    ['that a trusted proxy saw', '10.0.0.1', '203.0.113.5', trusted, '203.0.113.5'],
    ['that the first of several trusted proxies saw', '10.0.0.1', '203.0.113.5, 10.0.0.2', trusted, '203.0.113.5'],
    ['not what the client wrote before it', '10.0.0.1', '1.2.3.4, 203.0.113.5', trusted, '203.0.113.5'],
    ['over IPv6', 'fd00::1', '2001:db8::5', trusted, '2001:db8::5'],
    ['over IPv4 in IPv6', '::ffff:10.0.0.1', '203.0.113.5', trusted, '203.0.113.5'],
    ['of the proxy, where it says something that is no address', '10.0.0.1', 'x<script>', trusted, '10.0.0.1'],
    ['of the outermost, where all are trusted', '10.0.0.1', '10.0.0.3, 192.0.2.7', trusted, '10.0.0.3'],
  ])('is that %s', (_, remote, forwarded, proxies, address) => {
    expect(clientAddress(remote, forwarded, proxies)).toBe(address);
  });
});

it.each(['10.0.0.0/33', 'proxy.example.org', '10.0.0.0/x', ''])('%j is not a proxy to trust', (range) => {
  expect(() => parseTrustedProxies([range], 'TRUSTED_PROXIES')).toThrow(/TRUSTED_PROXIES: .* is not an address/);
});
