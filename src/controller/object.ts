/** A MemberSync as the controller sees it in the cluster. What it wants is read by config/, from the whole object. */
import * as z from 'zod';

export const memberSyncApi = {
  group: 'credentials-updater.poolc.org',
  version: 'v1alpha1',
  kind: 'MemberSync',
} as const;
export const syncNowAnnotation = `${memberSyncApi.group}/sync-now`;
export const allowRemovalsAnnotation = `${memberSyncApi.group}/allow-removals`;
export const allowAdditionsAnnotation = `${memberSyncApi.group}/allow-additions`;
/** While it is there, the object stays until the controller has removed the accounts (deletionPolicy: Delete). */
export const accountsFinalizer = `${memberSyncApi.group}/accounts`;

const conditionSchema = z.object({
  type: z.string(),
  status: z.enum(['True', 'False', 'Unknown']),
  observedGeneration: z.number().optional(),
  lastTransitionTime: z.string(),
  reason: z.string(),
  message: z.string(),
});
export type Condition = z.infer<typeof conditionSchema>;

const runSchema = z.object({
  time: z.string(),
  outcome: z.enum(['Changed', 'Failed', 'Refused', 'Partial']),
  message: z.string().optional(),
  created: z.number().optional(),
  removed: z.number().optional(),
  delivered: z.number().optional(),
  failed: z.number().optional(),
});
export type PastRun = z.infer<typeof runSchema>;

export const statusSchema = z.object({
  observedGeneration: z.number().optional(),
  conditions: z.array(conditionSchema).optional(),
  members: z.number().optional(),
  accounts: z.number().optional(),
  lastSyncTime: z.string().optional(),
  lastDeliveryTime: z.string().optional(),
  nextSyncTime: z.string().optional(),
  earliestExpiration: z.string().optional(),
  refused: z.object({ removals: z.number().optional(), additions: z.number().optional() }).optional(),
  lastHandledSyncNow: z.string().optional(),
  runs: z.array(runSchema).optional(),
});
export type Status = z.infer<typeof statusSchema>;

export const memberSyncObjectSchema = z.looseObject({
  metadata: z.looseObject({
    name: z.string(),
    namespace: z.string(),
    uid: z.string(),
    resourceVersion: z.string(),
    generation: z.number().default(1),
    annotations: z.record(z.string(), z.string()).default({}),
    finalizers: z.array(z.string()).default([]),
    deletionTimestamp: z.string().optional(),
  }),
  // Somebody's hand may have been in it: what can't be read is as if it were not there.
  status: statusSchema.optional().catch(undefined),
});
export type MemberSyncObject = z.infer<typeof memberSyncObjectSchema>;

export const keyOf = ({ metadata }: MemberSyncObject): string => `${metadata.namespace}/${metadata.name}`;

export function memberSyncCollection(namespace: string): string {
  const { group, version } = memberSyncApi;
  return `/apis/${group}/${version}/namespaces/${encodeURIComponent(namespace)}/membersyncs`;
}

/** Whether somebody wants something else than before: the status is the controller's own. */
export function isAskedAnew(before: MemberSyncObject, { metadata }: MemberSyncObject): boolean {
  const then = before.metadata;
  const mark = ({ annotations }: MemberSyncObject['metadata']) =>
    [syncNowAnnotation, allowRemovalsAnnotation, allowAdditionsAnnotation].map((name) => annotations[name]).join('\n');
  return (
    then.uid !== metadata.uid ||
    then.generation !== metadata.generation ||
    then.deletionTimestamp !== metadata.deletionTimestamp ||
    mark(then) !== mark(metadata)
  );
}
