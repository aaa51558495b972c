/**
 * The node's network: a cable from this machine to the node, and a bridge for its pods. Both ends of the cable go when
 * the node's namespace goes, so that nothing is left on this machine.
 */
import { execFile } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { networkInterfaces } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Sandbox } from './sandbox.ts';

const run = promisify(execFile);

export interface NodeNetwork {
  /** This machine's end of the cable: where pods and the node reach the API server. */
  readonly hostAddress: string;
  readonly nodeAddress: string;
  /** CIDR. */
  readonly podNetwork: string;
}

/** A network that no interface of this machine is in. */
export function chooseNetwork(): NodeNetwork {
  const taken = Object.values(networkInterfaces()).flatMap((addresses = []) => addresses.map(({ address }) => address));
  for (let second = 200; second < 255; second += 1) {
    if (taken.some((address) => address.startsWith(`10.${second}.`))) continue;
    return {
      hostAddress: `10.${second}.255.1`,
      nodeAddress: `10.${second}.255.2`,
      podNetwork: `10.${second}.0.0/24`,
    };
  }
  throw new Error('No network from 10.200.0.0/16 to 10.254.0.0/16 is free on this machine');
}

export async function connectSandbox(sandbox: Sandbox, network: NodeNetwork): Promise<void> {
  const cable = `pks-${sandbox.id}`;
  const ip = (...args: string[]): Promise<unknown> => run('ip', args);
  await ip('link', 'add', cable, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', String(sandbox.pid));
  await ip('address', 'add', `${network.hostAddress}/30`, 'dev', cable);
  await ip('link', 'set', cable, 'up');
  await sandbox.run(['ip', 'address', 'add', `${network.nodeAddress}/30`, 'dev', 'eth0']);
  await sandbox.run(['ip', 'link', 'set', 'eth0', 'up']);
  await sandbox.run(['ip', 'route', 'add', 'default', 'via', network.hostAddress]);
}

/** Returns the directory with the configuration of the pod network. */
export async function configurePodNetwork(sandbox: Sandbox, { podNetwork }: NodeNetwork): Promise<string> {
  const directory = join(sandbox.directory, 'cni');
  await mkdir(directory);
  const list = {
    cniVersion: '1.0.0',
    name: 'pks-pods',
    plugins: [
      {
        type: 'bridge',
        bridge: 'cni0',
        isGateway: true,
        ipMasq: true,
        hairpinMode: true,
        ipam: {
          type: 'host-local',
          ranges: [[{ subnet: podNetwork }]],
          routes: [{ dst: '0.0.0.0/0' }],
        },
      },
      { type: 'portmap', capabilities: { portMappings: true } },
    ],
  };
  await writeFile(join(directory, '10-pks-pods.conflist'), JSON.stringify(list));
  return directory;
}
