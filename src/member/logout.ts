/** `credentials-updater logout`: forgets the login and the token on this computer. The kubeconfig stays as it is. */
import path from 'node:path';
import type { MemberEnvironment } from './environment.ts';
import { chooseCluster, forgetLogin } from './logins.ts';
import { placesOf } from './places.ts';
import { openTokenCache } from './token-cache.ts';

/** @throws Failure (login, usage) */
export async function logout(environment: MemberEnvironment, name: string | undefined): Promise<void> {
  const places = placesOf(environment);
  const cluster = await chooseCluster(places.logins, name);
  // In this order: a get-token that is under way looks for its login after it has written its token.
  await forgetLogin(places.logins, cluster);
  await openTokenCache(path.join(places.tokens, cluster.name), '').clear();
  environment.stdout.write(
    `Logged out of ${cluster.name}: the login and the token are gone from this computer.\n` +
      `Log in again with: credentials-updater login --name ${cluster.name}\n`,
  );
}
