/** P2: anyone leavers are out within 30 s of the removal of their account. */
import { setTimeout as sleep } from 'node:timers/promises';
import { accountsOf } from '../accounts.ts';
import type { Club } from '../club.ts';
import { tokenVerdicts } from './prober.ts';

const promisedMs = 30_000;

export interface Departures {
  /** Someone left the directory, whose delivered token is this. */
  add(uuid: string, token: string | undefined): void;
  /** Looks whose accounts are gone, and from then on until when their tokens still work. */
  look(): Promise<void>;
  /** Leavers who still have an account. */
  readonly pending: ReadonlySet<string>;
  /** Waits for the verdicts. @returns how long each removed member's token still worked, in milliseconds; undefined for longer than promised */
  settle(): Promise<(number | undefined)[]>;
}

/** Call it in a test. */
export function watchDepartures(club: Club): Departures {
  const ask = tokenVerdicts(club);
  const tokens = new Map<string, string | undefined>();
  const verdicts: Promise<number | undefined>[] = [];
  const pending = new Set<string>();

  const untilRejected = async (token: string): Promise<number | undefined> => {
    const removedAt = performance.now();
    for (;;) {
      const verdict = await ask(token);
      const elapsed = performance.now() - removedAt;
      if (verdict === '401') return elapsed;
      if (elapsed > promisedMs) return undefined;
      await sleep(500);
    }
  };
  return {
    add(uuid, token) {
      tokens.set(uuid, token);
      pending.add(uuid);
    },
    async look() {
      if (pending.size === 0) return;
      const there = new Set([...(await accountsOf(club.cluster)).values()].map(({ uuid }) => uuid));
      for (const uuid of [...pending].filter((candidate) => !there.has(candidate))) {
        pending.delete(uuid);
        const token = tokens.get(uuid);
        if (token !== undefined) verdicts.push(untilRejected(token));
      }
    },
    pending,
    settle: () => Promise.all(verdicts),
  };
}
