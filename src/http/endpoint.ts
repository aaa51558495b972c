/** The address of a server that secrets are sent to: what is accepted. */
import { Failure } from '../lib/failure.ts';
import type { Text } from '../lib/message.ts';
import { httpMessages as say } from '../lib/messages/http.ts';

/** What is sent to an address, and where it belongs instead of the address itself: for the words of a refusal. */
export interface Sent {
  readonly secrets: Text;
  readonly belongsElsewhere: Text;
}

/** An address that can be used, or why it can't and what to write instead. */
export type AddressReading = { readonly url: URL } | { readonly why: Text; readonly hint: Text };

/** Refuses anything that would send secrets in the clear, or nowhere. */
export function readAddress(text: string, sent: Sent): AddressReading {
  const example = say.exampleAddress();
  if (!URL.canParse(text)) return { why: say.notAnAddress(), hint: example };
  const url = new URL(text);
  if (url.protocol !== 'https:' && url.protocol !== 'http:')
    return { why: say.otherProtocol({ protocol: url.protocol }), hint: example };
  if (url.username !== '' || url.password !== '') return { why: say.holdsCredential(), hint: sent.belongsElsewhere };
  if (url.search !== '' || url.hash !== '') return { why: say.hasQuery(), hint: example };
  if (url.protocol === 'http:' && !isLoopback(url.hostname)) {
    return { why: say.inTheClear({ secrets: sent.secrets }), hint: say.useHttps() };
  }
  url.pathname = url.pathname.replace(/\/+$/, '');
  return { url };
}

/** @throws Failure (usage) for what `readAddress` refuses */
export function parseEndpoint(text: string, origin: string, sent: Sent): URL {
  const reading = readAddress(text, sent);
  if ('url' in reading) return reading.url;
  const { why, hint } = reading;
  throw new Failure('usage', say.addressRefused({ given: `${origin}${shownAddress(text)}`, why }), { hint });
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
