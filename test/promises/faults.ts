/** What may go wrong with a request of a run, on its way or at its end. */
import type { Fault } from '../../dev/fault-proxy/index.ts';

export const faults = {
  refuse: { kind: 'refuse', forMs: 200 },
  reset: { kind: 'reset' },
  delay: { kind: 'delay', ms: 300 },
  truncate: { kind: 'truncate' },
  '429': { kind: 'status', status: 429, retryAfter: '1' },
  '500': { kind: 'status', status: 500 },
  '502': { kind: 'status', status: 502 },
  '503': { kind: 'status', status: 503 },
  '504': { kind: 'status', status: 504 },
  'slow drip': { kind: 'drip', overMs: 400 },
  'wrong type': { kind: 'wrong-content-type' },
  'commit, drop': { kind: 'commit-then-drop' },
} as const satisfies Record<string, Fault>;

export type FaultName = keyof typeof faults;

export const faultNames: readonly FaultName[] = Object.keys(faults).filter((name): name is FaultName => name in faults);
