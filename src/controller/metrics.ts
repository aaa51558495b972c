/** What Prometheus is told of the controller: counts and times, by MemberSync; never a member's name. */
import type { Watched } from '../kube/watch.ts';
import type { MemberSyncObject } from './object.ts';

interface Metric {
  readonly name: string;
  readonly type: 'gauge' | 'counter';
  readonly help: string;
  readonly values: readonly { readonly labels: Readonly<Record<string, string>>; readonly value: number }[];
}

const prefix = 'credentials_updater';
const conditionTypes = ['Ready', 'DirectoryTrusted', 'Delivered', 'RenewalMarginSufficient', 'Suspended'];

/** Written by the controller, read when somebody asks. */
export class ControllerMetrics {
  isLeader = false;
  failed = 0;
  queue: { readonly depth: number } | undefined;
  objects: ReadonlyMap<string, MemberSyncObject> = new Map();
  readonly watched: Watched<MemberSyncObject>[] = [];
  /** Requests to the API server. */
  requests: () => number = () => 0;
  #passes = 0;
  #passSeconds = 0;

  passed(seconds: number): void {
    this.#passes++;
    this.#passSeconds += seconds;
  }

  /** Whether the MemberSyncs are known. */
  get isReady(): boolean {
    return this.watched.length > 0 && this.watched.every(({ isCurrent }) => isCurrent);
  }

  exposition(): string {
    const one = (value: number) => [{ labels: {}, value }];
    return render([
      gauge('controller_leader', 'Whether this replica leads (1).', one(this.isLeader ? 1 : 0)),
      counter('controller_passes_total', 'Passes over a MemberSync.', one(this.#passes)),
      counter('controller_pass_seconds_total', 'Time that passes took.', one(this.#passSeconds)),
      counter('controller_failed_passes_total', 'Passes that failed, or were refused.', one(this.failed)),
      gauge('controller_queue_depth', 'MemberSyncs that are due or worked on.', one(this.queue?.depth ?? 0)),
      counter('controller_requests_total', 'Requests to the API server.', one(this.requests())),
      gauge('controller_resident_bytes', 'Memory of this process.', one(process.memoryUsage.rss())),
      ...(this.isLeader ? this.#ofObjects() : []),
    ]);
  }

  /** By the leader alone: the others would say it twice. */
  #ofObjects(): Metric[] {
    const objects = [...this.objects.values()];
    const each = (value: (object: MemberSyncObject) => number | undefined) =>
      objects.flatMap((object) => {
        const found = value(object);
        return found === undefined || Number.isNaN(found) ? [] : [{ labels: labelsOf(object), value: found }];
      });
    const seconds = (text: string | undefined) => (text === undefined ? undefined : Date.parse(text) / 1_000);
    const conditions = conditionTypes.flatMap((type) =>
      objects.flatMap((object) => {
        const condition = object.status?.conditions?.find((found) => found.type === type);
        const value = { True: 1, False: 0, Unknown: -1 }[condition?.status ?? 'Unknown'];
        return condition === undefined ? [] : [{ labels: { ...labelsOf(object), type }, value }];
      }),
    );
    return [
      gauge('membersync_condition', 'A condition of a MemberSync: 1 True, 0 False, -1 Unknown.', conditions),
      gauge(
        'membersync_members',
        'Members of the directory, when it was last trusted.',
        each(({ status }) => status?.members),
      ),
      gauge(
        'membersync_accounts',
        'Accounts of a MemberSync.',
        each(({ status }) => status?.accounts),
      ),
      gauge(
        'membersync_last_sync_timestamp_seconds',
        'When the directory was last followed.',
        each(({ status }) => seconds(status?.lastSyncTime)),
      ),
      gauge(
        'membersync_earliest_expiration_timestamp_seconds',
        'When the first of the delivered tokens expires.',
        each(({ status }) => seconds(status?.earliestExpiration)),
      ),
      gauge(
        'membersync_refused_removals',
        'Removals that the guard refuses now.',
        each(({ status }) => status?.refused?.removals ?? 0),
      ),
    ];
  }
}

function labelsOf({ metadata: { namespace, name } }: MemberSyncObject) {
  // `namespace` alone would be overwritten by that of the scraped pod.
  return { membersync_namespace: namespace, membersync: name };
}

function gauge(name: string, help: string, values: Metric['values']): Metric {
  return { name: `${prefix}_${name}`, type: 'gauge', help, values };
}

function counter(name: string, help: string, values: Metric['values']): Metric {
  return { name: `${prefix}_${name}`, type: 'counter', help, values };
}

function render(metrics: readonly Metric[]): string {
  return metrics
    .flatMap(({ name, type, help, values }) => [
      `# HELP ${name} ${help}`,
      `# TYPE ${name} ${type}`,
      ...values.map(({ labels, value }) => {
        const pairs = Object.entries(labels).map(
          ([label, text]) => `${label}="${text.replace(/[\\"]/g, '\\$&').replaceAll('\n', '\\n')}"`,
        );
        return `${name}${pairs.length === 0 ? '' : `{${pairs.join(',')}}`} ${value}`;
      }),
    ])
    .map((line) => `${line}\n`)
    .join('');
}
