/** The API itself, route by route, as the club's server answers. The contract is openapi.yaml. */
import { z } from 'zod';
import type { ClusterInfo } from './cluster-info.ts';
import type { PoolcDatabase } from './database.ts';
import type { Answer, ApiRequest, Application } from './exchange.ts';
import { emptyAnswer, jsonAnswer, messageAnswer } from './exchange.ts';
import type { SiteLogin } from './site-login.ts';
import { equalTexts } from './site-login.ts';
import { MalformedBody, readTokenMap } from './token-map.ts';

export interface ApplicationParts {
  database: PoolcDatabase;
  site: SiteLogin;
  apiKey: string;
  /** Milliseconds since the epoch. */
  now: () => number;
  clusterInfo: () => ClusterInfo | undefined;
  /** The files of the page, by path. */
  page: Map<string, Answer>;
}

type Route = (request: ApiRequest) => Answer | Promise<Answer>;

const loginForm = z.object({ loginID: z.string(), password: z.string() });
/** More than any login form needs; keeps a stray upload out of memory. */
const longestLoginForm = 64 * 1024;

export function poolcApplication(parts: ApplicationParts): Application {
  const { database, site, apiKey, now, clusterInfo, page } = parts;

  const routes = new Map<string, Partial<Record<string, Route>>>([
    // Without the slash at the end there is no such path: 404, as on the club's server.
    ['/kubernetes/', { GET: withApiKey(listActiveMembers), POST: withApiKey(replaceTokens) }],
    ['/kubernetes/me', { GET: showOwnToken }],
    ['/kubernetes/cluster-info', { GET: showClusterInfo }],
    ['/login', { POST: logIn }],
    ['/login/token', { POST: reissue }],
    ...[...page].map(([path, file]): [string, Record<string, Route>] => [path, { GET: () => file }]),
  ]);

  return async (request) => {
    const methods = routes.get(request.path);
    if (methods === undefined) return messageAnswer(404, 'Not Found');
    const route = methods[request.method];
    if (route === undefined) return messageAnswer(405, 'Method Not Allowed');
    try {
      return await route(request);
    } catch (error) {
      if (error instanceof MalformedBody) return messageAnswer(400, error.message);
      // The words of a failure may quote a token; the club's server says no more than this either.
      return messageAnswer(500, 'Internal Server Error');
    }
  };

  function withApiKey(route: Route): Route {
    return (request) => {
      const sent = request.headers['x-api-key'];
      if (typeof sent !== 'string') return messageAnswer(400, "Required request header 'X-API-KEY' is not present");
      return equalTexts(sent, apiKey) ? route(request) : messageAnswer(400, 'Invalid API key');
    };
  }

  function listActiveMembers(): Answer {
    const activeMembers = database
      .activeMembers()
      .map((member) => ({ member_uuid: member.uuid, login_id: member.loginId }));
    return jsonAnswer(200, { activeMembers });
  }

  async function replaceTokens(request: ApiRequest): Promise<Answer> {
    if (!isJson(request)) return messageAnswer(415, 'Unsupported Media Type');
    const { tokens, sha256 } = await readTokenMap(request.body);
    database.replaceTokens(tokens, { at: now(), sha256 });
    return emptyAnswer(200);
  }

  async function logIn(request: ApiRequest): Promise<Answer> {
    if (!isJson(request)) return messageAnswer(415, 'Unsupported Media Type');
    const form = loginForm.safeParse(await readJson(request.body, longestLoginForm));
    if (!form.success) return messageAnswer(400, 'loginID and password are required');
    const member = await site.memberFor(form.data.loginID, form.data.password);
    if (member === undefined) return messageAnswer(401, 'Wrong login id or password');
    return jsonAnswer(200, { accessToken: await site.issue(member.uuid) });
  }

  async function reissue(request: ApiRequest): Promise<Answer> {
    const member = await site.memberOf(request.headers.authorization);
    if (member === undefined) return messageAnswer(401, 'Not logged in');
    return jsonAnswer(200, { accessToken: await site.issue(member.uuid) });
  }

  async function showOwnToken(request: ApiRequest): Promise<Answer> {
    const member = await site.memberOf(request.headers.authorization);
    if (member === undefined) return messageAnswer(401, 'Not logged in');
    const key = database.token(member.uuid);
    return key === undefined ? messageAnswer(404, 'No key is stored') : jsonAnswer(200, { key });
  }

  function showClusterInfo(): Answer {
    const info = clusterInfo();
    return info === undefined ? messageAnswer(404, 'No cluster is described') : jsonAnswer(200, info);
  }
}

function isJson(request: ApiRequest): boolean {
  return /^application\/json *(;|$)/i.test(request.headers['content-type'] ?? '');
}

async function readJson(body: AsyncIterable<Uint8Array>, longest: number): Promise<unknown> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of body) {
    bytes += chunk.length;
    if (bytes > longest) throw new MalformedBody(`the body is over ${longest} bytes`);
    chunks.push(chunk);
  }
  try {
    const content: unknown = JSON.parse(Buffer.concat(chunks).toString());
    return content;
  } catch {
    throw new MalformedBody('the body is not valid JSON');
  }
}
