/** What every check is given. */

import type { AuditContext } from '../audit/context.ts';
import type { Identity } from '../audit/rbac.ts';
import type { Settings } from '../config/settings.ts';
import type { Member } from '../core/model.ts';
import type { ProxyVariables } from '../http/proxy.ts';
import type { ApiKey } from './api-key.ts';
import type { Deployed, UnusableVariable } from './deployed.ts';
import type { MaximumLifetime } from './lifetime.ts';

export interface PreflightContext extends AuditContext {
  /** Of this process, over those of the CronJob. */
  readonly settings: Settings;
  /** The CronJob on the cluster. @throws Failure where it can't be read */
  readonly deployed: () => Promise<Deployed | undefined>;
  /** What the CronJob would be refused for. */
  readonly unusable: readonly UnusableVariable[];
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
  readonly proxyEnv: ProxyVariables;
}
