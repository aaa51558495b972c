/** Starts the unrelated client (neighbour.ts) and reads what it saw. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { z } from 'zod';
import { writeSecret } from '../../dev/control-plane/certificates.ts';
import type { ControlPlane } from '../../dev/control-plane/index.ts';
import { createUpdaterAccount } from '../../dev/updater-account.ts';

export const neighbourRequestsPerSecond = 100;

/** Somebody else's namespace, with a ConfigMap in it that somebody else may read. */
export interface Neighbourhood {
  /** Runs the client while `work` is running. @returns what the work gives, and every answer that the client got */
  watch<T>(work: () => Promise<T>): Promise<{ result: T; answers: readonly TimedAnswer[] }>;
}

const answersSchema = z.array(z.object({ sentAt: z.number(), took: z.number() }));
/** When a request was sent, in milliseconds since the epoch, and how many milliseconds its answer took. */
export type TimedAnswer = z.infer<typeof answersSchema>[number];

const namespace = 'neighbour';
const configMap = `/api/v1/namespaces/${namespace}/configmaps`;

export async function openNeighbourhood(controlPlane: ControlPlane): Promise<Neighbourhood> {
  const { server, certificateAuthorityFile, directory } = controlPlane;
  const create = async (path: string, object: object): Promise<void> => {
    const { status, body } = await controlPlane.request('POST', path, object);
    if (status !== 201) throw new Error(`POST ${path}: ${status} ${JSON.stringify(body)}`);
  };
  await create('/api/v1/namespaces', { metadata: { name: namespace } });
  await create(configMap, { metadata: { name: 'settings' }, data: { colour: 'green' } });
  // An account like any other: only its rights are those of a reader.
  const reader = await createUpdaterAccount(controlPlane, { systemNamespace: namespace, usersNamespace: namespace }, [
    { namespace, rules: [{ apiGroups: [''], resources: ['configmaps'], verbs: ['get'] }] },
  ]);
  const env = {
    PATH: process.env['PATH'],
    SERVER: server,
    AUTHORITY_FILE: certificateAuthorityFile,
    TOKEN_FILE: writeSecret(join(directory, 'neighbour-token'), reader.token),
    REQUEST_PATH: `${configMap}/settings`,
    REQUESTS_PER_SECOND: String(neighbourRequestsPerSecond),
  };

  return {
    async watch(work) {
      const client = spawn(process.execPath, [join(import.meta.dirname, 'neighbour.ts')], {
        env,
        stdio: ['pipe', 'pipe', 'inherit'],
      });
      const exited = once(client, 'exit');
      const lines = createInterface({ input: client.stdout })[Symbol.asyncIterator]();
      try {
        if ((await lines.next()).value !== 'ready') throw new Error('the unrelated client could not begin');
        const result = await work();
        client.stdin.end();
        const last = await lines.next();
        await exited;
        return { result, answers: answersSchema.parse(JSON.parse(z.string().parse(last.value))) };
      } finally {
        client.kill();
      }
    },
  };
}
