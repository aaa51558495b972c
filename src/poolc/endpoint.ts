/** The PoolC API's address: what is accepted, and what it is made of. */
import { parseEndpoint, type Sent } from '../http/endpoint.ts';

const sentByUpdater: Sent = {
  secrets: 'the API key and every token',
  belongsElsewhere: 'the API key goes into POOLC_API_KEY_FILE, nothing into the address',
};

/** @throws Failure (usage) for anything that would send secrets in the clear, or nowhere */
export function parsePoolcEndpoint(text: string, origin: string, sent: Sent = sentByUpdater): URL {
  const url = parseEndpoint(text, origin, sent);
  // People copy the address with the resource at its end.
  url.pathname = url.pathname.replace(/\/kubernetes$/, '');
  return url;
}
