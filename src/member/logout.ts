/** `credentials-updater logout`: forgets the login and the token on this computer. The kubeconfig stays as it is. */
import path from 'node:path';
import { loginMessages as messages } from '../lib/messages/member-login.ts';
import type { MemberEnvironment } from './environment.ts';
import { chooseCluster, forgetLogin } from './logins.ts';
import { ownCommand } from './own-command.ts';
import { placesOf } from './places.ts';
import { openTokenCache } from './token-cache.ts';

/** @throws Failure (login, usage) */
export async function logout(environment: MemberEnvironment, name: string | undefined): Promise<void> {
  const places = placesOf(environment);
  const cluster = await chooseCluster(environment, places.logins, name);
  // In this order: a get-token that is under way looks for its login after it has written its token.
  await forgetLogin(places.logins, cluster);
  await openTokenCache(path.join(places.tokens, cluster.name), '').clear();
  const command = ownCommand(environment, 'login', '--name', cluster.name);
  for (const said of [messages.loggedOutNow({ cluster: cluster.name }), messages.logInAgainWith({ command })])
    environment.stdout.write(`${said[environment.language]}\n`);
}
