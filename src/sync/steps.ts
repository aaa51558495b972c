/** The steps of a run: each has a name, a deadline and a measured duration, and a run that ends early says in which. */
import type { Clock } from '../lib/clock.ts';
import { formatDuration } from '../lib/duration.ts';
import { Failure } from '../lib/failure.ts';

export type StepName =
  | 'lock'
  | 'fetch'
  | 'observe'
  | 'plan'
  | 'remove'
  | 'create'
  | 'workspace'
  | 'mint'
  | 'verify'
  | 'deliver';

const deadlineSeconds: Record<StepName, number> = {
  lock: 3_700,
  fetch: 60,
  observe: 120,
  plan: 60,
  remove: 120,
  create: 300,
  workspace: 300,
  mint: 600,
  verify: 60,
  deliver: 300,
};

export class Steps {
  readonly #clock: Clock;
  readonly #signal: AbortSignal;
  readonly #durations = new Map<StepName, number>();
  #current: StepName | undefined;

  /** @param before the steps that were run under another signal, whose durations are taken over */
  constructor(clock: Clock, signal: AbortSignal, before?: Steps) {
    this.#clock = clock;
    this.#signal = signal;
    this.#current = before?.current;
    if (before !== undefined) for (const [name, ms] of before.#durations) this.#durations.set(name, ms);
  }

  /** The step under way, or the last one begun. */
  get current(): StepName | undefined {
    return this.#current;
  }

  /** Seconds by step, for the summary. */
  get seconds(): Readonly<Record<string, number>> {
    return Object.fromEntries([...this.#durations].map(([name, ms]) => [name, Math.round(ms) / 1_000]));
  }

  /**
   * Runs a step under a signal that ends it at its deadline, or when the run is to end.
   * @throws what the step throws; Failure (deadline); the reason for which the run was ended
   */
  async run<T>(name: StepName, work: (signal: AbortSignal) => Promise<T> | T): Promise<T> {
    this.#signal.throwIfAborted();
    this.#current = name;
    const startedAt = this.#clock.monotonic();
    const deadline = new AbortController();
    const seconds = deadlineSeconds[name];
    const timer = setTimeout(
      () =>
        deadline.abort(
          new Failure('deadline', `the step "${name}" took longer than ${formatDuration(seconds)}`, {
            hint: 'the log above says what it was waiting for',
          }),
        ),
      seconds * 1_000,
    );
    try {
      return await work(AbortSignal.any([this.#signal, deadline.signal]));
    } catch (error) {
      // What the step still has under way ends with it.
      deadline.abort(error);
      throw error;
    } finally {
      clearTimeout(timer);
      this.#durations.set(name, (this.#durations.get(name) ?? 0) + this.#clock.monotonic() - startedAt);
    }
  }
}
