/** Runs in which everyone is new, against a client that does nothing but create ServiceAccounts. */
import type { Bench } from '../bench.ts';
import { type Club, openClub } from '../club.ts';
import { runSync } from '../programs/sync.ts';
import { wrkCreations } from '../programs/wrk.ts';
import { creationRate, type FirstRun } from '../results.ts';

const counts = [8, 16, 32] as const;

/** The number of connections at which wrk creates most; undefined without wrk. */
export async function bestCreatorConnections({ controlPlane, hasWrk, say }: Bench): Promise<number | undefined> {
  if (!hasWrk) return undefined;
  await using club = await openClub(controlPlane, 1);
  let best: { connections: number; rate: number } | undefined;
  for (const connections of counts) {
    const { rate } = await wrkCreations(club, { connections, seconds: 2 });
    say(`wrk with ${connections} connections: ${rate.toFixed(0)} ServiceAccounts created a second`);
    if (best === undefined || rate > best.rate) best = { connections, rate };
  }
  return best?.connections;
}

/** The first run of a club that was opened just now. */
export async function measureFirstRun(
  { controlPlane, say }: Bench,
  club: Club,
  creatorConnections: number | undefined,
): Promise<FirstRun> {
  let creator: number | undefined;
  if (creatorConnections !== undefined) {
    await using other = await openClub(controlPlane, 1);
    const seconds = Math.min(5, Math.max(1, Math.round(club.members / 1_500)));
    creator = (await wrkCreations(other, { connections: creatorConnections, seconds })).rate;
  }
  const sync = await runSync(club);
  const compared = creator === undefined ? '' : `, wrk ${creator.toFixed(0)}`;
  say(
    `first run of ${club.members} members: ${creationRate(sync).toFixed(0)} accounts a second${compared}; it took ${sync.seconds.toFixed(2)} s`,
  );
  return { sync, ...(creator === undefined ? {} : { creator }) };
}
