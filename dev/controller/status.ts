/** What the status of a MemberSync says, as somebody outside the controller reads it. */
import { z } from 'zod';
import type { ControllerPlace } from './account.ts';
import { memberSyncs } from './custom-resource.ts';

const conditionSchema = z.object({ type: z.string(), status: z.string(), reason: z.string(), message: z.string() });
const statusSchema = z.looseObject({
  conditions: z.array(conditionSchema).default([]),
  members: z.number().optional(),
  accounts: z.number().optional(),
  earliestExpiration: z.string().optional(),
  lastSyncTime: z.string().optional(),
  refused: z.object({ removals: z.number(), additions: z.number() }).optional(),
  lastHandledSyncNow: z.string().optional(),
  runs: z.array(z.looseObject({ outcome: z.string() })).default([]),
});
export type SeenStatus = z.infer<typeof statusSchema>;

const objectSchema = z.looseObject({ status: statusSchema.default({ conditions: [], runs: [] }) });

export async function readStatus({ request, systemNamespace }: ControllerPlace, name: string): Promise<SeenStatus> {
  return objectSchema.parse((await request('GET', memberSyncs(systemNamespace, name))).body).status;
}

export const condition = ({ conditions }: SeenStatus, wanted: string) => conditions.find(({ type }) => type === wanted);
export const ready = (status: SeenStatus) => condition(status, 'Ready');
