import { describe, expect, test } from 'vitest';
import { placesOf } from './places.ts';

describe('the places of files', () => {
  test('on Linux are the XDG base directories', () => {
    expect(placesOf({ platform: 'linux', home: '/home/kim', env: {} })).toEqual({
      logins: '/home/kim/.config/credentials-updater',
      devices: '/home/kim/.config/credentials-updater/devices',
      tokens: '/home/kim/.cache/credentials-updater',
      kubeconfig: '/home/kim/.kube/config',
    });
    const env = { XDG_CONFIG_HOME: '/data/config', XDG_CACHE_HOME: '/data/cache', KUBECONFIG: ':/data/kube:/etc/kube' };
    expect(placesOf({ platform: 'linux', home: '/home/kim', env })).toEqual({
      logins: '/data/config/credentials-updater',
      devices: '/data/config/credentials-updater/devices',
      tokens: '/data/cache/credentials-updater',
      kubeconfig: '/data/kube',
    });
  });

  test('are never relative to where a command happens to run', () => {
    const env = { XDG_CONFIG_HOME: 'config', XDG_CACHE_HOME: '', APPDATA: 'roaming', KUBECONFIG: '' };
    expect(placesOf({ platform: 'linux', home: '/home/kim', env })).toEqual(
      placesOf({ platform: 'linux', home: '/home/kim', env: {} }),
    );
    expect(placesOf({ platform: 'win32', home: 'C:\\Users\\kim', env })).toEqual(
      placesOf({ platform: 'win32', home: 'C:\\Users\\kim', env: {} }),
    );
  });

  test('on macOS are in the Library', () => {
    const env = { XDG_CONFIG_HOME: '/data/config' };
    expect(placesOf({ platform: 'darwin', home: '/Users/kim', env })).toEqual({
      logins: '/Users/kim/Library/Application Support/credentials-updater',
      devices: '/Users/kim/Library/Application Support/credentials-updater/devices',
      tokens: '/Users/kim/Library/Caches/credentials-updater',
      kubeconfig: '/Users/kim/.kube/config',
    });
  });

  test('on Windows are in the application data, and the list of kubeconfigs is split at semicolons', () => {
    const home = 'C:\\Users\\김';
    expect(placesOf({ platform: 'win32', home, env: { KUBECONFIG: 'D:\\kube\\config;E:\\other' } })).toEqual({
      logins: 'C:\\Users\\김\\AppData\\Roaming\\credentials-updater',
      devices: 'C:\\Users\\김\\AppData\\Roaming\\credentials-updater\\devices',
      tokens: 'C:\\Users\\김\\AppData\\Local\\credentials-updater\\Cache',
      kubeconfig: 'D:\\kube\\config',
    });
    const env = { APPDATA: 'R:\\roaming', LOCALAPPDATA: 'L:\\local' };
    expect(placesOf({ platform: 'win32', home, env })).toMatchObject({
      logins: 'R:\\roaming\\credentials-updater',
      tokens: 'L:\\local\\credentials-updater\\Cache',
    });
  });
});
