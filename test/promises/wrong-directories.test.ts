/**
 * P3: a wrong directory changes nothing. Generated answers, fuzzed from valid ones: an oracle of its own says what each of
 * them means (directory-oracle.ts), and what the program makes of it must be the same.
 */
import { isDeepStrictEqual } from 'node:util';
import pMap from 'p-map';
import { expect, test } from 'vitest';
import { defaultGuardLimits, guard } from '../../src/core/guard.ts';
import type { Account } from '../../src/core/model.ts';
import { buildPlan } from '../../src/core/plan.ts';
import { askMembers } from '../../src/directories/poolc.ts';
import { systemClock } from '../../src/lib/clock.ts';
import { Failure } from '../../src/lib/failure.ts';
import { Secret } from '../../src/lib/secret.ts';
import { PoolcSpelling } from '../../src/poolc/spelling.ts';
import { useClub } from '../club.ts';
import { type FuzzedAnswer, fuzzedAnswer, newUuid } from './directory-fuzz.ts';
import { type Judgement, judge } from './directory-oracle.ts';
import { type DirectoryServer, startDirectoryServer } from './directory-server.ts';
import { printFigure } from './figures.ts';
import { objectsOf, ownAccounts, ownedUuids } from './objects.ts';
import { type Chance, chanceOf, seed } from './random.ts';
import { scale } from './scale.ts';

const clubSize = 40;

test(`P3: ${scale.directories.inProcess} generated directories are read, planned and guarded as they are meant`, {
  timeout: scale.timeoutMs,
}, async () => {
  const server = await startDirectoryServer();
  const chance = chanceOf(1_000);
  const owned = Array.from({ length: clubSize }, () => newUuid(chance));
  const verdicts: Judgement['verdict'][] = [];

  await pMap(
    Array.from({ length: scale.directories.inProcess }).keys(),
    async (number) => {
      const answer = fuzzedAnswer(chance, nearly(owned, chance));
      server.answer(number, answer);
      const judgement = judge(answer, new Set(owned));
      verdicts.push(judgement.verdict);
      const decision = await decisionOn(server.endpoint(number), owned);
      expect({ answer: described(answer), decision }).toEqual({
        answer: described(answer),
        decision: expectedOf(judgement, owned),
      });
      server.forget(number);
    },
    { concurrency: 8 },
  );

  printFigure('directories', `${tally(verdicts)} (seed ${seed}); each decided as an oracle of its own says`);
  for (const verdict of ['malformed', 'implausible', 'valid'] as const)
    expect(verdicts.filter((each) => each === verdict).length).toBeGreaterThan(verdicts.length / 20);
});

/** What the program would do: nothing, or exactly these removals, these creations, and a map with these keys. */
type Decision =
  | 'malformed'
  | 'implausible'
  | { readonly remove: readonly string[]; readonly create: readonly string[]; readonly keys: readonly string[] };

/** By the program's own client, parser, plan and guard. */
async function decisionOn(endpoint: string, owned: readonly string[]): Promise<Decision> {
  try {
    const api = {
      endpoint: new URL(endpoint),
      key: new Secret('the-key-of-the-test'),
      userAgent: 'test',
      proxyEnv: {},
      clock: systemClock,
    };
    const spelling = new PoolcSpelling();
    const members = await askMembers(api, new AbortController().signal, spelling);
    const plan = buildPlan({ members, accounts: owned.map(accountOf), namesGiven: new Map(), holds: new Set() });
    const situation = { inPod: true, loopbackDirectory: false, firstRunConfirmed: false };
    if (guard(plan, defaultGuardLimits, situation).refusals.length > 0) return 'implausible';
    return {
      remove: plan.remove.map(({ account }) => account.memberId).sort(),
      create: plan.create.map(({ member }) => member.id).sort(),
      keys: [...plan.keep, ...plan.create].map(({ member }) => spelling.of(member.id)).sort(),
    };
  } catch (error) {
    // Anything else is a bug: it would be reported as one.
    if (error instanceof Failure && error.kind === 'directory') return 'malformed';
    throw error;
  }
}

function expectedOf(judgement: Judgement, owned: readonly string[]): Decision {
  if (judgement.verdict !== 'valid') return judgement.verdict;
  const { members } = judgement;
  return {
    remove: owned.filter((uuid) => !members.has(uuid)).sort(),
    create: [...members.keys()].filter((uuid) => !owned.includes(uuid)).sort(),
    keys: [...members.values()].sort(),
  };
}

function accountOf(uuid: string, index: number): Account {
  return { name: `m${index}`, uid: String(index), labelled: true, memberId: uuid, createdAt: 0, terminating: false };
}

/** A directory as any week has it: up to two have left, up to three have joined. */
function nearly(owned: readonly string[], chance: Chance): string[] {
  const joined = Array.from({ length: chance.between(0, 3) }, () => newUuid(chance));
  return [...owned.slice(chance.between(0, 2)), ...joined];
}

const described = ({ how, status, body }: FuzzedAnswer) =>
  `after ${how.join(' and ')} (seed ${seed}; status ${status}; ${body.length} bytes: ${body.toString('latin1').slice(0, 500)})`;

function tally(verdicts: readonly Judgement['verdict'][]): string {
  const count = (verdict: Judgement['verdict']) => verdicts.filter((each) => each === verdict).length;
  return `${verdicts.length} generated directories: ${count('malformed')} malformed, ${count('implausible')} implausible, ${count('valid')} valid`;
}

const clubs = 4;

test(`P3: of ${scale.directories.onTheCluster} generated directories, the wrong ones change nothing on the cluster and send nothing`, {
  timeout: scale.timeoutMs,
}, async () => {
  const server = await startDirectoryServer();
  const each = Math.ceil(scale.directories.onTheCluster / clubs);
  const verdicts = await Promise.all(
    Array.from({ length: clubs }, (_, club) =>
      runWithGenerated(server, { count: each, chance: chanceOf(2_000 + club) }),
    ),
  );
  printFigure(
    'directories on the cluster',
    `${tally(verdicts.flat())} (seed ${seed}); the wrong ones changed no object and sent nothing, the valid ones were applied exactly`,
  );
  expect(new Set(verdicts.flat())).toEqual(new Set(['malformed', 'implausible', 'valid']));
});

async function runWithGenerated(
  server: DirectoryServer,
  { count, chance }: { count: number; chance: Chance },
): Promise<Judgement['verdict'][]> {
  const club = await useClub();
  await ownAccounts(
    club,
    Array.from({ length: clubSize }, () => newUuid(chance)),
  );
  const verdicts: Judgement['verdict'][] = [];
  for (let number = 0; number < count; number++) {
    const owned = await ownedUuids(club);
    const answer = fuzzedAnswer(chance, nearly(owned, chance));
    const key = newUuid(chance);
    server.answer(key, answer);
    const before = await objectsOf(club);

    // What may pass is asked for again and again: the deadline ends that.
    const env = { POOLC_API_ENDPOINT: server.endpoint(key), RUN_DEADLINE: '10s' };
    const result = await club.run(['sync'], { env });

    const judgement = judge(answer, new Set(owned));
    verdicts.push(judgement.verdict);
    const deliveries = server.deliveries(key);
    for (const map of deliveries) for (const token of map.values()) club.secrets.add(token);
    expect({
      answer: described(answer),
      exitCode: result.exitCode,
      changed: !isDeepStrictEqual(await objectsOf(club), before),
      owned: await ownedUuids(club),
      delivered: deliveries.map((map) => [...map.keys()].sort()),
    }).toEqual({ answer: described(answer), ...outcomeOf(judgement, owned) });
  }
  return verdicts;
}

function outcomeOf(judgement: Judgement, owned: readonly string[]) {
  if (judgement.verdict !== 'valid')
    return { exitCode: judgement.verdict === 'malformed' ? 1 : 4, changed: false, owned, delivered: [] };
  const { members } = judgement;
  return { exitCode: 0, changed: true, owned: [...members.keys()].sort(), delivered: [[...members.values()].sort()] };
}
