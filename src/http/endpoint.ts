/** The address of a server that secrets are sent to: what is accepted. */
import { Failure } from '../lib/failure.ts';

/** What is sent to an address, and where it belongs instead of the address itself: for the words of a refusal. */
export interface Sent {
  readonly secrets: string;
  readonly belongsElsewhere: string;
}

/** @throws Failure (usage) for anything that would send secrets in the clear, or nowhere */
export function parseEndpoint(text: string, origin: string, sent: Sent): URL {
  const bad = (why: string, hint: string) =>
    new Failure('usage', `${origin}${shown(text)} can't be used: ${why}`, { hint });
  const example = 'give an address such as https://api.example.org';
  if (!URL.canParse(text)) throw bad('it is not a URL', example);
  const url = new URL(text);
  if (url.protocol !== 'https:' && url.protocol !== 'http:')
    throw bad(`${url.protocol} is neither https nor http`, example);
  if (url.username !== '' || url.password !== '') throw bad('it holds a user name or password', sent.belongsElsewhere);
  if (url.search !== '' || url.hash !== '') throw bad('it has a query or a fragment', example);
  if (url.protocol === 'http:' && !isLoopback(url.hostname)) {
    throw bad(`plain http would send ${sent.secrets} in the clear`, 'use https; http is for loopback only');
  }
  url.pathname = url.pathname.replace(/\/+$/, '');
  return url;
}

export function isLoopback(hostname: string): boolean {
  return (
    hostname === 'localhost' ||
    hostname.endsWith('.localhost') ||
    hostname === '[::1]' ||
    /^127(\.\d{1,3}){3}$/.test(hostname)
  );
}

/** The value for a message; what looks like no address at all may be the API key in the wrong place, and is not shown. */
function shown(text: string): string {
  return /[.:/]/.test(text) ? `=${text.replace(/\/\/[^/@]*@/, '//[redacted]@').replace(/\p{Cc}/gu, ' ')}` : '';
}
