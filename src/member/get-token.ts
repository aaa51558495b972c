/** `credentials-updater get-token`: kubectl's credential plugin (client.authentication.k8s.io/v1). */
import path from 'node:path';
import * as z from 'zod/mini';
import { formatDuration } from '../lib/duration.ts';
import { Failure } from '../lib/failure.ts';
import { currentToken } from './current-token.ts';
import type { MemberEnvironment, MemberVariables } from './environment.ts';
import { chooseCluster, isLoggedIn } from './logins.ts';
import { placesOf } from './places.ts';
import { say } from './say.ts';
import { openTokenCache } from './token-cache.ts';

export const execApiVersion = 'client.authentication.k8s.io/v1';

const execInfoSchema = z.object({ apiVersion: z.string() });

/** Prints an ExecCredential with the member's token. @throws Failure that says why there is none */
export async function getToken(environment: MemberEnvironment, name: string | undefined): Promise<void> {
  checkCaller(environment.env);
  const places = placesOf(environment);
  const cluster = await chooseCluster(places.logins, name);
  if (!isLoggedIn(cluster)) {
    throw new Failure('login', `you are logged out of ${cluster.name}`, {
      hint: `log in again: credentials-updater login --name ${cluster.name}`,
    });
  }
  const cache = openTokenCache(path.join(places.tokens, cluster.name), cluster.login.id);
  const { token, expiresAt, note } = await currentToken(environment, cluster, cache, places.logins);
  if (note !== undefined) {
    const left = formatDuration((expiresAt - environment.clock.now()) / 1_000);
    say(environment.stderr, `${note.message}; the token at hand works for another ${left} at most`, note.hint);
  }
  const credential = {
    apiVersion: execApiVersion,
    kind: 'ExecCredential',
    status: { token: token.reveal(), expirationTimestamp: new Date(expiresAt).toISOString() },
  };
  environment.stdout.write(`${JSON.stringify(credential)}\n`);
}

/** kubectl says which version it speaks; without it, a person is asking. */
function checkCaller({ KUBERNETES_EXEC_INFO: info }: MemberVariables): void {
  if (info === undefined) return;
  const asked = execInfoSchema.safeParse(parseJson(info)).data?.apiVersion;
  if (asked === execApiVersion) return;
  throw new Failure(
    'usage',
    `the kubeconfig asks for ${asked ?? 'an unknown version'}; this plugin speaks ${execApiVersion}`,
    {
      hint: 'write the kubeconfig anew: credentials-updater login --cluster …; kubectl must be 1.22 or later',
    },
  );
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
