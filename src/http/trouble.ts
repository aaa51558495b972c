/** What is wrong with a connection, from the error of Node or undici: the one place that knows their codes. */
import { type Failure, firstSentence } from '../lib/failure.ts';
import type { Message, Text } from '../lib/message.ts';
import { httpMessages } from '../lib/messages/http.ts';

export interface Trouble {
  readonly what: /** The other side's certificate is not to be trusted. */
    | 'untrusted'
    /** The other side does not accept our client certificate, or wants one. */
    | 'unwelcome'
    /** The other side ended the TLS handshake for another reason. */
    | 'tls'
    /** Something answers there that does not speak TLS. */
    | 'not-tls'
    /** Something answers there that does not speak HTTP/1.1 as it is written. */
    | 'not-http'
    /** Our own request can't be said in HTTP, such as a header with a line break. */
    | 'unsendable'
    /** The proxy in between opens no way. */
    | 'proxy'
    | 'network';
  /** Of Node or undici; may be empty. */
  readonly code: string;
  readonly words: Text;
  /** Whether the words are Node's or undici's, which may name the host. */
  readonly foreign: boolean;
  /** Whether the same may succeed later. */
  readonly transient: boolean;
}

/** What requests fail with. */
export interface RequestFailures {
  /** For an error of the network, of TLS or of the parser. */
  readonly of: (error: Error) => Failure;
  /** For a request that got no answer in time. */
  readonly timedOut: () => Failure;
  /** For a stream that was silent for longer than it may be. */
  readonly silent: (afterMs: number) => Failure;
  /** When the pool is closed. */
  readonly closed: () => Failure;
}

const networkWords: Readonly<Record<string, () => Message>> = {
  ECONNREFUSED: httpMessages.nothingListens,
  ENOTFOUND: httpMessages.unknownHost,
  EAI_AGAIN: httpMessages.unresolvedHost,
  ECONNRESET: httpMessages.connectionReset,
  EPIPE: httpMessages.connectionClosed,
  EHOSTUNREACH: httpMessages.noRoute,
  ENETUNREACH: httpMessages.noNetwork,
  UND_ERR_SOCKET: httpMessages.answerCutShort,
  UND_ERR_RES_CONTENT_LENGTH_MISMATCH: httpMessages.answerCutShort,
};

const untrustedCodes =
  /^(CERT_|ERR_TLS_CERT|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO_|INVALID_CA|INVALID_PURPOSE|HOSTNAME_|CRL_|PATH_LENGTH|ERROR_IN_CERT|ERR_SSL_(EE|CA)_)/;

export function troubleOf(error: Error): Trouble {
  const code = 'code' in error && typeof error.code === 'string' ? error.code : '';
  // Of several addresses that were tried, Node says nothing but the code.
  const words = firstSentence(error) || code || error.name;
  const alert = /alert ([a-z0-9 _]+)/i.exec(words)?.[1] ?? /_ALERT_(\w+)$/.exec(code)?.[1];
  if (alert !== undefined || code.endsWith('UNRECOGNIZED_NAME')) {
    const name = (alert ?? 'unrecognized name').replaceAll('_', ' ').trim().toLowerCase();
    const unwelcome = /certificate|unknown ca|access denied/.test(name);
    const said = { code, words: `TLS alert "${name}"`, foreign: false };
    return unwelcome ? { what: 'unwelcome', ...said, transient: false } : { what: 'tls', ...said, transient: true };
  }
  const foreign = { code, words, foreign: true };
  if (untrustedCodes.test(code)) return { what: 'untrusted', ...foreign, transient: false };
  if (error.name === 'HTTPParserError' || code === 'UND_ERR_HEADERS_OVERFLOW' || /^bad (response|upgrade)$/.test(words))
    return { what: 'not-http', ...foreign, words: lowerFirst(words), transient: true };
  if (/^(ERR_SSL_|EPROTO)/.test(code)) return { what: 'not-tls', ...foreign, words: reasonOf(error), transient: true };
  if (code === 'UND_ERR_INVALID_ARG') return { what: 'unsendable', ...foreign, transient: false };
  if (code === 'ERR_PROXY_TUNNEL') return { what: 'proxy', ...foreign, transient: true };
  const known = code === 'ETIMEDOUT' && 'syscall' in error ? httpMessages.noAnswerInTime() : networkWords[code]?.();
  return { what: 'network', code, words: known ?? words, foreign: known === undefined, transient: true };
}

/** OpenSSL's own words: `wrong version number`. */
function reasonOf(error: Error): string {
  if ('reason' in error && typeof error.reason === 'string') return error.reason;
  return firstSentence(error);
}

function lowerFirst(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1);
}
