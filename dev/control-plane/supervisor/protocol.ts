/** What the parent and its supervisor say to each other, one message at a time over Node's IPC channel. */
import { z } from 'zod';

const command = z.array(z.string()).min(1);

export const requestSchema = z.discriminatedUnion('type', [
  z.object({
    type: z.literal('spawn'),
    id: z.number(),
    command,
    /** Standard output and standard error are appended here. */
    logFile: z.string(),
    environment: z.record(z.string(), z.string()),
    workingDirectory: z.string().optional(),
  }),
  z.object({ type: z.literal('signal'), id: z.number(), signal: z.enum(['SIGTERM', 'SIGKILL', 'SIGSTOP', 'SIGCONT']) }),
  /** A command to run once everything else has been stopped, e.g. to take down a network bridge. Last in, first run. */
  z.object({ type: z.literal('cleanup'), command }),
  z.object({ type: z.literal('finish') }),
]);
export type Request = z.infer<typeof requestSchema>;
export type Signal = Extract<Request, { type: 'signal' }>['signal'];

export const reportSchema = z.discriminatedUnion('type', [
  z.object({ type: z.literal('ready'), directory: z.string() }),
  z.object({ type: z.literal('spawned'), id: z.number(), pid: z.number() }),
  z.object({ type: z.literal('failed'), id: z.number(), reason: z.string() }),
  z.object({ type: z.literal('exited'), id: z.number(), code: z.number().nullable(), signal: z.string().nullable() }),
]);
export type Report = z.infer<typeof reportSchema>;

/** What the supervisor is told when it is started, as its one argument (JSON). */
export const settingsSchema = z.object({
  /** The prefix of the temporary directory to make and to remove, or an existing directory that is kept. */
  directory: z.discriminatedUnion('kind', [
    z.object({ kind: z.literal('temporary'), prefix: z.string() }),
    z.object({ kind: z.literal('kept'), path: z.string() }),
  ]),
});
export type SupervisorSettings = z.infer<typeof settingsSchema>;
