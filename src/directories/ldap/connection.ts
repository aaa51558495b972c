/**
 * One conversation with an LDAP server. A connection that is lost ends it: the library would open another one that nobody
 * has logged in to, and an anonymous search shows less than there is.
 */
import net from 'node:net';
import type tls from 'node:tls';
import {
  Client,
  type Entry,
  InvalidCredentialsError,
  NoSuchObjectError,
  ResultCodeError,
  type SearchOptions,
  type SearchResult,
  SizeLimitExceededError,
} from 'ldapts';
import { Failure, firstSentence } from '../../lib/failure.ts';
import type { Secret } from '../../lib/secret.ts';

export interface LdapServer {
  /** ldaps://HOST[:PORT], or ldap:// with startTLS, or loopback. */
  readonly url: URL;
  readonly startTLS: boolean;
  /** PEM; the usual ones unless given. */
  readonly certificateAuthority?: string;
  /** As whom to search; anonymously unless given. */
  readonly bind?: { readonly dn: string; readonly password: Secret };
}

export interface LdapConversation {
  /**
   * What `take` makes of every entry of a search. It comes in pages: each is taken while the server looks for the next one.
   * @throws Failure (directory) where a part of them is missing
   */
  search<T>(base: string, options: SearchOptions, take: (entry: Entry) => T): Promise<T[]>;
  /** One entry; undefined where there is none, or where it is hidden. */
  entry(
    dn: string,
    options: Pick<SearchOptions, 'attributes' | 'filter' | 'explicitBufferAttributes'>,
  ): Promise<Entry | undefined>;
}

/**
 * The library takes an empty page for the last one, though a server may say that more follow (RFC 2696). A list whose
 * last page is not empty is whole; otherwise it is read once more in pages of another size. The first is no round number, so
 * that a round number of members is read once.
 */
const pageSizes = [499, 500, 487];
const connectTimeoutMs = 10_000;
const operationTimeoutMs = 30_000;
/** In seconds: the server may take as long as we wait. The library would ask for 10. */
const timeLimit = { timeLimit: operationTimeoutMs / 1_000 };
/**
 * Result codes of a server that can't answer now, and may in a moment (RFC 4511, A.2): timeLimitExceeded, busy,
 * unavailable, and other, which stands for an internal error of the server. A search changes nothing, so asking again is
 * safe. Not unwillingToPerform (53): the server means it.
 */
const transientCodes: ReadonlySet<number> = new Set([3, 51, 52, 80]);

/** Opens a conversation, logs in, and ends it after `use`, whatever happens. */
export async function converse<T>(
  server: LdapServer,
  signal: AbortSignal,
  use: (conversation: LdapConversation) => Promise<T>,
): Promise<T> {
  const { url, bind } = server;
  if (bind !== undefined && bind.password.reveal() === '') {
    throw new Failure(
      'directory',
      `the password of ${bind.dn} is empty, which many servers take for an anonymous login`,
      {
        hint: 'put the password into what spec.directory.ldap.bindPassword names',
      },
    );
  }
  const secure: tls.ConnectionOptions = {
    ...(server.certificateAuthority === undefined ? {} : { ca: [server.certificateAuthority] }),
    ...(net.isIP(hostOf(url)) === 0 ? { servername: hostOf(url) } : {}),
  };
  const client = new Client({
    url: url.href.replace(/\/$/, ''),
    timeout: operationTimeoutMs,
    connectTimeout: connectTimeoutMs,
    // With these the library speaks TLS at once, whatever the address says.
    ...(url.protocol === 'ldaps:' ? { tlsOptions: secure } : {}),
  });
  const stop = () => void client.unbind().catch(() => undefined);
  signal.addEventListener('abort', stop, { once: true });
  try {
    signal.throwIfAborted();
    if (server.startTLS) await client.startTLS(secure);
    if (bind !== undefined) await client.bind(bind.dn, bind.password.reveal());
    return await use(conversation(client, server, bind !== undefined || server.startTLS));
  } catch (error) {
    signal.throwIfAborted();
    throw failureOf(error, server);
  } finally {
    signal.removeEventListener('abort', stop);
    await client.unbind().catch(() => undefined);
  }
}

/** @param isOpen whether the connection is there already */
function conversation(client: Client, { url }: LdapServer, isOpen: boolean): LdapConversation {
  let wasOpen = isOpen;
  // Looked at right before the library does, which would connect anew, and log in as nobody.
  const requireOpen = () => {
    if (wasOpen && !client.isConnected) throw new Error('the connection was lost');
    wasOpen = true;
  };
  const entriesOf = (base: string, { searchEntries, searchReferences }: SearchResult): Entry[] => {
    if (searchReferences.length === 0) return searchEntries;
    throw new Failure(
      'directory',
      `${url.host} refers to another server for a part of ${base}, and referrals are not followed; nothing was changed`,
      { hint: 'search a server that holds everything (in Active Directory the global catalog), or a smaller base' },
    );
  };
  const pagesOf = async <T>(base: string, options: SearchOptions, take: (entry: Entry) => T): Promise<T[][]> => {
    requireOpen();
    const pages: T[][] = [];
    const answers = client.searchPaginated(base, options);
    for (let asked = answers.next(); ; ) {
      const { done, value: page } = await asked;
      if (done === true) return pages;
      asked = answers.next();
      // Where this page is refused, nobody waits for the next one.
      asked.catch(() => undefined);
      pages.push(entriesOf(base, page).map(take));
    }
  };
  return {
    search: async (base, options, take) => {
      for (const pageSize of pageSizes) {
        const pages = await pagesOf(base, { ...options, ...timeLimit, scope: 'sub', paged: { pageSize } }, take);
        // No entry at all is for the caller to judge.
        if (pages.length === 1 || pages.at(-1)?.length !== 0) return pages.flat();
      }
      throw new Failure(
        'directory',
        `${url.host} gives an empty page of the entries under ${base}, so that nobody knows whether more follow; nothing was changed`,
        { hint: 'run again; if it stays, name a smaller base or a filter that fewer entries match' },
      );
    },
    entry: async (dn, options) => {
      try {
        requireOpen();
        const [entry] = entriesOf(dn, await client.search(dn, { ...options, ...timeLimit, scope: 'base' }));
        return entry;
      } catch (error) {
        if (error instanceof NoSuchObjectError) return undefined;
        throw error;
      }
    },
  };
}

/** Without the brackets of an IPv6 address. */
function hostOf({ hostname }: URL): string {
  return hostname.replace(/^\[|\]$/g, '');
}

function failureOf(error: unknown, { url, bind }: LdapServer): Failure {
  if (error instanceof Failure) return error;
  const where = `the LDAP server ${url.host}`;
  if (error instanceof SizeLimitExceededError)
    return new Failure(
      'directory',
      `${where} gives only a part of the entries (size limit exceeded); nothing was changed`,
      {
        hint: 'raise the size limit for this account on the server (in OpenLDAP: size.prtotal), or name a smaller base',
      },
    );
  if (error instanceof InvalidCredentialsError)
    return new Failure('directory', `${where} does not accept the password of ${bind?.dn ?? 'anonymous'}`, {
      hint: 'is the one that spec.directory.ldap.bindPassword names current?',
    });
  if (error instanceof NoSuchObjectError)
    return new Failure('directory', `${where} does not know the base, or hides it from ${bind?.dn ?? 'anonymous'}`, {
      hint: 'check spec.directory.ldap.base, and that the account may read it',
    });
  if (error instanceof ResultCodeError)
    return new Failure('directory', `${where} refused: ${clean(error)} (result code ${error.code})`, {
      transient: transientCodes.has(error.code),
    });
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  const text = error instanceof Error ? clean(error) : 'an unknown error';
  if (/CERT|SELF_SIGNED|UNABLE_TO|ALTNAME/.test(code))
    return new Failure('directory', `the certificate of ${where} can't be trusted: ${text}`, {
      hint: 'name its CA in spec.directory.ldap.certificateAuthority',
    });
  return new Failure('directory', `${where} can't be reached: ${text}`, {
    transient: true,
    hint: 'is spec.directory.ldap.url right, and does the network let this host reach it?',
  });
}

function clean(error: Error): string {
  return firstSentence(error)
    .replaceAll(/\p{Cc}/gu, ' ')
    .slice(0, 300);
}
