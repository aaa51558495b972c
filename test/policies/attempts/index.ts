import type { Attempt } from '../attempt.ts';
import { accessAttempts } from './access.ts';
import { clusterAttempts } from './cluster.ts';
import { nameAttempts } from './names.ts';
import { namespaceAttempts } from './namespaces.ts';
import { networkAttempts } from './network.ts';
import { storeAttempts } from './store.ts';
import { workloadAttempts } from './workloads.ts';

/** By what they are about. */
export const attempts: Readonly<Record<string, readonly Attempt[]>> = {
  'the cluster outside their own namespaces': clusterAttempts,
  namespaces: namespaceAttempts,
  'who takes which name': nameAttempts,
  workloads: workloadAttempts,
  'Services and Ingresses': networkAttempts,
  "the cluster's own database": storeAttempts,
  'who has access to a namespace': accessAttempts,
};
