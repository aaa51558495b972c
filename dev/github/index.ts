/**
 * A look-alike of GitHub's API, for tests: an organization with teams, invitations, keys and an App. GitHub's own OpenAPI
 * description judges both sides: a request that it doesn't allow is answered with 422, and an answer of ours that it
 * doesn't allow fails the test.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { join } from 'node:path';
import { type JWTPayload, jwtVerify } from 'jose';
import { type Context, OpenAPIBackend } from 'openapi-backend';
import { type Organization, seenBy } from './organization.ts';

export interface Reply {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** A text is sent as it is. */
  readonly body?: unknown;
}

/** Answers in GitHub's place; undefined lets the request through. */
export type Interfere = (request: {
  readonly method: string;
  readonly path: string;
  readonly page: number;
}) => Reply | undefined | Promise<Reply | undefined>;

export interface GithubOptions {
  readonly edition?: 'api.github.com' | 'ghes-3.17';
  readonly organization: Organization;
  /** How many entries a page has at most, whatever is asked for; 100 unless given. */
  readonly longestPage?: number;
  readonly interfere?: Interfere;
  /** It is reached through a proxy that speaks TLS: addresses in its answers begin with https. */
  readonly behindTls?: boolean;
}

export interface Github extends AsyncDisposable {
  readonly apiURL: URL;
  /** `GET /orgs/lab/members?per_page=100`, in the order of arrival. */
  readonly requests: readonly string[];
  /** What was said against a request or an answer by the description. */
  readonly objections: readonly string[];
}

/** Who asks: a user with the scopes of a classic token, or an App with what its installation may do. */
export type Caller =
  | { readonly user: string; readonly scopes: readonly string[] | undefined }
  | { readonly app: 'itself' }
  | { readonly app: 'installation' };

const json = { 'content-type': 'application/json; charset=utf-8' };

/** What the handlers are given with a request. */
interface State {
  readonly options: GithubOptions;
  readonly prefix: string;
  readonly objections: string[];
}

type Edition = NonNullable<GithubOptions['edition']>;
const judges = new Map<Edition, Promise<OpenAPIBackend>>();

/** One for all servers of a process: it takes a while to read the description. */
function judgeOf(edition: Edition): Promise<OpenAPIBackend> {
  const judge = judges.get(edition) ?? createJudge(edition);
  judges.set(edition, judge);
  return judge;
}

async function createJudge(edition: Edition): Promise<OpenAPIBackend> {
  const api = new OpenAPIBackend({
    definition: join(import.meta.dirname, `${edition}.json`),
    quick: true,
    ajvOpts: { strict: false, validateFormats: false },
    handlers: {
      validationFail: ({ validation }: Context<unknown>, { objections }: State): Reply => {
        objections.push(JSON.stringify(validation.errors));
        return { status: 422, body: { message: 'Validation Failed' } };
      },
      notFound: (_: Context<unknown>, { objections }: State): Reply => {
        objections.push('there is no such route');
        return { status: 404, body: { message: 'Not Found' } };
      },
      ...handlers,
      postResponseHandler: ({ api: backend, operation, response }: Context<unknown>, { objections }: State) => {
        const reply = toReply(response);
        if (typeof operation === 'object' && reply.status === undefined) {
          const { errors } = backend.validateResponse(reply.body, operation, operation.method === 'post' ? 201 : 200);
          if (errors !== null && errors !== undefined && errors.length > 0)
            objections.push(`our answer to ${operation.operationId}: ${JSON.stringify(errors)}`);
        }
        return response;
      },
    },
  });
  await api.init();
  return api;
}

export async function startGithub(options: GithubOptions): Promise<Github> {
  const { edition = 'api.github.com', interfere } = options;
  const prefix = edition === 'api.github.com' ? '' : '/api/v3';
  const requests: string[] = [];
  const objections: string[] = [];
  const state: State = { options, prefix, objections };
  const api = await judgeOf(edition);

  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const parts: Buffer[] = [];
    for await (const part of request) parts.push(Buffer.from(part));
    const url = new URL(request.url ?? '/', 'http://github');
    const method = request.method ?? 'GET';
    requests.push(`${method} ${url.pathname}${url.search}`);
    const page = Number(url.searchParams.get('page') ?? 1);
    const path = url.pathname.slice(prefix.length);
    const reply =
      (await interfere?.({ method, path, page })) ??
      toReply(
        await api.handleRequest(
          {
            method,
            path,
            query: url.search.slice(1),
            headers: Object.fromEntries(Object.entries(request.headers).map(([name, value]) => [name, String(value)])),
            ...(parts.length === 0 ? {} : { body: JSON.parse(Buffer.concat(parts).toString()) }),
          },
          state,
        ),
      );
    const { status = method === 'POST' ? 201 : 200, headers = {}, body = {} } = reply;
    response.writeHead(status, { ...json, ...headers });
    response.end(typeof body === 'string' ? body : JSON.stringify(body));
  };
  const server = createServer((request, response) => {
    answer(request, response).catch((error: unknown) => {
      objections.push(String(error));
      response.destroy();
    });
  });
  const { promise, resolve } = Promise.withResolvers<void>();
  server.listen(0, '127.0.0.1', resolve);
  await promise;
  const address = server.address();
  if (typeof address !== 'object' || address === null) throw new Error('The server has no port');
  return {
    apiURL: new URL(`http://127.0.0.1:${address.port}${prefix}`),
    requests,
    objections,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      const closed = Promise.withResolvers<void>();
      server.close(() => closed.resolve());
      await closed.promise;
    },
  };
}

function toReply(value: unknown): Reply {
  if (typeof value !== 'object' || value === null) throw new Error('There is no answer');
  return value;
}

const notFound: Reply = { status: 404, body: { message: 'Not Found' } };

type Handle = (context: Context<unknown>, caller: Caller, state: State) => Reply;

const known =
  (handle: Handle) =>
  async (context: Context<unknown>, state: State): Promise<Reply> => {
    const caller = await callerOf(context, state.options.organization);
    return caller === undefined
      ? { status: 401, body: { message: 'Bad credentials' } }
      : handle(context, caller, state);
  };

const asks = ({ request }: Context<unknown>, { login }: Organization) =>
  String(request.params['org']).toLowerCase() === login.toLowerCase();

/** By operationId of the description. */
const handlers = {
  'orgs/get-membership-for-authenticated-user': known((context, caller, { options: { organization } }) => {
    if (!('user' in caller) || !asks(context, organization)) return notFound;
    const body = organization.membershipOf(caller.user);
    if (body === undefined) return notFound;
    return {
      ...(caller.scopes === undefined ? {} : { headers: { 'x-oauth-scopes': caller.scopes.join(', ') } }),
      body,
    };
  }),
  'orgs/list-members': known((context, caller, state) => {
    const { organization } = state.options;
    if (!asks(context, organization)) return notFound;
    return pageOf(context, state, organization.membersFor(seenBy(organization, caller)));
  }),
  'teams/list-members-in-org': known((context, caller, state) => {
    const { organization } = state.options;
    if (!asks(context, organization) || seenBy(organization, caller) === 'public') return notFound;
    const team = organization.teamMembers(String(context.request.params['team_slug']));
    return team === undefined ? notFound : pageOf(context, state, team);
  }),
  'users/list-public-keys-for-user': known((context, _, state) => {
    const keys = state.options.organization.keysOf(String(context.request.params['username']));
    return keys === undefined ? notFound : pageOf(context, state, keys);
  }),
  'apps/get-installation': known((_, caller, { options: { organization } }) =>
    'app' in caller && caller.app === 'itself' ? { body: organization.installation() } : notFound,
  ),
  'apps/create-installation-access-token': known((_, caller, { options: { organization } }) =>
    'app' in caller && caller.app === 'itself' ? { body: organization.accessToken() } : notFound,
  ),
};

function pageOf({ request }: Context<unknown>, { options, prefix }: State, all: readonly unknown[]): Reply {
  const { query, path, headers } = request;
  const size = Math.min(Number(query['per_page'] ?? 30), options.longestPage ?? 100);
  const number = Number(query['page'] ?? 1);
  const last = Math.max(1, Math.ceil(all.length / size));
  const linkTo = (to: number, relation: string) => {
    const search = new URLSearchParams(Object.entries(query).map(([name, value]) => [name, String(value)]));
    search.set('page', String(to));
    return `<${options.behindTls === true ? 'https' : 'http'}://${String(headers['host'])}${prefix}${path}?${search.toString()}>; rel="${relation}"`;
  };
  const link = number < last ? [linkTo(number + 1, 'next'), linkTo(last, 'last')] : [linkTo(1, 'first')];
  return {
    ...(last === 1 ? {} : { headers: { link: link.join(', ') } }),
    body: all.slice((number - 1) * size, number * size),
  };
}

async function callerOf({ request }: Context<unknown>, organization: Organization): Promise<Caller | undefined> {
  const [, token = ''] = /^Bearer (.+)$/.exec(String(request.headers['authorization'])) ?? [];
  const user = organization.tokens.get(token);
  if (user !== undefined) return user;
  if (token === organization.installationToken) return { app: 'installation' };
  if (organization.app === undefined) return undefined;
  try {
    const { payload } = await jwtVerify(token, organization.app.publicKey, {
      algorithms: ['RS256'],
      issuer: organization.app.id,
    });
    return lifetimeOf(payload) <= 600 ? { app: 'itself' } : undefined;
  } catch {
    return undefined;
  }
}

/** Seconds. GitHub takes ten minutes at most. */
function lifetimeOf({ iat = 0, exp = Number.POSITIVE_INFINITY }: JWTPayload): number {
  return exp - iat;
}
