/** The address of a server that secrets are sent to: what is accepted. */
import { Failure } from '../lib/failure.ts';

/** What is sent to an address, and where it belongs instead of the address itself: for the words of a refusal. */
export interface Sent {
  readonly secrets: string;
  readonly belongsElsewhere: string;
}

/** An address that can be used, or why it can't and what to write instead. */
export type AddressReading = { readonly url: URL } | { readonly why: string; readonly hint: string };

/** Refuses anything that would send secrets in the clear, or nowhere. */
export function readAddress(text: string, sent: Sent): AddressReading {
  const example = 'give an address such as https://api.example.org';
  if (!URL.canParse(text)) return { why: 'it is not a URL', hint: example };
  const url = new URL(text);
  if (url.protocol !== 'https:' && url.protocol !== 'http:')
    return { why: `${url.protocol} is neither https nor http`, hint: example };
  if (url.username !== '' || url.password !== '')
    return { why: 'it holds a user name or password', hint: sent.belongsElsewhere };
  if (url.search !== '' || url.hash !== '') return { why: 'it has a query or a fragment', hint: example };
  if (url.protocol === 'http:' && !isLoopback(url.hostname)) {
    const why = `plain http would send ${sent.secrets} in the clear`;
    return { why, hint: 'use https; http is for loopback only' };
  }
  url.pathname = url.pathname.replace(/\/+$/, '');
  return { url };
}

/** @throws Failure (usage) for what `readAddress` refuses */
export function parseEndpoint(text: string, origin: string, sent: Sent): URL {
  const reading = readAddress(text, sent);
  if ('url' in reading) return reading.url;
  const { why, hint } = reading;
  throw new Failure('usage', `${origin}${shownAddress(text)} can't be used: ${why}`, { hint });
}

export function isLoopback(hostname: string): boolean {
  return (
    hostname === 'localhost' ||
    hostname.endsWith('.localhost') ||
    hostname === '[::1]' ||
    /^127(\.\d{1,3}){3}$/.test(hostname)
  );
}

/** `=VALUE` for a message; what looks like no address at all may be the API key in the wrong place, and is not shown. */
export function shownAddress(text: string): string {
  return /[.:/]/.test(text) ? `=${text.replace(/\/\/[^/@]*@/, '//[redacted]@').replace(/\p{Cc}/gu, ' ')}` : '';
}
