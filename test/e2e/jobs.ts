/** Jobs made from the CronJob, as an operator makes them, and how they ended. */
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import type { Kubectl } from './kubectl.ts';

const POLL_MS = 500;

const jobSchema = z.object({
  metadata: z.object({ name: z.string(), uid: z.string() }),
  status: z.object({
    conditions: z.array(z.object({ type: z.string(), status: z.string(), reason: z.string().default('') })).default([]),
  }),
});
const terminated = z.object({ exitCode: z.int(), reason: z.string().default(''), message: z.string().default('') });
const podSchema = z.object({
  metadata: z.object({ name: z.string(), creationTimestamp: z.string() }),
  status: z.object({
    containerStatuses: z
      .array(z.object({ name: z.string(), state: z.object({ terminated: terminated.optional() }) }))
      .default([]),
  }),
});

export interface Attempt {
  readonly pod: string;
  readonly exitCode: number;
  /** Kubernetes' word, such as `Completed`, `Error` or `OOMKilled`. */
  readonly reason: string;
  /** The termination message: the run's summary, or its last lines. */
  readonly message: string;
}

export interface FinishedJob {
  readonly name: string;
  readonly outcome: 'Complete' | 'Failed';
  /** Why it failed, such as `PodFailurePolicy`. */
  readonly reason: string;
  /** In the order of their start; those that are still there. */
  readonly attempts: readonly Attempt[];
}

export interface JobRequest {
  readonly namespace: string;
  readonly cronJob: string;
  readonly name: string;
  /** A strategic merge patch of the Job, for what a test does to it. */
  readonly patch?: object;
}

/** `kubectl create job --from=cronjob/…`, as the README has it. */
export async function createJob(kubectl: Kubectl, { namespace, cronJob, name, patch }: JobRequest): Promise<void> {
  const create = ['create', 'job', '--namespace', namespace, `--from=cronjob/${cronJob}`, name];
  if (patch === undefined) {
    await kubectl(create);
    return;
  }
  const job = await kubectl([...create, '--dry-run=client', '--output=json']);
  const merge = ['patch', '--local', '--filename=-', '--type=strategic', '--output=json'];
  await kubectl(['create', '--filename=-'], await kubectl([...merge, '--patch', JSON.stringify(patch)], job));
}

export async function runJob(kubectl: Kubectl, request: JobRequest): Promise<FinishedJob> {
  await createJob(kubectl, request);
  return finishedJob(kubectl, request.namespace, request.name);
}

/** @throws where the Job has not ended after `timeoutMs` */
export async function finishedJob(
  kubectl: Kubectl,
  namespace: string,
  name: string,
  timeoutMs = 120_000,
): Promise<FinishedJob> {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    const { status } = jobSchema.parse(
      JSON.parse(await kubectl(['get', 'job', name, '--namespace', namespace, '--output=json'])),
    );
    const end = status.conditions.find(
      ({ type, status: is }) => (type === 'Complete' || type === 'Failed') && is === 'True',
    );
    if (end?.type === 'Complete' || end?.type === 'Failed') {
      return { name, outcome: end.type, reason: end.reason, attempts: await attemptsOf(kubectl, namespace, name) };
    }
    if (performance.now() > deadline) {
      throw new Error(
        `Job ${name} has not ended:\n${await kubectl(['describe', 'pod,job', '--namespace', namespace])}`,
      );
    }
    await sleep(POLL_MS);
  }
}

export async function attemptsOf(kubectl: Kubectl, namespace: string, job: string): Promise<Attempt[]> {
  const selector = `--selector=batch.kubernetes.io/job-name=${job}`;
  const listed = await kubectl(['get', 'pods', '--namespace', namespace, selector, '--output=json']);
  const { items } = z.object({ items: z.array(podSchema) }).parse(JSON.parse(listed));
  return items
    .toSorted((a, b) => a.metadata.creationTimestamp.localeCompare(b.metadata.creationTimestamp))
    .flatMap(({ metadata: { name: pod }, status: { containerStatuses } }) => {
      const end = containerStatuses.find(({ name }) => name === 'credentials-updater')?.state.terminated;
      return end === undefined ? [] : [{ pod, exitCode: end.exitCode, reason: end.reason, message: end.message }];
    });
}

const cronJobsJobs = z.object({
  items: z.array(
    z.object({
      metadata: z.object({
        name: z.string(),
        annotations: z.record(z.string(), z.string()).default({}),
        creationTimestamp: z.string(),
      }),
      status: z.object({ succeeded: z.int().default(0) }),
    }),
  ),
});

/** The names of the Jobs that the CronJob made by its schedule and that have succeeded, oldest first. */
export async function scheduledSuccesses(kubectl: Kubectl, namespace: string): Promise<string[]> {
  const { items } = cronJobsJobs.parse(
    JSON.parse(await kubectl(['get', 'jobs', '--namespace', namespace, '--output=json'])),
  );
  return items
    .filter(
      ({ metadata, status }) =>
        'batch.kubernetes.io/cronjob-scheduled-timestamp' in metadata.annotations && status.succeeded > 0,
    )
    .toSorted((a, b) => a.metadata.creationTimestamp.localeCompare(b.metadata.creationTimestamp))
    .map(({ metadata }) => metadata.name);
}
