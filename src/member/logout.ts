/** `credentials-updater logout`: forgets the login and the token on this computer. The kubeconfig stays as it is. */
import path from 'node:path';
import { gatewayMessages } from '../lib/messages/member-gateway.ts';
import { loginMessages as messages } from '../lib/messages/member-login.ts';
import { chosenDevice, forgetOwnDevice, type OwnDevice } from './device/device-file.ts';
import { cacheOf } from './device/device-token.ts';
import { removeAtGateway } from './device/devices-command.ts';
import type { MemberEnvironment } from './environment.ts';
import { chooseCluster, forgetLogin } from './logins.ts';
import { ownCommand } from './own-command.ts';
import { type Places, placesOf } from './places.ts';
import { openTokenCache } from './token-cache.ts';

/** @throws Failure (login, usage) */
export async function logout(environment: MemberEnvironment, name: string | undefined): Promise<void> {
  const places = placesOf(environment);
  const device = await chosenDevice(environment, places, name);
  if (device !== undefined) {
    await logoutDevice(environment, places, device);
    return;
  }
  const cluster = await chooseCluster(environment, places.logins, name);
  // In this order: a get-token that is under way looks for its login after it has written its token.
  await forgetLogin(places.logins, cluster);
  await openTokenCache(path.join(places.tokens, cluster.name), '').clear();
  const command = ownCommand(environment, 'login', '--name', cluster.name);
  for (const said of [messages.loggedOutNow({ cluster: cluster.name }), messages.logInAgainWith({ command })])
    environment.stdout.write(`${said[environment.language]}\n`);
}

/** The gateway's copy goes first, while there is a key to ask with; where it can't be asked, the key goes all the same. */
async function logoutDevice(environment: MemberEnvironment, places: Places, device: OwnDevice): Promise<void> {
  const { name, gateway } = device;
  const isRemoved = await removeAtGateway(environment, places, name, device.device).then(
    () => true,
    () => false,
  );
  await forgetOwnDevice(places, name);
  await cacheOf(places, device).clear();
  const { stdout, language } = environment;
  stdout.write(`${gatewayMessages.loggedOut({ cluster: name })[language]}\n`);
  if (!isRemoved) stdout.write(`${gatewayMessages.notRemovedThere({ address: gateway.origin })[language]}\n`);
}
