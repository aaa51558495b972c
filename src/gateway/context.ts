/** What everything in a gateway works with. Made once, when it starts; nothing in it remembers a member. */
import type { Issuer } from '../issuers/issuer.ts';
import type { ClusterClient } from '../kube/client.ts';
import type { Clock } from '../lib/clock.ts';
import type { Log } from '../lib/log.ts';

export interface GatewayContext {
  readonly client: ClusterClient;
  /** Where the members' accounts and their devices are. */
  readonly namespace: string;
  /** The gateway's own address as members reach it: an origin, without a path. */
  readonly origin: string;
  /** Tokens that live for an hour, or what the settings say. */
  readonly issuer: Issuer;
  readonly clock: Clock;
  /** In [0, 1), for jitter. */
  readonly random: () => number;
  readonly log: Log;
  readonly metrics: GatewayMetrics;
}

/** What is counted, by name and outcome. */
export interface GatewayMetrics {
  count(what: 'renewals' | 'enrolments' | 'logins' | 'removals' | 'kubeconfigs', outcome: string): void;
}
