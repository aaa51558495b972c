/**
 * The attempts against the real API server, with the tokens of real members and of ServiceAccounts that they made,
 * under a variant of the policies: brought to a cluster in use, enforcing, auditing. Each variant is a test file with a
 * control plane of its own, so that they run at the same time: most of it is waiting for policies to come into force.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ControlPlane, startControlPlane } from '../../dev/control-plane/index.ts';
import { type Kyverno, startKyverno } from '../../dev/kyverno/index.ts';
import { chosenVersions } from '../../dev/versions.ts';
import type { Attempt, Outcome } from './attempt.ts';
import { attempts } from './attempts/index.ts';
import { describeFreeNames } from './free-names.ts';
import { inForce, setUpCanary } from './in-force.ts';
import { describeOutage } from './outage.ts';
import { type People, settlePeople, setUpClub } from './people.ts';
import { runPolicies } from './program.ts';
import { describeRollout } from './rollout.ts';
import type { Answer } from './session.ts';
import { describeStore } from './store.ts';
import { apply, auditOnly, type Variant } from './variants.ts';

/** PKS has the oldest Kyverno, with this setting. */
const exempts = chosenVersions() === 'oldest';

/** Go builds Kyverno where it has never been built. */
const BUILD_TIMEOUT_MS = 1_200_000;

/** @param tags of the attempts while it enforces */
export function testVariant(variant: Variant, tags: readonly string[] = []): void {
  let controlPlane: ControlPlane;
  let running: Kyverno | undefined;

  beforeAll(async () => {
    controlPlane = await startControlPlane({ controllerManager: true, onProgress: console.error });
    await setUpClub(controlPlane);
    await setUpCanary(controlPlane);
    const configuration = exempts ? { excludeClusterRoles: 'cluster-admin' } : {};
    if (variant.needsKyverno) running = await startKyverno(controlPlane, { configuration, onProgress: console.error });
  }, BUILD_TIMEOUT_MS);
  afterAll(() => controlPlane.stop());

  const kyvernoOf = (): Kyverno => {
    if (running === undefined) throw new Error(`The policies of ${variant.name} run without Kyverno`);
    return running;
  };

  it('are tried by at least 60 attempts', () => {
    expect(Object.values(attempts).flatMap((some) => some.filter(isFor(variant))).length).toBeGreaterThanOrEqual(60);
  });

  describeRollout(variant, () => controlPlane);

  let people: People;

  describe('enforcing', { tags: [...tags] }, () => {
    beforeAll(async () => {
      await apply(controlPlane, variant.enforcing);
      await inForce(controlPlane, variant, 'enforcing');
      people = await settlePeople(controlPlane, async () => {
        // What an operator creates passes Kyverno by, so that the namespace is filled by hand.
        if (exempts) await runPolicies(controlPlane, 'provide');
        else await variant.provide(controlPlane);
      });
    });

    tryEach(variant, expectedOutcome, async ({ as, call }) => people[as](call, { dryRun: true }));
  });

  describeStore(variant, { controlPlaneOf: () => controlPlane, kyvernoOf, peopleOf: () => people });

  if (variant.needsKyverno) {
    describeOutage(variant, { controlPlaneOf: () => controlPlane, kyvernoOf, peopleOf: () => people });
  }

  describe('auditing', () => {
    beforeAll(async () => {
      await auditOnly(controlPlane, variant);
      await inForce(controlPlane, variant, 'auditing');
    });

    tryEach(variant, auditedOutcome, async ({ as, call }) => people[as](call, { dryRun: true }));
  });

  describeFreeNames(variant, { controlPlaneOf: () => controlPlane, peopleOf: () => people });
}

type AuditedOutcome = Outcome | { readonly warnedBecause: RegExp };

function tryEach(
  variant: Variant,
  outcomeOf: (attempt: Attempt, variant: Variant) => AuditedOutcome,
  perform: (attempt: Attempt) => Promise<Answer>,
): void {
  for (const [subject, some] of Object.entries(attempts)) {
    describe(`in ${subject}`, () => {
      for (const attempt of some.filter(isFor(variant))) {
        const outcome = outcomeOf(attempt, variant);
        it(`${attempt.as} ${attempt.does}: ${inWords(outcome)}`, async () => {
          const seen = inShort(await perform(attempt));
          const expected = patternOf(outcome);
          expect(seen.reason).toMatch(expected.reason);
          expect(seen.result).toBe(expected.result);
          expect(seen.warnings).toMatch(expected.warnings);
        });
      }
    });
  }
}

function isFor({ name }: Variant): (attempt: Attempt) => boolean {
  return ({ only }) => only === undefined || only.includes(name);
}

function expectedOutcome({ expect: everywhere, except = {}, onOldest }: Attempt, { name }: Variant): Outcome {
  if (exempts && onOldest !== undefined) return onOldest;
  return except[name] ?? everywhere;
}

/** What a policy refuses once it enforces, it only warns of while it audits. */
function auditedOutcome(attempt: Attempt, variant: Variant): AuditedOutcome {
  const outcome = expectedOutcome(attempt, variant);
  return outcome !== 'allowed' && outcome.by === 'policy' ? { warnedBecause: outcome.because } : outcome;
}

function inWords(outcome: AuditedOutcome): string {
  if (outcome === 'allowed') return 'allowed';
  return 'warnedBecause' in outcome ? 'warned' : `refused by ${outcome.by}`;
}

/** `reason`: of a refusal; empty otherwise. */
interface Result {
  readonly result: 'allowed' | 'refused' | `status ${number}`;
  readonly reason: string;
  readonly warnings: string;
}

function inShort({ status, message, warnings }: Answer): Result {
  // Kyverno may break lines where it likes.
  const reason = message.replaceAll(/\s+/g, ' ');
  return { result: resultOf(status), reason, warnings: warnings.map(decodeWarning).join('\n') };
}

/** Kyverno refuses with 400, the API server with 403. */
function resultOf(status: number): Result['result'] {
  if ([200, 201].includes(status)) return 'allowed';
  return [400, 403].includes(status) ? 'refused' : `status ${status}`;
}

function patternOf(outcome: AuditedOutcome): { result: string; reason: RegExp; warnings: RegExp } {
  const [nothing, anything] = [/^$/, /^/];
  if (outcome === 'allowed') return { result: 'allowed', reason: nothing, warnings: anything };
  if ('warnedBecause' in outcome) return { result: 'allowed', reason: nothing, warnings: outcome.warnedBecause };
  return { result: 'refused', reason: outcome.because, warnings: anything };
}

/** A header's bytes arrive as Latin-1. */
function decodeWarning(header: string): string {
  return Buffer.from(header, 'latin1').toString('utf8');
}
