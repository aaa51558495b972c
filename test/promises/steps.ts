/** The steps of a run as the wire shows them: each request of the updater belongs to one. */
import type { SeenRequest } from '../../dev/fault-proxy/index.ts';

/** In the order in which a run comes to them. */
export const wireSteps = [
  'read the lock',
  'take the lock',
  'read the owner',
  'fetch the members',
  'list the accounts',
  'look for the namespace',
  'read the names',
  'read the holds',
  'renew the lock to change',
  'claim the accounts',
  'record names',
  'remove an account',
  'create an account',
  'fetch the keys',
  'mint a token',
  'try a token',
  'renew the lock',
  'deliver',
  'read the summary',
  'write the summary',
  'write an Event',
  'release the lock',
] as const;
/** After a refusal alone: whether the API server is only starting. */
const afterRefusal = 'ask for readiness';
export type WireStep = (typeof wireSteps)[number] | typeof afterRefusal;

/** Whose side of the wire a step is on. */
export function isPoolcStep(step: WireStep): boolean {
  return step === 'fetch the members' || step === 'deliver';
}

const rules: readonly { method: string; path: RegExp; body?: RegExp; step: WireStep }[] = [
  { method: 'GET', path: /\/leases\/credentials-updater-owner$/, step: 'read the owner' },
  { method: 'POST', path: /\/leases$/, body: /credentials-updater-owner/, step: 'claim the accounts' },
  { method: 'GET', path: /\/leases\//, step: 'read the lock' },
  { method: 'POST', path: /\/leases$/, step: 'take the lock' },
  { method: 'PUT', path: /\/leases\//, body: /"holderIdentity":""/, step: 'release the lock' },
  { method: 'PUT', path: /\/leases\//, step: 'renew the lock' },
  { method: 'GET', path: /^\/kubernetes\/$/, step: 'fetch the members' },
  { method: 'POST', path: /^\/kubernetes\/$/, step: 'deliver' },
  { method: 'GET', path: /\/serviceaccounts\?/, step: 'list the accounts' },
  { method: 'GET', path: /^\/api\/v1\/namespaces\/[^/]+$/, step: 'look for the namespace' },
  { method: 'GET', path: /\/configmaps\/credentials-updater-names-/, step: 'read the names' },
  { method: 'GET', path: /\/configmaps\/credentials-updater-holds$/, step: 'read the holds' },
  { method: 'GET', path: /\/configmaps\/credentials-updater-summary$/, step: 'read the summary' },
  { method: 'POST', path: /\/configmaps$/, body: /credentials-updater-names-/, step: 'record names' },
  { method: 'PUT', path: /\/configmaps\/credentials-updater-names-/, step: 'record names' },
  { method: 'POST', path: /\/configmaps$/, step: 'write the summary' },
  { method: 'PUT', path: /\/configmaps\/credentials-updater-summary$/, step: 'write the summary' },
  { method: 'POST', path: /\/events$/, step: 'write an Event' },
  { method: 'DELETE', path: /\/serviceaccounts\//, step: 'remove an account' },
  { method: 'POST', path: /\/serviceaccounts$/, step: 'create an account' },
  { method: 'GET', path: /^\/openid\/v1\/jwks$/, step: 'fetch the keys' },
  { method: 'POST', path: /\/token$/, step: 'mint a token' },
  { method: 'POST', path: /\/selfsubjectreviews$/, step: 'try a token' },
  { method: 'GET', path: /^\/readyz$/, step: afterRefusal },
];

/** How far a run has come, for the one PUT that means another thing each time. */
export interface Progress {
  /** Whether this run has the lock already. */
  readonly lockTaken: boolean;
  /** Whether it has seen the accounts, and has changed nothing yet. */
  readonly beforeChanges: boolean;
}

/**
 * @throws for a request that belongs to no step, so that a new one can't be left out of the tests
 */
export function stepOf({ method, path, body }: SeenRequest, { lockTaken, beforeChanges }: Progress): WireStep {
  const rule = rules.find(
    (candidate) =>
      candidate.method === method &&
      candidate.path.test(path) &&
      (candidate.body === undefined || candidate.body.test(body.toString('latin1'))),
  );
  if (rule === undefined) throw new Error(`${method} ${path} belongs to no known step of a run`);
  if (rule.step !== 'renew the lock') return rule.step;
  if (!lockTaken) return 'take the lock';
  return beforeChanges ? 'renew the lock to change' : 'renew the lock';
}

/** Whether a request may change something on the cluster or at the PoolC API; trying a token doesn't. */
export function changesSomething({ method, path }: SeenRequest): boolean {
  return method !== 'GET' && !path.endsWith('/selfsubjectreviews');
}
