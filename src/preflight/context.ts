/** What every check is given. */

import type { Gathered } from '../audit/gather.ts';
import type { Identity } from '../audit/rbac.ts';
import type { Settings } from '../config/settings.ts';
import type { Member } from '../core/model.ts';
import type { ProxyVariables } from '../http/exchange.ts';
import type { ClusterClient } from '../kube/client.ts';
import type { Clock } from '../lib/clock.ts';
import type { Log } from '../lib/log.ts';
import type { ApiKey } from './api-key.ts';
import type { Deployed, UnusableVariable } from './deployed.ts';
import type { MaximumLifetime } from './lifetime.ts';

export interface PreflightContext {
  /** Of this process, over those of the CronJob. */
  readonly settings: Settings;
  /** The CronJob on the cluster. @throws Failure where it can't be read */
  readonly deployed: () => Promise<Deployed | undefined>;
  /** What the CronJob would be refused for. */
  readonly unusable: readonly UnusableVariable[];
  readonly gathered: Gathered;
  readonly client: ClusterClient;
  /** As whom we look. */
  readonly identity: Identity;
  /** The API key that the CronJob will use, as far as we can tell; undefined when there is none to be found. */
  readonly apiKey: () => Promise<ApiKey | undefined>;
  /** The directory's members. @throws Failure */
  readonly members: () => Promise<readonly Member[]>;
  /** How long a token may live. @throws Failure */
  readonly maximumLifetime: () => Promise<MaximumLifetime>;
  /** CAs that the CronJob trusts besides the usual ones (PEM). */
  readonly extraAuthorities: () => Promise<readonly string[]>;
  /** Keeps a secret out of everything that is printed. */
  readonly redact: (secret: string) => void;
  readonly commands: Commands;
  readonly options: PreflightOptions;
  readonly clock: Clock;
  readonly random: () => number;
  readonly log: Log;
  readonly signal: AbortSignal;
  readonly proxyEnv: ProxyVariables;
}

export interface PreflightOptions {
  /** Act as a fresh member, too. */
  readonly probe: boolean;
  /** Look for what those who left have left. */
  readonly leavers: boolean;
}

export type CommandTemplate = (texts: TemplateStringsArray, ...values: readonly string[]) => string;

/** Command lines for people, for the same cluster that was looked at. */
export interface Commands {
  /** A template's words: kubectl`-n ${namespace} delete secret/${name}`, each quoted where it needs to be. */
  readonly kubectl: CommandTemplate;
  readonly credentialsUpdater: CommandTemplate;
  /** `kubectl apply -k` of what deploys the updater. */
  readonly applyUpdater: string;
  /** `kubectl apply -k` of the members' RBAC. */
  readonly applyMemberRole: string;
  /** `kubectl apply -k` of the policies: those given, else Kyverno's or Kubernetes' own. */
  readonly applyPolicies: (variant: 'builtin' | 'kyverno' | 'kyverno-cel') => string;
}
