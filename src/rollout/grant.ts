/**
 * Gives one member a namespace whose name is not theirs by the account's own (core/namespace-names.ts): the namespace is
 * made, with its owner's label. Nothing else says so: there is no list of grants that anybody could write to, and the API
 * server takes that label from administrators alone.
 *
 * Refused before anything is written:
 * - a name of the cluster's own, one of another member's account, and one that begins as another's names do;
 * - a name whose ServiceAccounts a binding still names: the new owner would inherit what it gives;
 * - a namespace that is there already, unless it is this member's.
 */
import { ownerLabel, ownerOf } from '../audit/members.ts';
import { type Binding, type Subject, serviceAccountsGroup, serviceAccountUser } from '../audit/rbac.ts';
import { isOwned, printable } from '../core/model.ts';
import { longestName } from '../core/names.ts';
import { accountsByName, isNamespaceName } from '../core/namespace-names.ts';
import { Failure } from '../lib/failure.ts';
import { isClustersOwn } from './clusters-own.ts';
import type { RolloutContext } from './context.ts';

export interface GrantRequest {
  readonly namespace: string;
  /** The ServiceAccount's name. */
  readonly account: string;
}

export type Grant =
  | { readonly outcome: 'made' | 'theirs already' }
  /** These name ServiceAccounts of the namespace. */
  | { readonly outcome: 'inherits'; readonly bindings: readonly Binding[] };

/** @throws Failure (usage) for a name that can't be given, (cluster) where the API server refuses */
export async function grant(context: RolloutContext, request: GrantRequest): Promise<Grant> {
  const { gathered, client, signal } = context;
  const { namespace, account } = request;
  if (!isNamespaceName(namespace))
    throw cannotGive(request, 'it is no name of a namespace (a-z, 0-9 and hyphens, 63 characters)');
  await requireMember(context, account);
  if ((await isClustersOwn(gathered))(namespace) || namespace === context.targetNamespace)
    throw cannotGive(request, "it is one of the cluster's own, whose ServiceAccounts the policies trust");
  await requireNobodyElses(context, request);

  const existing = await gathered.namespace(namespace);
  if (existing !== undefined) {
    const owner = ownerOf(existing);
    if (owner === account) return { outcome: 'theirs already' };
    throw cannotGive(
      request,
      owner === undefined ? 'it is there already, and has no owner' : `it is ${printable(owner)}'s`,
      'docs/policies.md says how a namespace is handed over, and how those from before the policies are adopted',
    );
  }
  const bindings = (await gathered.rbac()).bindings.filter(({ subjects }) => subjects.some(isOf(namespace)));
  if (bindings.length > 0) return { outcome: 'inherits', bindings };
  await client.call({
    method: 'POST',
    path: '/api/v1/namespaces',
    body: {
      apiVersion: 'v1',
      kind: 'Namespace',
      metadata: {
        name: namespace,
        labels: { [ownerLabel]: account, 'pod-security.kubernetes.io/enforce': 'baseline' },
      },
    },
    signal,
  });
  return { outcome: 'made' };
}

async function requireMember({ gathered, targetNamespace }: RolloutContext, account: string): Promise<void> {
  const found = (await gathered.accounts()).find(({ name }) => name === account);
  if (found === undefined || !isOwned(found) || found.terminating)
    throw new Failure(
      'usage',
      `there is no member with the ServiceAccount ${printable(account)} in ${targetNamespace}`,
      {
        hint: '`credentials-updater status` lists the members and their ServiceAccounts',
      },
    );
  if (account.length > longestName)
    throw new Failure('usage', `the name of the ServiceAccount ${printable(account)} fits no label`, {
      hint: `a label holds ${longestName} characters, so this account can own no namespace; give it a role in one`,
    });
}

/** Members of today, and leavers, who get their names back. */
async function requireNobodyElses({ gathered }: RolloutContext, request: GrantRequest): Promise<void> {
  const [accounts, namesGiven] = await Promise.all([gathered.accounts(), gathered.namesGiven()]);
  const taken = new Set([...accounts.map(({ name }) => name), ...namesGiven.keys()]);
  const others = accountsByName(request.namespace).filter((name) => name !== request.account && taken.has(name));
  const [other] = others;
  if (other === undefined) return;
  throw cannotGive(
    request,
    other === request.namespace
      ? `it is the name of another account, ${other}`
      : `names that begin with ${other}-- are the account ${other}'s`,
  );
}

function isOf(namespace: string): (subject: Subject) => boolean {
  const user = serviceAccountUser(namespace, '');
  return (subject) =>
    subject.kind === 'ServiceAccount'
      ? subject.namespace === namespace
      : subject.kind === 'Group'
        ? subject.name === serviceAccountsGroup(namespace)
        : subject.name.startsWith(user);
}

function cannotGive({ namespace, account }: GrantRequest, why: string, hint = 'choose another name'): Failure {
  return new Failure('usage', `the namespace ${printable(namespace)} can't be given to ${printable(account)}: ${why}`, {
    hint,
  });
}
