/**
 * Every member's kubectl, as it were: uses the last acknowledged token of every active member, all the time, and keeps
 * what was rejected. Asks the API server itself, not through a proxy.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { Agent, request } from 'undici';
import { onTestFinished } from 'vitest';
import { z } from 'zod';
import type { Club } from '../club.ts';

export interface Rejection {
  readonly uuid: string;
  /** `401`, or the wrong user that the token was taken for. */
  readonly answer: string;
}

export interface Prober {
  /** How often a token was used and the API server gave a verdict. */
  readonly probes: number;
  /** How often there was no verdict: the API server was away. */
  readonly unanswered: number;
  readonly rejections: readonly Rejection[];
  /** The member leaves the directory: from now on nothing is expected of their token. @returns what was delivered to them */
  leave(uuid: string): string | undefined;
  /** The member is back: their token counts again once another one is delivered. */
  comeBack(uuid: string): void;
  /** Ends the probing after one more round over everybody. */
  stop(): Promise<void>;
}

export interface ProberOptions {
  /** About how many probes; bounded, since the API server has other work to do. */
  readonly perSecond?: number;
  /** The API server is stopped and started: a verdict counts only while it accepts the updater's own token. */
  readonly outages?: boolean;
}

/** Call it in a test. */
export function startProber(club: Club, { perSecond = 50, outages = false }: ProberOptions = {}): Prober {
  const pauseMs = 1_000 / perSecond;
  const ask = outages ? verdictsThroughOutages(club) : tokenVerdicts(club);
  const expectedUser = new RegExp(`^system:serviceaccount:${club.cluster.usersNamespace}:`);
  /** Who is away, with the token they had when they left: it stays stored until the next delivery. */
  const deadTokens = new Map<string, string | undefined>();
  const left = new Set<string>();
  const rejections: Rejection[] = [];
  let probes = 0;
  let unanswered = 0;
  let stopping = false;

  const usable = (): [uuid: string, token: string][] => {
    const stored = club.api.storedTokens();
    return club.api.members().flatMap(({ uuid, active }) => {
      const token = stored.get(uuid);
      if (!active || left.has(uuid) || token === undefined || token === deadTokens.get(uuid)) return [];
      return [[uuid, token]];
    });
  };
  const probe = async (uuid: string, token: string): Promise<void> => {
    const verdict = await ask(token);
    if (verdict === undefined) unanswered += 1;
    else if (!left.has(uuid) && deadTokens.get(uuid) !== token) {
      probes += 1;
      if (!expectedUser.test(verdict)) rejections.push({ uuid, answer: verdict });
    }
  };
  const probeForever = async (): Promise<void> => {
    for (let lastRound = false; !lastRound; ) {
      lastRound = stopping;
      for (const [uuid, token] of usable()) {
        await probe(uuid, token);
        await sleep(pauseMs);
      }
      await sleep(pauseMs);
    }
  };
  const running = probeForever();
  const stop = async (): Promise<void> => {
    stopping = true;
    await running;
  };
  onTestFinished(stop);
  return {
    get probes() {
      return probes;
    },
    get unanswered() {
      return unanswered;
    },
    rejections,
    leave(uuid) {
      left.add(uuid);
      const token = club.api.storedTokens().get(uuid);
      deadTokens.set(uuid, token);
      return token;
    },
    comeBack: (uuid) => void left.delete(uuid),
    stop,
  };
}

/** An API server that is starting rejects every token for a moment, and nobody's updater can do anything about it. */
function verdictsThroughOutages(club: Club): (token: string) => Promise<string | undefined> {
  const ask = tokenVerdicts(club);
  return async (token) => {
    const verdict = await ask(token);
    if (verdict !== '401') return verdict;
    const ours = await ask(club.account.token);
    return ours === undefined || ours === '401' ? undefined : ask(token);
  };
}

const reviewSchema = z.object({ status: z.object({ userInfo: z.object({ username: z.string() }) }) });

/** Asks who the bearer of a token is: the user's name, `401`, or undefined when there was no verdict. */
export function tokenVerdicts({ cluster }: Pick<Club, 'cluster'>): (token: string) => Promise<string | undefined> {
  const dispatcher = new Agent({ connect: { ca: cluster.certificateAuthority }, connections: 4 });
  onTestFinished(() => dispatcher.destroy());
  return async (token) => {
    try {
      const { statusCode, body } = await request(`${cluster.server}/apis/authentication.k8s.io/v1/selfsubjectreviews`, {
        method: 'POST',
        dispatcher,
        headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
        body: '{"apiVersion":"authentication.k8s.io/v1","kind":"SelfSubjectReview"}',
      });
      const text = await body.text();
      if (statusCode === 401) return '401';
      return statusCode === 201 ? reviewSchema.parse(JSON.parse(text)).status.userInfo.username : undefined;
    } catch {
      return undefined;
    }
  };
}
