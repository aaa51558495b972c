/** A browser as far as servers see one: keeps cookies a host, follows redirects, sends forms. No script is run. */
import { Agent, request } from 'undici';

export interface Page {
  readonly url: URL;
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly text: string;
}

export interface Browser {
  get(url: URL | string, headers?: Readonly<Record<string, string>>): Promise<Page>;
  post(
    url: URL | string,
    form: Readonly<Record<string, string>>,
    headers?: Readonly<Record<string, string>>,
  ): Promise<Page>;
  /** By name, of one host. */
  readonly cookies: Map<string, Map<string, string>>;
  close(): Promise<void>;
}

const mostRedirects = 15;

export function openBrowser(authority: string): Browser {
  const dispatcher = new Agent({ connect: { ca: authority } });
  const cookies = new Map<string, Map<string, string>>();
  const send = async (
    start: URL | string,
    first: { readonly method: 'GET' | 'POST'; readonly body?: string },
    headers: Readonly<Record<string, string>>,
  ): Promise<Page> => {
    let url = new URL(start);
    let step = first;
    for (let redirects = 0; redirects <= mostRedirects; redirects++) {
      const jar = cookies.get(url.host) ?? new Map<string, string>();
      cookies.set(url.host, jar);
      const answer = await request(url, {
        method: step.method,
        dispatcher,
        headers: {
          cookie: [...jar].map(([name, value]) => `${name}=${value}`).join('; '),
          ...(step.body === undefined ? {} : { 'content-type': 'application/x-www-form-urlencoded' }),
          ...headers,
        },
        ...(step.body === undefined ? {} : { body: step.body }),
      });
      const text = await answer.body.text();
      for (const line of [answer.headers['set-cookie'] ?? []].flat()) keep(jar, line);
      const { location } = answer.headers;
      if (typeof location !== 'string') return { url, status: answer.statusCode, headers: answer.headers, text };
      url = new URL(location, url);
      step = { method: 'GET' };
    }
    throw new Error(`More than ${mostRedirects} redirects from ${String(start)}`);
  };
  return {
    get: (url, headers = {}) => send(url, { method: 'GET' }, headers),
    post: (url, form, headers = {}) =>
      send(url, { method: 'POST', body: new URLSearchParams(form).toString() }, headers),
    cookies,
    close: () => dispatcher.close(),
  };
}

function keep(jar: Map<string, string>, line: string): void {
  const [pair = '', ...attributes] = line.split(';');
  const [name = '', value = ''] = pair.split(/=(.*)/s);
  const isOver = attributes.some((attribute) => /max-age=0|expires=thu, 01 jan 1970/i.test(attribute));
  if (isOver) jar.delete(name);
  else jar.set(name, value);
}

/** The value of a hidden field. @throws when the page has none of that name */
export function fieldOf({ text }: Page, name: string): string {
  const found = new RegExp(`name="${name}"[^>]*value="([^"]*)"`).exec(text)?.[1];
  if (found === undefined) throw new Error(`The page has no field ${name}: ${text.slice(0, 500)}`);
  return found.replaceAll('&amp;', '&');
}

/** A browser in which somebody has logged in at the provider, and the page of the gateway that it ended on. */
export async function logInAs(
  { origin, authority }: { readonly origin: string; readonly authority: string },
  login: string,
  pending?: string,
): Promise<{ readonly browser: Browser; readonly page: Page }> {
  const browser = openBrowser(authority);
  const query = pending === undefined ? '' : `?request=${encodeURIComponent(pending)}`;
  const atProvider = await browser.get(`${origin}/login${query}`);
  const consent = await browser.post(atProvider.url, { prompt: 'login', login, password: 'x' });
  return { browser, page: await browser.post(consent.url, { prompt: 'consent' }) };
}
