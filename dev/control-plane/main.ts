/** `npm run control-plane`: a control plane to try things on, until Ctrl-C. */
import { readFlags } from '../flags.ts';
import { stopSignal } from '../stop-signal.ts';
import { BinariesMissingError, startControlPlane } from './index.ts';

const USAGE = `Starts a Kubernetes control plane, set up as PoolC's cluster is, and stops it on Ctrl-C.

Usage: npm run control-plane -- [--controller-manager] [--help]

  --controller-manager  also run kube-controller-manager: every namespace gets its ServiceAccount
                        \`default\`, and deleted namespaces really go
  -h, --help            show this

The programs come from the folder $KUBEBUILDER_ASSETS, else from the cache (in $XDG_CACHE_HOME or ~/.cache),
else they are downloaded, else built with Go, which takes some minutes once.
`;

process.exitCode = await main();

async function main(): Promise<number> {
  const flags = readFlags({
    'controller-manager': { type: 'boolean', default: false },
    help: { type: 'boolean', short: 'h', default: false },
  });
  if (typeof flags === 'string') {
    console.error(`${flags}; \`npm run control-plane -- --help\` lists the flags`);
    return 2;
  }
  if (flags.help) {
    console.log(USAGE);
    return 0;
  }
  try {
    await using controlPlane = await startControlPlane({
      controllerManager: flags['controller-manager'],
      onProgress: (line) => console.error(line),
    });
    const { kubeconfig, kubectlPath, auditLog } = controlPlane;
    // Before the words that somebody waits for: a signal may come right after them.
    const stopped = stopSignal();
    console.log(`
In another terminal:

  export KUBECONFIG=${shellQuote(kubeconfig)}
  alias kubectl=${shellQuote(kubectlPath)}   # if you have none
  kubectl get namespaces

Audit log: ${auditLog}
Ctrl-C stops it and removes everything.`);
    await stopped;
    console.error('stopping');
    return 0;
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    console.error(error instanceof BinariesMissingError ? error.message : `The control plane: ${error.message}`);
    return 1;
  }
}

function shellQuote(path: string): string {
  return /^[\w@%+=:,./-]+$/.test(path) ? path : `'${path.replaceAll("'", `'\\''`)}'`;
}
