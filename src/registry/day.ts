/**
 * The controller's rolling day (core/rolling-day.ts), kept in a ConfigMap: what was removed and added within a day, how many
 * accounts there were, and which allowances are spent. Ids stand there as fingerprints.
 */
import * as z from 'zod';
import { emptyDay, type RecordedChange, type RollingDay } from '../core/rolling-day.ts';
import type { ClusterClient } from '../kube/client.ts';
import { readConfigMap } from '../kube/config-maps.ts';
import { Failure } from '../lib/failure.ts';
import { commandTemplate } from '../lib/shell-command.ts';
import { dayName, type RegistryPlace } from './place.ts';
import { updateRecord } from './records.ts';

const key = 'day.json';

const allowanceSchema = z.object({ text: z.string(), ids: z.array(z.string()), spent: z.boolean() });
const ids = z.array(z.string());
/** Short names: there is a line for each change of a day. */
const daySchema = z.object({
  removed: z.array(z.tuple([z.string(), z.string(), z.number()])),
  added: z.array(z.tuple([z.string(), z.string(), z.number()])),
  baselines: z.array(z.object({ at: z.number(), owned: z.number() })),
  refused: z.object({ removals: ids, additions: ids }),
  allowances: z.object({ removals: allowanceSchema.optional(), additions: allowanceSchema.optional() }),
});

/** @throws Failure (cluster) for a record that can't be read: to begin anew would forget what was removed today */
export async function readDay(client: ClusterClient, place: RegistryPlace, signal: AbortSignal): Promise<RollingDay> {
  const { data } = await readConfigMap(client, place.namespace, dayName(place), signal);
  return parseDay(client, place, data[key]);
}

/** Changes the record, and nothing where `change` returns the very day that it was given. @returns the day as it is now */
export async function updateDay(
  client: ClusterClient,
  place: RegistryPlace,
  change: (day: RollingDay) => RollingDay,
  signal: AbortSignal,
): Promise<RollingDay> {
  let latest = emptyDay;
  await updateRecord(
    client,
    { namespace: place.namespace, name: dayName(place) },
    (data) => {
      latest = change(parseDay(client, place, data[key]));
      const text = textOf(latest);
      return text === (data[key] ?? textOf(emptyDay)) ? undefined : { ...data, [key]: text };
    },
    signal,
  );
  return latest;
}

function parseDay({ access }: ClusterClient, place: RegistryPlace, text: string | undefined): RollingDay {
  if (text === undefined) return emptyDay;
  const parsed = daySchema.safeParse(parseJson(text));
  if (!parsed.success) {
    const kubectl = commandTemplate(access.kubectl);
    throw new Failure(
      'cluster',
      `the record of the last day, the ConfigMap ${place.namespace}/${dayName(place)}, can't be read`,
      {
        hint: `somebody changed it; delete it with \`${kubectl`-n ${place.namespace} delete configmap ${dayName(place)}`}\`, and what was removed within the last day counts no more`,
      },
    );
  }
  const { removed, added, baselines, refused, allowances } = parsed.data;
  const changes = (list: typeof removed, direction: RecordedChange['direction']) =>
    list.map(([id, account, at]) => ({ direction, id, account, at }));
  return {
    changes: [...changes(removed, 'removals'), ...changes(added, 'additions')],
    baselines,
    refused,
    allowances,
  };
}

function textOf({ changes, baselines, refused, allowances }: RollingDay): string {
  const list = (wanted: RecordedChange['direction']) =>
    changes.filter(({ direction }) => direction === wanted).map(({ id, account, at }) => [id, account, at]);
  return JSON.stringify({
    removed: list('removals'),
    added: list('additions'),
    baselines,
    refused,
    allowances,
  });
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
