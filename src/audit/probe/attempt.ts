/** One thing that is tried, as data; and the usual ones. */

export interface Attempt {
  /** What follows "a fresh member may …". */
  readonly does: string;
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  readonly path: string;
  readonly body?: unknown;
  /** The user to act as, by impersonation. */
  readonly as?: string;
  readonly should: 'be allowed' | 'be refused';
  /** Who refuses it; what a fix has to bring back. */
  readonly by: 'rights' | 'policies' | 'quota';
  /** People with a login may do it; so it shows nothing where an operator tries it. */
  readonly onlyServiceAccounts?: true;
  /** A label that makes what was created harmless: policies add it, rather than refuse. */
  readonly harmlessWith?: { readonly label: string; readonly values: readonly string[] };
}

/** Nothing has this name. */
export const nowhere = 'credentials-updater-probe-nowhere';
export const rbac = '/apis/rbac.authorization.k8s.io/v1';
/** The whole way through the API server, admission included, but nothing is stored. */
export const dryRun = '?dryRun=All';

export function namespaceObject(name: string, labels: Record<string, string> = {}): object {
  return { apiVersion: 'v1', kind: 'Namespace', metadata: { name, labels } };
}

export const allowed = (does: string, path: string): Attempt => ({
  does,
  method: 'GET',
  path,
  should: 'be allowed',
  by: 'rights',
});
export const refused = (does: string, method: Attempt['method'], path: string): Attempt => ({
  does,
  method,
  path,
  should: 'be refused',
  by: 'rights',
});
export const read = (does: string, path: string): Attempt => refused(does, 'GET', path);
export const remove = (does: string, path: string): Attempt => refused(does, 'DELETE', path);
export const create = (does: string, path: string, body: unknown = {}): Attempt => ({
  ...refused(does, 'POST', path),
  body,
});
export const patch = (does: string, path: string): Attempt => ({
  ...refused(does, 'PATCH', path),
  body: { metadata: { labels: { [nowhere]: 'true' } } },
});
