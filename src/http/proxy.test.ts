/** Which proxy a request goes through: as kubectl decides it. */
import { describe, expect, it } from 'vitest';
import { proxyFor } from './proxy.ts';

const proxy = 'http://kim:a%20word@proxy.example.org:3128';

const proxied = (url: string, noProxy: string): boolean =>
  proxyFor(new URL(url), { HTTPS_PROXY: proxy, HTTP_PROXY: proxy, NO_PROXY: noProxy }) !== undefined;

describe('a proxy', () => {
  it('is used for what is sent elsewhere, by the variable of its kind', () => {
    const env = { HTTPS_PROXY: proxy };
    expect(proxyFor(new URL('https://api.example.org'), env)?.href).toBe(`${proxy}/`);
    expect(proxyFor(new URL('http://push.example.org'), env)).toBeUndefined();
    expect(proxyFor(new URL('http://push.example.org'), { http_proxy: proxy })?.href).toBe(`${proxy}/`);
    expect(proxyFor(new URL('https://api.example.org'), { HTTPS_PROXY: '', https_proxy: proxy })?.href).toBe(
      `${proxy}/`,
    );
    expect(proxyFor(new URL('https://api.example.org'), { HTTPS_PROXY: '' })).toBeUndefined();
  });

  it.each([
    'http://localhost:6443',
    'https://localhost:6443',
    'https://127.0.0.1:6443',
    'https://127.8.9.10',
    'https://[::1]:6443',
    'https://[::ffff:127.0.0.1]:6443',
  ])('is never used for this machine: %s', (url) => {
    expect(proxied(url, '')).toBe(false);
  });
});

describe('NO_PROXY', () => {
  it.each([
    // ranges
    ['10.0.0.0/8', 'https://10.1.2.3:6443', false],
    ['10.0.0.0/8', 'https://11.1.2.3:6443', true],
    ['10.1.2.3/16', 'https://10.1.200.3', false],
    ['10.0.0.0/8', 'https://[::ffff:10.1.2.3]', false],
    ['fd00::/8', 'https://[fd12::1]:6443', false],
    ['fd00::/8', 'https://[fe80::1]:6443', true],
    ['10.0.0.0/33', 'https://10.0.0.1', true],
    ['10.0.0.0/8', 'https://10.example.org', true],
    // addresses
    ['192.0.2.7', 'https://192.0.2.7:6443', false],
    ['192.0.2.7', 'https://192.0.2.70:6443', true],
    ['192.0.2.7:6443', 'https://192.0.2.7:6443', false],
    ['192.0.2.7:6443', 'https://192.0.2.7', true],
    ['2001:db8::7', 'https://[2001:db8:0::7]', false],
    ['[2001:db8::7]:443', 'https://[2001:db8::7]', false],
    // names
    ['example.org', 'https://example.org', false],
    ['example.org', 'https://api.example.org', false],
    ['example.org', 'https://notexample.org', true],
    ['.example.org', 'https://api.example.org', false],
    ['.example.org', 'https://example.org', true],
    ['*.example.org', 'https://api.example.org', false],
    ['*.example.org', 'https://example.org', true],
    ['api', 'https://api', false],
    ['api', 'https://api.example.org', true],
    ['EXAMPLE.org', 'https://api.Example.ORG', false],
    ['클럽.example.org', 'https://클럽.example.org', false],
    // ports
    ['example.org:443', 'https://example.org', false],
    ['example.org:6443', 'https://example.org', true],
    ['example.org:80', 'http://example.org', false],
    // lists
    ['other.example, .svc , 10.0.0.0/8', 'https://kubernetes.default.svc', false],
    ['*', 'https://anything.example', false],
    ['', 'https://anything.example', true],
    [' , ', 'https://anything.example', true],
  ])('%s: %s goes through the proxy: %s', (noProxy, url, expected) => {
    expect(proxied(url, noProxy)).toBe(expected);
  });

  it('is read in lower case as well, where the other is not set', () => {
    const url = new URL('https://api.example.org');
    expect(proxyFor(url, { https_proxy: proxy, no_proxy: 'example.org' })).toBeUndefined();
    expect(proxyFor(url, { https_proxy: proxy, no_proxy: 'example.org', NO_PROXY: 'other' })?.href).toBe(`${proxy}/`);
  });
});
