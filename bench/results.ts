/** What a run of the benchmarks found, as it is kept in docs/benchmarks.json. Rates are a second, memory is in bytes. */
import { z } from 'zod';

const rate = z.number();
const seconds = z.number();
const bytes = z.number();

export const syncSampleSchema = z.object({
  /** Milliseconds since the epoch. */
  startedAt: z.number(),
  /** From the start of the process to its exit. */
  seconds,
  cpuSeconds: seconds,
  peakMemoryBytes: bytes,
  /** On the JavaScript heap, all in all. */
  allocatedBytes: bytes,
  /** From the start of the process to the moment at which the API server has received its first request. */
  secondsToFirstRequest: seconds,
  /** As the API server counted them. */
  requests: z.number(),
  /** Those that were answered with 429. */
  refusedRequests: z.number(),
  minted: z.number(),
  /** By step, as the program reports them. */
  stepSeconds: z.record(z.string(), seconds),
});
export type SyncSample = z.infer<typeof syncSampleSchema>;

export const loopSampleSchema = z.object({ rate, cpuSecondsEach: seconds, peakMemoryBytes: bytes });
export type LoopSample = z.infer<typeof loopSampleSchema>;

const contenders = ['wrk', 'sync', 'undici'] as const;
export type Contender = (typeof contenders)[number];

export const latencySchema = z.object({
  requests: z.number(),
  /** In milliseconds. */
  p50: z.number(),
  p99: z.number(),
});
export type Latency = z.infer<typeof latencySchema>;

const conditionsSchema = z.object({
  /** ISO 8601. */
  startedAt: z.string(),
  tookSeconds: seconds,
  machine: z.object({ cpus: z.number(), model: z.string(), memoryBytes: bytes, system: z.string() }),
  node: z.string(),
  kubernetes: z.string(),
  /** Undefined where it isn't installed. */
  wrk: z.string().optional(),
  /** Node's flags for the updater and the undici loop: those of the image. */
  nodeFlags: z.array(z.string()),
  /** Whether what was measured went before everything else on the machine. */
  priority: z.boolean(),
  /** The machine's load average (1 minute) before the first measurement: whatever else was running. */
  loadBefore: z.number(),
  /** MINT_CONCURRENCY unless it is set. */
  defaultConnections: z.number(),
});
export type Conditions = z.infer<typeof conditionsSchema>;

const firstRunSchema = z.object({
  sync: syncSampleSchema,
  /** ServiceAccounts created a second by wrk, at the number of connections that is best for that. */
  creator: rate.optional(),
});
export type FirstRun = z.infer<typeof firstRunSchema>;

const connectionsSchema = z.object({
  best: z.object({ wrk: z.number().optional(), sync: z.number(), undici: z.number() }),
  sweep: z.array(z.object({ contender: z.enum(contenders), connections: z.number(), rates: z.array(rate) })),
});
export type ConnectionResults = z.infer<typeof connectionsSchema>;

const roundSchema = z.object({
  wrk: rate.optional(),
  wrkCpuSecondsEach: seconds.optional(),
  /** With the default settings. */
  sync: syncSampleSchema,
  /** At its best number of connections, where that is another one than the default. */
  syncAtBest: syncSampleSchema.optional(),
  undici: loopSampleSchema,
});
export type Round = z.infer<typeof roundSchema>;

const neighboursSchema = z.object({
  members: z.number(),
  requestsPerSecond: rate,
  idle: z.array(latencySchema),
  during: z.array(z.object({ connections: z.number(), rounds: z.array(latencySchema.extend({ mintRate: rate })) })),
});
export type NeighbourResults = z.infer<typeof neighboursSchema>;

const flowControlSchema = z.object({
  members: z.number(),
  /** Requests that the API server serves at a time, and lets wait, before it answers 429. */
  seats: z.number(),
  queue: z.number(),
  unlimited: syncSampleSchema,
  limited: syncSampleSchema,
});
export type FlowControlResults = z.infer<typeof flowControlSchema>;

const memoryFlagsSchema = z.object({
  members: z.number(),
  sets: z.array(z.object({ flags: z.array(z.string()), runs: z.array(syncSampleSchema) })),
});
export type MemoryFlagResults = z.infer<typeof memoryFlagsSchema>;

const alternativesSchema = z.object({
  /** Tokens a second of `kubectl create token`, one after the other. */
  kubectl: rate,
  kubectlTokens: z.number(),
});
export type AlternativeResults = z.infer<typeof alternativesSchema>;

/** Sections that were left out are undefined. */
export const resultsSchema = z.object({
  conditions: conditionsSchema,
  /** Runs in which everyone is new. */
  firstRuns: z.array(z.object({ members: z.number(), rounds: z.array(firstRunSchema) })),
  /** Every client at several numbers of connections. */
  connections: connectionsSchema.optional(),
  /** Runs in which nobody joins or leaves. */
  steadyState: z.array(z.object({ members: z.number(), rounds: z.array(roundSchema) })).optional(),
  neighbours: neighboursSchema.optional(),
  flowControl: flowControlSchema.optional(),
  memoryFlags: memoryFlagsSchema.optional(),
  alternatives: alternativesSchema.optional(),
});
export type Results = z.infer<typeof resultsSchema>;

export const mintRate = ({ minted, stepSeconds }: SyncSample): number => minted / (stepSeconds['mint'] ?? Number.NaN);
export const creationRate = ({ minted, stepSeconds }: SyncSample): number =>
  minted / (stepSeconds['create'] ?? Number.NaN);
