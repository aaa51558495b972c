/** A sync whose user is given very little by API Priority and Fairness: most of its requests are answered with 429. */
import { setTimeout as sleep } from 'node:timers/promises';
import { Agent, request } from 'undici';
import { z } from 'zod';
import type { Bench } from '../bench.ts';
import type { Club } from '../club.ts';
import { runSync } from '../programs/sync.ts';
import { type FlowControlResults, mintRate } from '../results.ts';

/** One share of about 246 is 3 of the API server's 600 seats. */
const shares = 1;
const seats = 3;
const queue = 2;
const effectTimeoutMs = 20_000;
const api = '/apis/flowcontrol.apiserver.k8s.io/v1';
const name = 'little-for-the-updater';

export async function measureFlowControl(bench: Bench, club: Club): Promise<FlowControlResults> {
  const { request: send } = bench.controlPlane;
  const unlimited = await runSync(club);
  await send('POST', `${api}/prioritylevelconfigurations`, priorityLevel);
  const { body } = await send('POST', `${api}/flowschemas`, flowSchemaFor(club));
  try {
    await untilInEffect(club, uidOf(body));
    const limited = await runSync(club);
    bench.say(
      `${club.members} members with ${seats} seats: ${limited.seconds.toFixed(1)} s, ${limited.refusedRequests} answers of 429, ${mintRate(limited).toFixed(0)} tokens a second`,
    );
    return { members: club.members, seats, queue, unlimited, limited };
  } finally {
    await send('DELETE', `${api}/flowschemas/${name}`);
    await send('DELETE', `${api}/prioritylevelconfigurations/${name}`);
  }
}

const priorityLevel = {
  metadata: { name },
  spec: {
    type: 'Limited',
    limited: {
      nominalConcurrencyShares: shares,
      lendablePercent: 0,
      borrowingLimitPercent: 0,
      limitResponse: { type: 'Queue', queuing: { queues: 1, handSize: 1, queueLengthLimit: queue } },
    },
  },
};

function flowSchemaFor({ systemNamespace }: Club) {
  const everything = { verbs: ['*'], apiGroups: ['*'], resources: ['*'], namespaces: ['*'], clusterScope: true };
  const subject = {
    kind: 'ServiceAccount',
    serviceAccount: { name: 'credentials-updater', namespace: systemNamespace },
  };
  return {
    metadata: { name },
    spec: {
      priorityLevelConfiguration: { name },
      matchingPrecedence: 2,
      rules: [{ subjects: [subject], resourceRules: [everything] }],
    },
  };
}

function uidOf(created: unknown): string {
  const result = z.object({ metadata: z.object({ uid: z.string() }) }).safeParse(created);
  if (!result.success) throw new Error(`the FlowSchema was not created: ${JSON.stringify(created)}`);
  return result.data.metadata.uid;
}

/** The API server names, in each answer, the FlowSchema that it went by. */
async function untilInEffect({ controlPlane, token, usersNamespace }: Club, uid: string): Promise<void> {
  const dispatcher = new Agent({ connect: { ca: controlPlane.certificateAuthority } });
  const giveUpAt = performance.now() + effectTimeoutMs;
  try {
    for (;;) {
      const { headers, body } = await request(
        `${controlPlane.server}/api/v1/namespaces/${usersNamespace}/serviceaccounts?limit=1`,
        { dispatcher, headers: { authorization: `Bearer ${token}` } },
      );
      await body.dump();
      if (headers['x-kubernetes-pf-flowschema-uid'] === uid) return;
      if (performance.now() > giveUpAt) throw new Error('the FlowSchema did not take effect');
      await sleep(100);
    }
  } finally {
    await dispatcher.destroy();
  }
}
