/** On what, and with what, these figures were measured. */
import { cpus, loadavg, release, totalmem, type } from 'node:os';
import { readSettings } from '../src/config/settings.ts';
import { updaterNodeFlags } from './image-flags.ts';
import type { Conditions } from './results.ts';

export function describeConditions(
  { kubernetes, wrk, priority }: { kubernetes: string; wrk: string | undefined; priority: boolean },
  startedAt: Date,
): Omit<Conditions, 'tookSeconds'> {
  const [processor] = cpus();
  return {
    startedAt: startedAt.toISOString(),
    machine: {
      cpus: cpus().length,
      model: processor?.model ?? 'unknown',
      memoryBytes: totalmem(),
      system: `${type()} ${release()}`,
    },
    node: process.version,
    kubernetes,
    ...(wrk === undefined ? {} : { wrk }),
    nodeFlags: [...updaterNodeFlags],
    priority,
    loadBefore: loadavg()[0] ?? 0,
    defaultConnections: readSettings({}).mintConcurrency,
  };
}
