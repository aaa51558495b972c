/** What the API server's answer says about an attempt. Pure. */
import { isRbacRefusal } from '../rbac.ts';
import type { Attempt } from './attempt.ts';

export type Outcome =
  /** As it should be. */
  | 'expected'
  /** Allowed, and should not be. */
  | 'open'
  /** Refused, and should not be. */
  | 'closed'
  /** Neither was shown. */
  | 'untried';

export interface Answer {
  readonly status: number;
  /** The message of the API server's Status; empty where it did as it was told. */
  readonly said: string;
  /** Of what came back. */
  readonly labels: Readonly<Record<string, string>>;
}

/** @param as who tried it: a fresh member; somebody's real account, by impersonation; or we ourselves */
export function outcomeOf(attempt: Attempt, answer: Answer, as: 'member' | 'impersonated' | 'operator'): Outcome {
  const { should, by } = attempt;
  const { status, said } = answer;
  // The account was deleted by someone else.
  if (status === 401) return 'untried';
  if (as === 'impersonated' && status === 403 && isImpersonationRefusal(said)) return 'untried';
  if (should === 'be allowed') return status < 300 ? 'expected' : 'closed';
  if (by === 'quota') {
    if (status < 300) return 'open';
    return status === 403 && said.includes('exceeded quota: ') ? 'expected' : 'untried';
  }
  if (by === 'policies') {
    if (status < 300) return isHarmless(attempt, answer) ? 'expected' : 'open';
    // A right that the owner lacks, or we do, shows nothing about the policies.
    if (as !== 'member' && status === 403 && isRbacRefusal(said)) return 'untried';
    if (status === 403) return isOtherRefusal(said) ? 'untried' : 'expected';
    // Kyverno refuses so, where it answers.
    return status === 400 && said.includes('admission webhook') ? 'expected' : 'untried';
  }
  // Authorization comes first: whatever else is said to a harmless request, it was not refused for lack of a right.
  return status === 403 ? 'expected' : 'open';
}

/** Of us, who may not act as another. */
function isImpersonationRefusal(said: string): boolean {
  return said.includes(' cannot impersonate resource ');
}

function isHarmless({ harmlessWith }: Attempt, { labels }: Answer): boolean {
  return harmlessWith !== undefined && harmlessWith.values.includes(labels[harmlessWith.label] ?? '');
}

/** Kubernetes' own admission stands before the policies, and after them: what it refuses shows nothing about them. */
function isOtherRefusal(said: string): boolean {
  return /exceeded quota: |error looking up service account |unable to create new content in namespace /.test(said);
}
