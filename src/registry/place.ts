/**
 * What a cluster remembers for one MemberSync: objects called `<name>-…` in its namespace, and the run lock called
 * `<name>`. Settings from the environment are the MemberSync `credentials-updater`.
 */
export interface RegistryPlace {
  readonly namespace: string;
  /** The MemberSync's name. */
  readonly name: string;
}

/** The name of the MemberSync that settings from the environment are. */
export const defaultSyncName = 'credentials-updater';

/** The Lease that one run at a time holds. */
export const runLockName = ({ name }: RegistryPlace): string => name;
/** The ConfigMap of the members whom an operator keeps out. */
export const holdsName = ({ name }: RegistryPlace): string => `${name}-holds`;
/** The ConfigMap of the last acknowledged delivery. */
export const lastRunName = ({ name }: RegistryPlace): string => `${name}-summary`;
/** The ConfigMap of one part of the names that were given. */
export const namesGivenName = ({ name }: RegistryPlace, shard: number): string => `${name}-names-${shard}`;
/** The ConfigMap of the controller's rolling day: what was changed, and what an operator allowed. */
export const dayName = ({ name }: RegistryPlace): string => `${name}-day`;
