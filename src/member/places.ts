/** Where a member's files lie, as each system wants it. */
import path from 'node:path';
import type { MemberEnvironment } from './environment.ts';

export interface Places {
  /** One file a cluster: where its site is, and the login. Kept. */
  readonly logins: string;
  /** One file a cluster that a gateway serves: this computer's key. Kept. */
  readonly devices: string;
  /** One folder a cluster: the last token. May be deleted at any time. */
  readonly tokens: string;
  readonly kubeconfig: string;
}

const ours = 'credentials-updater';

/**
 * Linux and others: the XDG base directories; macOS: ~/Library; Windows: %APPDATA% and %LOCALAPPDATA%. A variable that
 * holds no absolute path counts as unset, as the XDG specification has it.
 */
export function placesOf({ env, platform, home }: Pick<MemberEnvironment, 'env' | 'platform' | 'home'>): Places {
  const { join, isAbsolute, delimiter } = platform === 'win32' ? path.win32 : path.posix;
  const folder = (value: string | undefined, ...otherwise: string[]) =>
    value !== undefined && isAbsolute(value) ? value : join(home, ...otherwise);
  // The first file of the list wins wherever two of them have the same entry, so that what is written there is in force.
  const listed = (env.KUBECONFIG ?? '').split(delimiter).find((file) => file !== '');
  const kubeconfig = listed ?? join(home, '.kube', 'config');
  if (platform === 'darwin') {
    return {
      logins: join(home, 'Library', 'Application Support', ours),
      devices: join(home, 'Library', 'Application Support', ours, 'devices'),
      tokens: join(home, 'Library', 'Caches', ours),
      kubeconfig,
    };
  }
  if (platform === 'win32') {
    return {
      logins: join(folder(env.APPDATA, 'AppData', 'Roaming'), ours),
      devices: join(folder(env.APPDATA, 'AppData', 'Roaming'), ours, 'devices'),
      tokens: join(folder(env.LOCALAPPDATA, 'AppData', 'Local'), ours, 'Cache'),
      kubeconfig,
    };
  }
  return {
    logins: join(folder(env.XDG_CONFIG_HOME, '.config'), ours),
    devices: join(folder(env.XDG_CONFIG_HOME, '.config'), ours, 'devices'),
    tokens: join(folder(env.XDG_CACHE_HOME, '.cache'), ours),
    kubeconfig,
  };
}
