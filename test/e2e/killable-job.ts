/** A Job whose container can be killed at a moment of the test's choosing, as the kernel or an operator might. */
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import type { Kubectl } from './kubectl.ts';

const POLL_MS = 200;
const POD_TIMEOUT_MS = 120_000;
const SIDECAR = 'gate';

/**
 * A patch for the Job: beside the updater runs a container that sees its processes, and the updater starts only once
 * that one has been told so.
 * @param image any image with Node
 * @param env added to the updater's
 */
export function killablePatch(image: string, env: Readonly<Record<string, string>>): object {
  const node = (script: string): string[] => ['/usr/local/bin/node', '--eval', script];
  const gate = {
    name: SIDECAR,
    image,
    imagePullPolicy: 'IfNotPresent',
    restartPolicy: 'Always',
    command: node('setInterval(() => {}, 1_000_000)'),
    startupProbe: {
      exec: { command: node("require('node:fs').accessSync('/gate/open')") },
      periodSeconds: 1,
      failureThreshold: 120,
    },
    volumeMounts: [{ name: 'gate', mountPath: '/gate' }],
    securityContext: {
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ['ALL'] },
    },
  };
  const updater = {
    name: 'credentials-updater',
    env: Object.entries(env).map(([name, value]) => ({ name, value })),
  };
  return {
    spec: {
      template: {
        spec: {
          shareProcessNamespace: true,
          initContainers: [gate],
          containers: [updater],
          volumes: [{ name: 'gate', emptyDir: {} }],
        },
      },
    },
  };
}

/** Opens the gate, and kills the updater that long after it has started; never where that isn't given. */
const OPEN_AND_KILL = `
const { readdirSync, readFileSync, writeFileSync } = require('node:fs');
const killAfterMs = JSON.parse(process.argv[1]);
// In two parts, or this process would find itself.
const program = '/app/' + 'credentials-updater.mjs';
writeFileSync('/gate/open', '');
const updater = () => readdirSync('/proc').find((id) => {
  try { return /^[0-9]+$/.test(id) && readFileSync('/proc/' + id + '/cmdline', 'utf8').includes(program); }
  catch { return false; }
});
if (killAfterMs !== null) {
  const watch = setInterval(() => {
    const id = updater();
    if (id === undefined) return;
    clearInterval(watch);
    setTimeout(() => process.kill(Number(id), 'SIGKILL'), killAfterMs);
  }, 10);
}
`;

/** Lets the Job's pod of this number (from 1) run. */
export async function letRun(
  kubectl: Kubectl,
  { namespace, job, attempt, killAfterMs }: { namespace: string; job: string; attempt: number; killAfterMs?: number },
): Promise<void> {
  const pod = await podWithGate(kubectl, namespace, job, attempt);
  const exec = ['exec', '--namespace', namespace, pod, `--container=${SIDECAR}`, '--', '/usr/local/bin/node'];
  await kubectl([...exec, '--eval', OPEN_AND_KILL, JSON.stringify(killAfterMs ?? null)]);
}

const podsSchema = z.object({
  items: z.array(
    z.object({
      metadata: z.object({ name: z.string(), creationTimestamp: z.string() }),
      status: z.object({
        initContainerStatuses: z
          .array(z.object({ name: z.string(), state: z.object({ running: z.unknown().optional() }) }))
          .default([]),
      }),
    }),
  ),
});

async function podWithGate(kubectl: Kubectl, namespace: string, job: string, attempt: number): Promise<string> {
  const list = [
    'get',
    'pods',
    '--namespace',
    namespace,
    `--selector=batch.kubernetes.io/job-name=${job}`,
    '-o',
    'json',
  ];
  const deadline = performance.now() + POD_TIMEOUT_MS;
  for (;;) {
    const { items } = podsSchema.parse(JSON.parse(await kubectl(list)));
    const pod = items.toSorted((a, b) => a.metadata.creationTimestamp.localeCompare(b.metadata.creationTimestamp))[
      attempt - 1
    ];
    const gate = pod?.status.initContainerStatuses.find(({ name }) => name === SIDECAR);
    if (pod !== undefined && gate?.state.running !== undefined) return pod.metadata.name;
    if (performance.now() > deadline) throw new Error(`Job ${job} has no pod number ${attempt} that waits to start`);
    await sleep(POLL_MS);
  }
}
