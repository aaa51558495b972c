/**
 * Makes the members' workspaces what the settings say: leavers' RoleBindings go, then each member's namespace, quota and
 * RoleBinding are put right. A member without a workspace is named, and gets a token all the same (P1).
 */
import pMap from 'p-map';
import { type Member, memberLabel } from '../core/model.ts';
import type { Plan } from '../core/plan.ts';
import type { DeliveryRight } from '../deliveries/delivery.ts';
import type { ClusterClient } from '../kube/client.ts';
import { Failure, isSystemic, toFailure } from '../lib/failure.ts';
import { ownerOf } from '../registry/owner.ts';
import type { RegistryPlace } from '../registry/place.ts';
import {
  applyWorkspaceChange,
  closeWorkspaces,
  keepWorkspace,
  outdatedBindings,
  readWorkspaces,
  type SeenWorkspaces,
  type WorkspaceChange,
  type WorkspacePlace,
  type WorkspaceSettings,
} from '../registry/workspaces.ts';
import type { Holder } from './apply.ts';
import type { SyncContext, Target } from './context.ts';
import type { Outcomes } from './outcomes.ts';
import type { Steps } from './steps.ts';

const mostWarnings = 20;

interface WorkspaceRun {
  readonly plan: Plan;
  readonly holders: readonly Holder[];
  readonly right: DeliveryRight;
  readonly outcomes: Outcomes;
}

/** @throws Failure (lock), and what ends the whole run; no other failure */
export async function keepWorkspaces(context: SyncContext, steps: Steps, run: WorkspaceRun): Promise<void> {
  const { target, registry, options, log } = context;
  const { holders, outcomes } = run;
  if (options.workspace === undefined) return;
  const place = { settings: options.workspace, owner: ownerOf(registry), accountsNamespace: target.namespace };
  try {
    await steps.run('workspace', (signal) => putRight(context, place, run, signal));
  } catch (error) {
    if (isLockLost(error) || !(error instanceof Failure)) throw error;
    log.warn(`the workspaces could not be looked after: ${error.message}; tokens are issued all the same`);
    const known = new Set(outcomes.withoutWorkspace.map(({ member }) => member.id));
    for (const { member } of holders) if (!known.has(member.id)) outcomes.noWorkspace(member, error);
  }
}

/** What the workspaces lack, and what is too much. Pure. */
export interface WorkspacePlan {
  /** RoleBindings of leavers. */
  readonly closing: readonly WorkspaceChange[];
  readonly due: readonly { readonly member: Member; readonly changes: readonly WorkspaceChange[] }[];
  /** Members who can have none as things are, and why. */
  readonly impossible: readonly { readonly member: Member; readonly failure: Failure }[];
}

interface Tenants {
  /** Those who are to have a workspace. */
  readonly tenants: readonly {
    readonly member: Member;
    readonly account: { readonly name: string; readonly uid: string };
  }[];
  /** Names of the accounts that are not removed. */
  readonly staying: ReadonlySet<string>;
}

/** What a sync would do about the workspaces after this plan. Reads only. */
export async function lookAtWorkspaces(
  { client, namespace }: Pick<Target, 'namespace'> & { readonly client: ClusterClient },
  { settings, registry }: { settings: WorkspaceSettings; registry: RegistryPlace },
  plan: Plan,
  signal: AbortSignal,
): Promise<WorkspacePlan> {
  const place = { settings, owner: ownerOf(registry), accountsNamespace: namespace };
  const tenants = [
    ...plan.keep,
    // An account that is not there yet has no UID.
    ...plan.create.map(({ member, name }) => ({ member, account: { name, uid: '' } })),
  ];
  const staying = new Set([...tenants, ...plan.reported].map(({ account }) => account.name));
  return planWorkspaces(await readWorkspaces(client, signal), place, { tenants, staying });
}

function planWorkspaces(seen: SeenWorkspaces, place: WorkspacePlace, { tenants, staying }: Tenants): WorkspacePlan {
  const outdated = outdatedBindings(seen, place);
  const impossible: { member: Member; failure: Failure }[] = [];
  const due = tenants.flatMap(({ member, account }) => {
    try {
      // Rights in a namespace of an earlier template go last, once there is another.
      const changes = [
        ...keepWorkspace(seen, place, { memberId: member.id, account }),
        ...(outdated.get(account.name) ?? []),
      ];
      return changes.length === 0 ? [] : [{ member, changes }];
    } catch (error) {
      impossible.push({ member, failure: toFailure(error) });
      return [];
    }
  });
  return { closing: closeWorkspaces(seen, place, staying), due, impossible };
}

async function putRight(
  { target: { client }, options, log }: SyncContext,
  place: WorkspacePlace,
  { plan, holders, right, outcomes }: WorkspaceRun,
  signal: AbortSignal,
): Promise<void> {
  const seen = await readWorkspaces(client, signal);
  const staying = new Set([
    ...[...holders, ...plan.reported].map(({ account }) => account.name),
    ...plan.create.map(({ name }) => name),
  ]);
  const { closing, due, impossible } = planWorkspaces(seen, place, { tenants: holders, staying });
  const failed = (member: Member, failure: Failure) => {
    outcomes.noWorkspace(member, failure);
    const hint = failure.hint === undefined ? '' : `; ${failure.hint}`;
    const count = outcomes.withoutWorkspace.length;
    if (count <= mostWarnings) log.warn(`${memberLabel(member)} has no complete workspace: ${failure.message}${hint}`);
    else if (count === mostWarnings + 1) log.warn('more members have no complete workspace');
  };
  for (const { member, failure } of impossible) failed(member, failure);
  if (closing.length + due.length === 0) return;
  await right.renew();
  const apply = (change: WorkspaceChange) => applyWorkspaceChange(client, place, change, signal);
  const concurrency = options.accountConcurrency;
  await pMap(
    closing,
    async (change) => {
      try {
        await apply(change);
      } catch (error) {
        if (isLockLost(error) || signal.aborted) throw error;
        const failure = toFailure(error);
        outcomes.workspaceNotClosed(change.what, failure);
        log.warn(`${change.what} of a leaver could not be removed: ${failure.message}`);
      }
    },
    { concurrency, signal },
  );
  /** What every further member would meet as well is asked for once. */
  let obstacle: Failure | undefined;
  await pMap(
    due,
    async ({ member, changes }) => {
      try {
        for (const change of changes) {
          if (obstacle !== undefined) throw obstacle;
          await apply(change);
          if (change.isOutdated)
            log.warn(
              `${memberLabel(member)} had ${change.what}, of an earlier spec.workspace.namespace: it was removed, and what is in that namespace stays`,
            );
        }
      } catch (error) {
        if (isLockLost(error) || signal.aborted) throw error;
        const failure = toFailure(error);
        if (isSystemic(failure)) obstacle = failure;
        failed(member, failure);
      }
    },
    { concurrency, signal },
  );
}

const isLockLost = (error: unknown): boolean => error instanceof Failure && error.kind === 'lock';
