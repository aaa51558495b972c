/** Events (events.k8s.io/v1): what `kubectl describe` shows below an object. */
import type { ClusterClient } from './client.ts';

export interface ObjectEvent {
  readonly namespace: string;
  /** What the Event is about. */
  readonly regarding: {
    readonly apiVersion: string;
    readonly kind: string;
    readonly name: string;
    readonly uid: string;
  };
  readonly type: 'Normal' | 'Warning';
  /** CamelCase, for machines: `SyncRefused`. */
  readonly reason: string;
  /** CamelCase, for machines: what was being done. */
  readonly action: string;
  /** Cut at 1,000 characters. */
  readonly note: string;
  /** The program that reports, and which of its instances. */
  readonly controller: string;
  readonly instance: string;
  readonly nowMs: number;
  readonly suffix: string;
}

export async function writeEvent(client: ClusterClient, event: ObjectEvent, signal: AbortSignal): Promise<void> {
  await client.call({
    method: 'POST',
    path: `/apis/events.k8s.io/v1/namespaces/${encodeURIComponent(event.namespace)}/events`,
    body: {
      apiVersion: 'events.k8s.io/v1',
      kind: 'Event',
      metadata: { name: `${event.regarding.name.slice(0, 200)}.${event.suffix}`, namespace: event.namespace },
      eventTime: microTime(event.nowMs),
      type: event.type,
      reason: event.reason,
      note: event.note.slice(0, 1_000),
      action: event.action,
      reportingController: event.controller,
      reportingInstance: event.instance.slice(0, 128),
      regarding: { ...event.regarding, namespace: event.namespace },
    },
    signal,
    // An earlier attempt by us whose answer was lost.
    expected: [409],
    policy: { budgetMs: 5_000, firstWaitMs: 200, longestWaitMs: 1_000 },
  });
}

/** RFC 3339 with microseconds, as the API's MicroTime wants it. */
export function microTime(ms: number): string {
  return new Date(ms).toISOString().replace('Z', '000Z');
}
