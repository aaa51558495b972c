/** Whether members' tokens open the cluster: from outside, from a pod, and all the time. */
import { setTimeout as sleep } from 'node:timers/promises';
import { Agent, request } from 'undici';
import { z } from 'zod';
import type { Kubectl } from './kubectl.ts';

const REVIEW = '/apis/authentication.k8s.io/v1/selfsubjectreviews';
const REVIEW_BODY = JSON.stringify({ apiVersion: 'authentication.k8s.io/v1', kind: 'SelfSubjectReview' });
const PROBE_PAUSE_MS = 20;

const configSchema = z.object({
  clusters: z.tuple([
    z.object({ cluster: z.object({ server: z.string(), 'certificate-authority-data': z.string() }) }),
  ]),
});
const reviewSchema = z.object({ status: z.object({ userInfo: z.object({ username: z.string() }) }) });

export interface TokenDoor extends AsyncDisposable {
  /** Whom the API server takes the token's bearer for; undefined where it rejects the token. */
  whoIs(token: string): Promise<string | undefined>;
  readonly certificateAuthority: string;
}

/** The API server as a member reaches it, with nothing but a token. */
export async function openTokenDoor(kubectl: Kubectl): Promise<TokenDoor> {
  const view = await kubectl(['config', 'view', '--raw', '--minify', '--flatten', '--output=json']);
  const { server, 'certificate-authority-data': authority } = configSchema.parse(JSON.parse(view)).clusters[0].cluster;
  const certificateAuthority = Buffer.from(authority, 'base64').toString('utf8');
  const dispatcher = new Agent({ connect: { ca: certificateAuthority } });
  return {
    certificateAuthority,
    async whoIs(token) {
      const { statusCode, body } = await request(`${server}${REVIEW}`, {
        dispatcher,
        method: 'POST',
        headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
        body: REVIEW_BODY,
      });
      const text = await body.text();
      if (statusCode === 401) return undefined;
      if (statusCode !== 201) throw new Error(`SelfSubjectReview answered HTTP ${statusCode}: ${text}`);
      return reviewSchema.parse(JSON.parse(text)).status.userInfo.username;
    },
    [Symbol.asyncDispose]: () => dispatcher.destroy(),
  };
}

/** In a pod: prints the status of a SelfSubjectReview for each token. */
const REVIEW_IN_POD = `
const { request } = require('node:https');
const { ca, tokens, path, body } = JSON.parse(require('node:fs').readFileSync(0, 'utf8'));
const review = (token) => new Promise((resolve, reject) => {
  const options = { host: 'kubernetes.default.svc', path, method: 'POST', ca,
    headers: { authorization: 'Bearer ' + token, 'content-type': 'application/json' } };
  const call = request(options, (answer) => { answer.resume(); resolve(answer.statusCode); });
  call.on('error', reject);
  call.end(body);
});
Promise.all(tokens.map(review)).then((statuses) => console.log(JSON.stringify(statuses)));
`;

/** The status that the API server answers to each token, asked from within a pod of the PoolC API's Deployment. */
export async function reviewInPod(
  kubectl: Kubectl,
  { certificateAuthority }: TokenDoor,
  tokens: readonly string[],
  pod: { readonly namespace: string; readonly deployment: string },
): Promise<number[]> {
  const exec = [
    'exec',
    '--stdin',
    '--namespace',
    pod.namespace,
    `deployment/${pod.deployment}`,
    '--container=poolc-api',
  ];
  const input = JSON.stringify({ ca: certificateAuthority, tokens, path: REVIEW, body: REVIEW_BODY });
  const printed = await kubectl([...exec, '--', '/usr/local/bin/node', '--eval', REVIEW_IN_POD], input);
  return z.array(z.int()).parse(JSON.parse(printed));
}

export interface Prober {
  /** Ends it. How often tokens were tried, and whose were rejected. */
  stop(): Promise<{ readonly tries: number; readonly rejected: readonly string[] }>;
}

/** Tries these tokens in turn, all the time. */
export function probe(door: TokenDoor, tokens: ReadonlyMap<string, string>): Prober {
  const stopped = new AbortController();
  let tries = 0;
  const rejected = new Set<string>();
  const probing = (async () => {
    while (!stopped.signal.aborted) {
      for (const [uuid, token] of tokens) {
        if (stopped.signal.aborted) break;
        if ((await door.whoIs(token)) === undefined) rejected.add(uuid);
        tries += 1;
        await sleep(PROBE_PAUSE_MS);
      }
    }
  })();
  return {
    async stop() {
      stopped.abort();
      await probing;
      return { tries, rejected: [...rejected] };
    },
  };
}
