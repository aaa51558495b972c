/** The PoolC API's address: what is accepted, and what it is made of. */
import { type AddressReading, parseEndpoint, readAddress, type Sent } from '../http/endpoint.ts';
import { httpMessages } from '../lib/messages/http.ts';

const sentByUpdater: Sent = {
  secrets: httpMessages.sentByUpdater(),
  belongsElsewhere: httpMessages.updaterKeyElsewhere(),
};

/** Refuses anything that would send secrets in the clear, or nowhere. */
export function readPoolcAddress(text: string): AddressReading {
  const reading = readAddress(text, sentByUpdater);
  return 'url' in reading ? { url: withoutResource(reading.url) } : reading;
}

/** @throws Failure (usage) for what `readPoolcAddress` refuses */
export function parsePoolcEndpoint(text: string, origin: string, sent: Sent): URL {
  return withoutResource(parseEndpoint(text, origin, sent));
}

/** People copy the address with the resource at its end. */
function withoutResource(url: URL): URL {
  url.pathname = url.pathname.replace(/\/kubernetes$/, '');
  return url;
}
