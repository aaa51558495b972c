/** What Argo CD will say of the CronJob: its own health check for it, in Argo CD's own Lua. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';
import { checkHealth } from '../../dev/lua/index.ts';

const patchSchema = z.object({ data: z.object({ 'resource.customizations.health.batch_CronJob': z.string() }) });
const { data } = patchSchema.parse(
  parse(await readFile(join(import.meta.dirname, '../../deploy/argocd/cron-job-health.yaml'), 'utf8')),
);
const check = data['resource.customizations.health.batch_CronJob'];

const valuesSchema = z.object({ configs: z.object({ cm: patchSchema.shape.data }) });

test("is the same where the chart's values say it", async () => {
  const values = await readFile(join(import.meta.dirname, '../../deploy/argocd/pks/argo-cd-values.yaml'), 'utf8');
  expect(valuesSchema.parse(parse(values)).configs.cm).toEqual(data);
});

const monday = '2026-11-16T15:00:00Z';
const nextMonday = '2026-11-23T15:00:00Z';
const healthOf = (status: Record<string, unknown> | undefined, suspend = false) =>
  checkHealth(check, { metadata: { namespace: 'poolc-system' }, spec: { suspend }, status });

test('a CronJob that has not run yet is healthy', async () => {
  const health = { status: 'Healthy', message: 'Not run yet' };
  expect(await healthOf(undefined)).toEqual(health);
  expect(await healthOf({})).toEqual(health);
});

test('a run that succeeded is healthy, and says when', async () => {
  expect(await healthOf({ lastScheduleTime: monday, lastSuccessfulTime: '2026-11-16T15:00:09Z' })).toEqual({
    status: 'Healthy',
    message: `The run of ${monday} succeeded`,
  });
});

test('a run that failed is degraded, the very first one too, and says where to look', async () => {
  const degraded = (time: string) => ({
    status: 'Degraded',
    message: `The run of ${time} failed: kubectl logs -n poolc-system job/<the newest one>`,
  });
  expect(await healthOf({ lastScheduleTime: monday })).toEqual(degraded(monday));
  expect(await healthOf({ lastScheduleTime: nextMonday, lastSuccessfulTime: '2026-11-16T15:00:09Z' })).toEqual(
    degraded(nextMonday),
  );
});

test('a run under way, and a suspended CronJob, keep no sync of Argo CD waiting', async () => {
  const active = [{ kind: 'Job', name: 'credentials-updater-29700000' }];
  expect(await healthOf({ lastScheduleTime: monday, active })).toEqual({
    status: 'Healthy',
    message: 'A run is under way',
  });
  expect(await healthOf({ lastScheduleTime: monday, lastSuccessfulTime: '2026-11-16T15:00:09Z' }, true)).toEqual({
    status: 'Healthy',
    message: `Suspended: nobody's token is renewed. The run of ${monday} succeeded`,
  });
});

test('a suspended CronJob whose last run failed is still degraded', async () => {
  const { status, message } = await healthOf({ lastScheduleTime: monday }, true);
  expect(status).toBe('Degraded');
  expect(message).toMatch(/^Suspended: nobody's token is renewed\. The run of .* failed/);
});
