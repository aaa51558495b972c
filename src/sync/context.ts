/**
 * What one sync of one cluster is given: who is a member, where accounts are, where credentials go, time, chance, and
 * where to say things. It knows no command line, no Job, no terminal, and no directory or delivery by name.
 */
import type { GuardLimits, GuardSituation, Refusal } from '../core/guard.ts';
import type { PlanOptions } from '../core/plan.ts';
import type { PlanDocument } from '../core/plan-file.ts';
import type { Delivery } from '../deliveries/delivery.ts';
import type { Directory } from '../directories/directory.ts';
import type { Issuer } from '../issuers/issuer.ts';
import type { ClusterClient, FencedClient } from '../kube/client.ts';
import type { Clock } from '../lib/clock.ts';
import type { Log } from '../lib/log.ts';
import type { Text } from '../lib/message.ts';
import type { Redactor } from '../lib/redact.ts';
import type { RegistryPlace } from '../registry/place.ts';
import type { WorkspaceSettings } from '../registry/workspaces.ts';

/** One cluster: the way to it, and where the members' accounts are. */
export interface Target {
  /** Its changes pass the run's fence. */
  readonly client: ClusterClient;
  /** Of the members' ServiceAccounts. */
  readonly namespace: string;
}

/** A sync changes nothing once its lock is lost: a target without a fence is not taken. */
export type FencedContext = SyncContext & { readonly target: Target & { readonly client: FencedClient } };

export interface SyncContext {
  readonly directory: Directory;
  readonly target: Target;
  readonly registry: RegistryPlace;
  /** Under the run's signal: while credentials are issued, the keys may have to be fetched again. */
  readonly openIssuer: (target: Target, signal: AbortSignal) => Promise<Issuer>;
  readonly delivery: Delivery;
  readonly options: SyncOptions;
  readonly clock: Clock;
  readonly random: () => number;
  readonly log: Log;
  readonly redactor: Redactor;
  /** Told of the one step that takes long: how many credentials are issued, of how many. */
  readonly onIssued: (issued: number, total: number) => void;
}

export interface SyncOptions extends PlanOptions {
  readonly guard: GuardLimits;
  readonly situation: GuardSituation;
  /** The plan that was agreed to (`--plan`): this one is applied, or none. */
  readonly agreedPlan: PlanDocument | undefined;
  /** What an operator can run to allow what was refused, for the refusal's hint. */
  readonly whatAllows: (refusals: readonly Refusal[]) => Text;
  /** What each member gets besides an account; undefined for nothing. */
  readonly workspace: WorkspaceSettings | undefined;
  /** Members that may be left out of a delivery through our own failure. */
  readonly maxUndelivered: number;
  /** Requests at once: for accounts, which wait for etcd's disk, and for credentials, which the API server signs. */
  readonly accountConcurrency: number;
  readonly issueConcurrency: number;
}
