import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { planInput, shuffled } from '../../test/generated-clubs.ts';
import { Failure } from '../lib/failure.ts';
import { en } from '../lib/message.ts';
import { buildPlan, type Plan } from './plan.ts';
import { type PlanDocument, parsePlanDocument, planChanges, refuseAnotherPlan, toPlanDocument } from './plan-file.ts';

const place = { targetNamespace: 'poolc-users', endpoint: 'https://api.example.org/' };
const documentOf = (plan: Plan): PlanDocument => toPlanDocument(plan, place, 0);

/** What a plan does, without the words: the long way round to the same answer. */
const actionsOf = (plan: Plan): string[] =>
  [
    ...plan.keep.map(({ member, account }) => ['keep', member.id, member.login, account.name, account.uid]),
    ...plan.create.map(({ member, name }) => ['create', member.id, member.login, name]),
    ...plan.remove.map(({ account, held }) => ['remove', account.memberId, account.name, account.uid, held]),
    ...plan.record.map(({ name, memberId: uuid }) => ['record', name, uuid]),
    ...plan.recordOfRemoved.map(({ name, memberId: uuid }) => ['record of removed', name, uuid]),
  ]
    .map((action) => JSON.stringify(action))
    .sort();

describe('a plan file', () => {
  it('is read as it was written, and agrees with the same plan made anew in any order', () => {
    fc.assert(
      fc.property(
        planInput.chain((input) => fc.tuple(fc.constant(input), shuffled(input))),
        ([input, sameInAnotherOrder]) => {
          const written = documentOf(buildPlan(input));
          const read = parsePlanDocument(JSON.stringify(written), 'plan.json', 'write one');
          expect(read).toEqual(written);
          expect(planChanges(read, documentOf(buildPlan(sameInAnotherOrder)))).toEqual([]);
        },
      ),
      { numRuns: 500 },
    );
  });

  it('agrees with a plan exactly when both do the same', () => {
    const pair = planInput.chain((input) =>
      fc.tuple(
        fc.constant(input),
        fc
          .record({
            members: fc.subarray([...input.members]),
            accounts: fc.subarray([...input.accounts]),
            input: planInput,
          })
          .chain(({ members, accounts, input: other }) =>
            fc.constantFrom({ ...input, members }, { ...input, accounts }, { ...input, members, accounts }, other),
          ),
      ),
    );
    fc.assert(
      fc.property(pair, ([before, after]) => {
        const [agreed, now] = [buildPlan(before), buildPlan(after)];
        const same = JSON.stringify(actionsOf(agreed)) === JSON.stringify(actionsOf(now));
        expect(planChanges(documentOf(agreed), documentOf(now)).length === 0).toBe(same);
        expect(refuseAnotherPlan(documentOf(agreed), now, place) === undefined).toBe(same);
      }),
      { numRuns: 1_000 },
    );
  });

  it('is for one namespace and one PoolC API', () => {
    const plan = buildPlan({ members: [], accounts: [], namesGiven: new Map(), holds: new Set() });
    const elsewhere = { targetNamespace: 'poolc-test', endpoint: 'https://test.example.org/' };
    expect(en(refuseAnotherPlan(documentOf(plan), plan, elsewhere)?.reason ?? '')).toBe(
      'things have changed since the plan of 1970-01-01T00:00:00.000Z: the namespace was poolc-users, this run is for poolc-test; the PoolC API was https://api.example.org/, this run is for https://test.example.org/',
    );
  });

  it.each([
    ['no JSON', '{', 'plan.json is not a plan: it is not JSON'],
    ['of another version', '{"format":"other/v2"}', 'its format is not credentials-updater/plan/v1'],
    ['of another kind', '[]', 'its root is wrong'],
    ['damaged', '{"format":"credentials-updater/plan/v1","madeAt":1}', 'madeAt is wrong'],
  ])('that is %s is refused in one line', (_, text, message) => {
    const parse = () => parsePlanDocument(text, 'plan.json', 'write one');
    expect(parse).toThrow(Failure);
    expect(parse).toThrow(message);
  });
});
