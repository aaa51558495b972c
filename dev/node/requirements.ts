/** What a machine must have to run a node, and what it lacks. */
import { accessSync, constants, existsSync, statfsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';

/** The plugins that the pod network is made of, as Debian installs them. */
export const CNI_DIRECTORY = '/usr/lib/cni';
const CNI_PLUGINS = ['bridge', 'host-local', 'loopback', 'portmap'];
const OVERLAY_FILE_SYSTEM = 0x794c7630;

/** Programs, by the Debian package that brings them. */
const PACKAGES: Readonly<Record<string, readonly string[]>> = {
  runc: ['runc'],
  iptables: ['iptables', 'iptables-save'],
  conntrack: ['conntrack'],
  iproute2: ['ip'],
  'util-linux': ['unshare', 'nsenter'],
  mount: ['mount'],
};

/** Why a node can't run here: nothing where it can. One sentence each, with what to do. */
export function missingRequirements(): string[] {
  if (process.platform !== 'linux') return [`A node needs Linux; this is ${process.platform}.`];
  const problems: string[] = [];
  if (process.getuid?.() !== 0) problems.push('A node needs root: run it as root, in a machine you can throw away.');

  const packages = missingDebianPackages();
  if (packages.length > 0) {
    problems.push(`These Debian packages are missing: apt-get install --no-install-recommends ${packages.join(' ')}`);
  }
  if (!existsSync('/sys/fs/cgroup/memory') && !existsSync('/sys/fs/cgroup/cgroup.controllers')) {
    problems.push('No cgroups are mounted at /sys/fs/cgroup: containers could not be limited.');
  }
  if (statfsSync(tmpdir()).type === OVERLAY_FILE_SYSTEM) {
    problems.push(`${tmpdir()} lies on an overlay file system, where containers can't be: set TMPDIR to another one.`);
  }
  return problems;
}

/** The Debian packages whose programs are not there. */
export function missingDebianPackages(): string[] {
  const packages = Object.entries(PACKAGES)
    .filter(([, programs]) => programs.some((program) => !isInPath(program)))
    .map(([name]) => name);
  const plugins = CNI_PLUGINS.every((plugin) => isExecutable(join(CNI_DIRECTORY, plugin)));
  return plugins ? packages : [...packages, 'containernetworking-plugins'];
}

export function isInPath(program: string): boolean {
  return (process.env['PATH'] ?? '').split(delimiter).some((directory) => isExecutable(join(directory, program)));
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
