/** Command lines that a finding offers: made by the caller, who knows which cluster was looked at. */
import type { CommandLine, CommandTemplate } from '../lib/shell-command.ts';

/** Command lines for people, for the same cluster that was looked at. */
export interface Commands {
  /** A template's words: kubectl`-n ${namespace} delete secret/${name}`, each quoted where it needs to be. */
  readonly kubectl: CommandTemplate;
  readonly credentialsUpdater: CommandLine;
  /** `kubectl apply -k` of what deploys the updater; of a MemberSync in a file, the rights that it needs. */
  readonly applyUpdater: string;
  /** `kubectl apply -k` of the members' RBAC. */
  readonly applyMemberRole: string;
  /** `kubectl apply -k` of the policies: those given, else Kyverno's or Kubernetes' own. */
  readonly applyPolicies: (variant: 'builtin' | 'kyverno' | 'kyverno-cel') => string;
}
