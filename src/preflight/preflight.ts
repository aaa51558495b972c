/**
 * Everything that must be in place before members get their tokens, looked at: a list of checks, each a plain function
 * from what was gathered to findings. What a check may not read makes it `unknown`; nothing makes the others stop.
 */

import { argoCdProjects } from '../audit/checks/argocd-projects.ts';
import { certificateApprovers } from '../audit/checks/certificate-approvers.ts';
import { exemptions } from '../audit/checks/exemptions.ts';
import { freeNames } from '../audit/checks/free-names.ts';
import { leavers } from '../audit/checks/leavers.ts';
import { legacyTokens } from '../audit/checks/legacy-tokens.ts';
import { memberNamespaces } from '../audit/checks/member-namespaces.ts';
import { memberRole } from '../audit/checks/member-role.ts';
import { minters } from '../audit/checks/minters.ts';
import { policies } from '../audit/checks/policies.ts';
import { probe } from '../audit/checks/probe.ts';
import { type Finding, failed, findingData, gravest, type Status, unknown } from '../audit/finding.ts';
import { allInOrder } from '../lib/all-in-order.ts';
import { toFailure } from '../lib/failure.ts';
import { preflightMessages as messages } from '../lib/messages/preflight.ts';
import { accounts } from './checks/accounts.ts';
import { allowances } from './checks/allowances.ts';
import { clock } from './checks/clock.ts';
import { cronJob } from './checks/cron-job.ts';
import { directory } from './checks/directory.ts';
import { endpoint } from './checks/endpoint.ts';
import { gateway } from './checks/gateway.ts';
import { kubernetes } from './checks/kubernetes.ts';
import { kyverno } from './checks/kyverno.ts';
import { names } from './checks/names.ts';
import { namespaces } from './checks/namespaces.ts';
import { schedule } from './checks/schedule.ts';
import { secret } from './checks/secret.ts';
import { tokenLifetime } from './checks/token-lifetime.ts';
import { trustedNamespaces } from './checks/trusted-namespaces.ts';
import { updaterRights } from './checks/updater-rights.ts';
import { versions } from './checks/versions.ts';
import type { PreflightContext } from './context.ts';
import { openContext, type PreflightInput } from './open-context.ts';

type Check = (context: PreflightContext) => Promise<readonly Finding[]>;

/** In the order in which they are read: what the others rest on first. */
const checks: Readonly<Record<string, Check>> = {
  kubernetes,
  versions,
  clock,
  namespaces,
  secret,
  endpoint,
  directory,
  'cron-job': cronJob,
  allowances,
  'token-lifetime': tokenLifetime,
  schedule,
  'updater-rights': updaterRights,
  'member-role': memberRole,
  minters,
  'certificate-approvers': certificateApprovers,
  'member-namespaces': memberNamespaces,
  'free-names': freeNames,
  policies,
  'trusted-namespaces': trustedNamespaces,
  kyverno,
  exemptions,
  'argocd-projects': argoCdProjects,
  accounts,
  'legacy-tokens': legacyTokens,
  names,
  gateway,
};

export interface CheckResult {
  readonly check: string;
  readonly status: Status;
  readonly findings: readonly Finding[];
}

export interface PreflightReport {
  readonly server: string;
  /** As whom the cluster was looked at. */
  readonly user: string;
  readonly results: readonly CheckResult[];
  readonly counts: Readonly<Record<Status, number>>;
}

/** @throws Failure where the cluster can't be asked at all, or a setting of this process can't be used */
export async function runPreflight(input: PreflightInput): Promise<PreflightReport> {
  const context = await openContext(input);
  const results = await allInOrder(
    Object.entries(checks).map(async ([name, check]) => resultOf(name, await perform(check, context))),
  );
  if (context.options.leavers) results.push(resultOf('leavers', await perform(leavers, context)));
  // After the others, which would see its account.
  if (context.options.probe) results.push(resultOf('probe', await perform(probe, context)));
  const counts = { ok: 0, warning: 0, failed: 0, unknown: 0 };
  for (const { status } of results) counts[status]++;
  return { server: input.client.access.server.origin, user: context.identity.user, results, counts };
}

function resultOf(check: string, findings: readonly Finding[]): CheckResult {
  return { check, status: gravest(findings), findings };
}

/** A check's result as data for programs. */
export function resultData({ check, status, findings }: CheckResult) {
  return { check, status, findings: findings.map(findingData) };
}

async function perform(check: Check, context: PreflightContext): Promise<readonly Finding[]> {
  try {
    return await check(context);
  } catch (error) {
    context.signal.throwIfAborted();
    const failure = toFailure(error);
    // Our own bug must not pass for a lack of permission.
    if (failure.kind === 'internal')
      return [failed(messages.withHint({ said: failure.said, advised: failure.advised ?? '' }))];
    return [unknown(failure.status === 403 ? messages.noPermission({ why: failure.said }) : failure.said)];
  }
}
