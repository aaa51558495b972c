/** `npm run node`: a whole cluster, control plane and node, to try things on, until Ctrl-C. */
import { BinariesMissingError } from '../control-plane/index.ts';
import { readFlags } from '../flags.ts';
import { stopSignal } from '../stop-signal.ts';
import { NodeImpossibleError, startCluster } from './index.ts';

const USAGE = `Starts a whole cluster on this machine, control plane and node, and stops it on Ctrl-C. Needs root and Linux.

Usage: npm run node [-- --help]`;

process.exitCode = await main();

async function main(): Promise<number> {
  const flags = readFlags({ help: { type: 'boolean', short: 'h', default: false } });
  if (typeof flags === 'string') {
    console.error(`${flags}; \`npm run node -- --help\` lists the flags`);
    return 2;
  }
  if (flags.help) {
    console.log(USAGE);
    return 0;
  }
  try {
    await using cluster = await startCluster({ onProgress: (line) => console.error(line) });
    const { kubeconfig, kubectlPath, directory } = cluster.controlPlane;
    console.log(`
In another terminal:

  export KUBECONFIG=${kubeconfig}
  alias kubectl=${kubectlPath}   # if you have none
  kubectl get pods --all-namespaces

Logs of containerd, kubelet and kube-proxy: ${directory}/node
Ctrl-C stops it and removes everything.`);
    await stopSignal();
    console.error('stopping');
    return 0;
  } catch (error) {
    if (error instanceof BinariesMissingError || error instanceof NodeImpossibleError) {
      console.error(error.message);
      return 1;
    }
    throw error;
  }
}
