/**
 * What the system, the pod and the shell say that is no setting of this program. Read here alone, and handed on as typed
 * values.
 */
import { hostname } from 'node:os';
import path from 'node:path';
import { proxyVariables } from '../http/proxy.ts';
import type { ClusterSurroundings, PodApiServer } from '../kube/kubeconfig.ts';
import { languageOf, languageVariables } from '../lib/message.ts';
import { pickVariables, type Variables } from '../lib/variables.ts';

export type { Variables } from '../lib/variables.ts';

/** NO_COLOR, NODE_EXTRA_CA_CERTS and the like are Node's own. */
const names = [
  // As kubectl reads them.
  'KUBECONFIG',
  'HOME',
  // In a pod, by Kubernetes.
  'KUBERNETES_SERVICE_HOST',
  'KUBERNETES_SERVICE_PORT',
  // By deploy/base: what operators are given to copy, what gets an Event, and who holds the run lock.
  'CRONJOB_NAME',
  'JOB_NAME',
  'JOB_UID',
  'POD_NAME',
  // By services that run commands while nobody is there to be asked.
  'CI',
  // Which language somebody reads.
  ...languageVariables,
] as const;

/** Where programs, homes and temporary files are; Windows starts nothing without the last three. */
const programVariables = ['PATH', 'HOME', 'TMPDIR', 'LANG', 'LC_ALL', 'SystemRoot', 'PATHEXT', 'TEMP'] as const;

/** This process's own variables. Only its entry asks for them. */
export function processVariables(): Variables {
  return process.env;
}

/** What is read of the environment besides the settings. Never throws. */
export function readSurroundings(variables: Variables) {
  const set = pickVariables(variables, names);
  const { JOB_NAME: name, JOB_UID: uid } = set;
  const apiServer = podApiServer(set.KUBERNETES_SERVICE_HOST, set.KUBERNETES_SERVICE_PORT);
  const cluster: ClusterSurroundings = { kubeconfig: set.KUBECONFIG, home: set.HOME, apiServer, variables };
  return {
    cluster,
    inPod: apiServer !== undefined,
    proxies: pickVariables(variables, proxyVariables),
    /** undefined when nobody named one. */
    cronJobName: set.CRONJOB_NAME,
    jobName: name,
    /** The Job that this run belongs to, when it runs as one. */
    job: name !== undefined && uid !== undefined ? { name, uid } : undefined,
    /** Pod or host name. */
    host: set.POD_NAME ?? hostname(),
    isUnattended: set.CI !== undefined,
    language: languageOf(set),
    /** Files that kubectl reads where it is not told which. */
    kubeconfigs: kubeconfigFiles(set.KUBECONFIG, set.HOME),
    /** What a program needs that we start and that needs no secret of ours. */
    ofPrograms: pickVariables(variables, programVariables),
  };
}

function kubeconfigFiles(listed: string | undefined, home: string | undefined): string[] {
  if (listed !== undefined) return listed.split(path.delimiter).filter((file) => file !== '');
  return home === undefined ? [] : [path.join(home, '.kube', 'config')];
}

function podApiServer(host: string | undefined, port: string | undefined): PodApiServer | undefined {
  return host === undefined || port === undefined ? undefined : { host, port };
}
