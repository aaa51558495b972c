/** What the API server writes to its audit log. */
import { join } from 'node:path';
import { stringify } from 'yaml';
import { writeSecret } from './certificates.ts';

/** One rule of an audit policy (audit.k8s.io/v1 PolicyRule), e.g. `{ level: 'Request', verbs: ['create'] }`. */
export type AuditRule = Readonly<Record<string, unknown>> & {
  readonly level: 'None' | 'Metadata' | 'Request' | 'RequestResponse';
};

/** Their bodies hold credentials; no policy may ask for more than who did what. The first rule that matches counts. */
const withoutBodies: AuditRule = {
  level: 'Metadata',
  resources: [
    { group: '', resources: ['secrets', 'serviceaccounts/token'] },
    { group: 'authentication.k8s.io', resources: ['tokenreviews'] },
  ],
};

export function writeAuditPolicy(directory: string, rules: readonly AuditRule[]): string {
  return writeSecret(
    join(directory, 'audit-policy.yaml'),
    stringify({
      apiVersion: 'audit.k8s.io/v1',
      kind: 'Policy',
      omitStages: ['RequestReceived'],
      rules: [withoutBodies, ...rules],
    }),
  );
}
