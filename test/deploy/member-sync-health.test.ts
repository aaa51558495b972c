/** What Argo CD will say of a MemberSync: its own health check for it, in Argo CD's own Lua. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';
import { checkHealth } from '../../dev/lua/index.ts';

const key = 'resource.customizations.health.credentials-updater.poolc.org_MemberSync';
const patchSchema = z.object({ data: z.object({ [key]: z.string() }) });
const readYaml = async (file: string): Promise<unknown> =>
  parse(await readFile(join(import.meta.dirname, '../../deploy/argocd', file), 'utf8'));
const { data } = patchSchema.parse(await readYaml('member-sync-health.yaml'));
const check = data[key] ?? '';

const valuesSchema = z.object({ configs: z.object({ cm: patchSchema.shape.data }) });

test("is the same where the chart's values say it", async () => {
  expect(valuesSchema.parse(await readYaml('pks/argo-cd-values.yaml')).configs.cm).toEqual(data);
});

interface Seen {
  readonly ready?: { readonly status: string; readonly reason: string; readonly message: string };
  readonly observed?: number;
  readonly suspend?: boolean;
  readonly deleted?: boolean;
}

/** Of the second version of its spec. */
const healthOf = ({ ready, observed = 2, suspend = false, deleted = false }: Seen) =>
  checkHealth(check, {
    metadata: { generation: 2, ...(deleted ? { deletionTimestamp: '2026-11-30T00:00:00Z' } : {}) },
    spec: { suspend },
    ...(ready === undefined
      ? {}
      : {
          status: {
            observedGeneration: observed,
            conditions: [
              { type: 'Delivered', status: 'False', reason: 'Other', message: '' },
              { type: 'Ready', ...ready },
            ],
          },
        }),
  });

const inSync = { status: 'True', reason: 'Ready', message: '40 members, all in sync' };
const refused = { status: 'False', reason: 'RefusedByGuard', message: '29 accounts would be gone' };

test.each([
  ['Healthy', 'Ready: 40 members, all in sync', { ready: inSync }],
  ['Degraded', 'RefusedByGuard: 29 accounts would be gone', { ready: refused }],
  ['Progressing', 'The controller has not looked at it yet', {}],
  // What is wrong may have been fixed by what was applied last.
  ['Progressing', 'The controller has not looked at it yet', { ready: refused, observed: 1 }],
  ['Progressing', 'LockedByAnother: wait', { ready: { status: 'False', reason: 'LockedByAnother', message: 'wait' } }],
  ['Progressing', 'NothingYet: wait', { ready: { status: 'Unknown', reason: 'NothingYet', message: 'wait' } }],
  ['Healthy', "Suspended: nobody's token is renewed", { ready: refused, suspend: true }],
  ['Progressing', 'Its accounts are being removed, as deletionPolicy says', { ready: inSync, deleted: true }],
])('%s: %s', async (status, message, seen) => {
  expect(await healthOf(seen)).toEqual({ status, message });
});

test('what a directory chose stays a message, whatever it looks like to Lua', async () => {
  const message = `Would be removed: "]] .. os.exit(1) .. [[ ' %s \\`;
  expect(await healthOf({ ready: { ...refused, message } })).toEqual({
    status: 'Degraded',
    message: `RefusedByGuard: ${message}`,
  });
});
