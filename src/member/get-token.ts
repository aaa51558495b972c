/** `credentials-updater get-token`: kubectl's credential plugin (client.authentication.k8s.io/v1). */
import path from 'node:path';
import * as z from 'zod/mini';
import { Failure, toFailure } from '../lib/failure.ts';
import { tokenMessages as messages } from '../lib/messages/member-token.ts';
import { type CurrentToken, currentToken } from './current-token.ts';
import { chosenDevice } from './device/device-file.ts';
import { deviceToken } from './device/device-token.ts';
import type { MemberEnvironment } from './environment.ts';
import { chooseCluster, isLoggedIn } from './logins.ts';
import { ownCommand } from './own-command.ts';
import { type Places, placesOf } from './places.ts';
import { isSaidAgain } from './said.ts';
import { say } from './say.ts';
import { openTokenCache } from './token-cache.ts';

export const execApiVersion = 'client.authentication.k8s.io/v1';

const execInfoSchema = z.object({ apiVersion: z.string() });

/** Prints an ExecCredential with the member's token. @throws Failure that says why there is none */
export async function getToken(environment: MemberEnvironment, name: string | undefined): Promise<void> {
  const places = placesOf(environment);
  try {
    await printToken(environment, places, name);
  } catch (error) {
    const failure = toFailure(error);
    const isSaid = await isSaidAgain(environment, places.tokens, 'failure');
    throw isSaid ? new Failure(failure.kind, failure.said, { exitCode: failure.exitCode, isSaid }) : failure;
  }
}

async function printToken(environment: MemberEnvironment, places: Places, name: string | undefined): Promise<void> {
  checkCaller(environment);
  const device = await chosenDevice(environment, places, name);
  if (device !== undefined) {
    await print(environment, places, await deviceToken(environment, places, device));
    return;
  }
  const cluster = await chooseCluster(environment, places.logins, name);
  if (!isLoggedIn(cluster)) {
    throw new Failure('login', messages.loggedOut({ cluster: cluster.name }), {
      hint: messages.logInAgain({ command: ownCommand(environment, 'login', '--name', cluster.name) }),
    });
  }
  const cache = openTokenCache(path.join(places.tokens, cluster.name), cluster.login.id);
  await print(environment, places, await currentToken(environment, cluster, cache, places.logins));
}

async function print(
  environment: MemberEnvironment,
  places: Places,
  { token, expiresAt, note }: CurrentToken,
): Promise<void> {
  if (note !== undefined && !(await isSaidAgain(environment, places.tokens, 'note'))) {
    const seconds = (expiresAt - environment.clock.now()) / 1_000;
    say(environment, messages.stillWorks({ problem: note.said, seconds }), note.advised);
  }
  const credential = {
    apiVersion: execApiVersion,
    kind: 'ExecCredential',
    status: { token: token.reveal(), expirationTimestamp: new Date(expiresAt).toISOString() },
  };
  environment.stdout.write(`${JSON.stringify(credential)}\n`);
}

/** kubectl says which version it speaks; without it, a person is asking. */
function checkCaller(environment: MemberEnvironment): void {
  const { KUBERNETES_EXEC_INFO: info } = environment.env;
  if (info === undefined) return;
  const asked = execInfoSchema.safeParse(parseJson(info)).data?.apiVersion;
  if (asked === execApiVersion) return;
  throw new Failure('usage', messages.otherVersion({ asked, spoken: execApiVersion }), {
    hint: messages.writeKubeconfigAnew({ command: `${ownCommand(environment, 'login', '--cluster')} …` }),
  });
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
