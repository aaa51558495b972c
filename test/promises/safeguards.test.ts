/** Each safeguard by its scenario; and without the safeguard, that the scenario notices. */
import { expect, test } from 'vitest';
import { printFigure } from './figures.ts';
import { bundleMutant, type Mutation } from './mutant.ts';
import * as scenarios from './scenarios.ts';

interface Safeguard {
  readonly title: string;
  readonly scenario: (program: { readonly program?: string }) => Promise<void>;
  readonly mutation: Mutation;
  /** How the scenario fails without it. */
  readonly fails: RegExp;
}

const safeguards: readonly Safeguard[] = [
  {
    title: "P1: an account that took a leaver's name meanwhile is not deleted",
    scenario: scenarios.namesakeOfALeaverStays,
    mutation: {
      without: 'the UID precondition',
      file: 'src/registry/accounts.ts',
      text: 'preconditions: { uid: account.uid }',
      replacement: 'preconditions: {}',
    },
    fails: /expected undefined to deeply equal/,
  },
  {
    title: 'P3: a directory without half of its members changes nothing',
    scenario: scenarios.halfADirectoryChangesNothing,
    mutation: {
      without: 'the guard',
      file: 'src/sync/make-plan.ts',
      text: 'const verdict = guard(plan, limits, situation, ofDay);',
      replacement: 'const verdict = { refusals: [], notes: [] };',
    },
    fails: /deeply equal/,
  },
  {
    title: 'what is not ours is never removed',
    scenario: scenarios.accountsOfOthersStay,
    mutation: {
      without: 'the owner check',
      file: 'src/core/model.ts',
      text: 'return account.labelled && account.memberId !== undefined;',
      replacement: 'return account.memberId !== undefined;',
    },
    fails: /expected undefined to deeply equal/,
  },
  {
    title: 'P5: secrets that a server quotes are not printed',
    scenario: scenarios.quotedSecretsAreNotPrinted,
    mutation: {
      without: 'the redaction',
      file: 'src/lib/redact.ts',
      text: '    let result = text;',
      replacement: '    if (text.length >= 0) return text;\n    let result = text;',
    },
    fails: /The command printed secrets/,
  },
  {
    title: 'P1, P4: a second run waits for the first one',
    scenario: scenarios.secondRunWaits,
    mutation: {
      without: 'the lock',
      file: 'src/run/run-lock.ts',
      text: '!state.holder || stoodStillMs >= state.durationSeconds * 1_000',
      replacement: 'stoodStillMs >= 0',
    },
    fails: /deeply equal \[ 'read the lock' \]/,
  },
  {
    title: 'P1, P4: a run that was frozen past its lock changes nothing',
    scenario: scenarios.frozenRunChangesNothing,
    mutation: {
      without: 'the fence',
      file: 'src/run/run-lock.ts',
      text: '    if (remainingMs() > 0) return;\n',
      replacement: '    if (remainingMs() >= 0) return;\n',
    },
    fails: /to deeply equal \[\]/,
  },
  {
    title: "P1: a run whose lock is another's, and that has not noticed, removes and creates nobody",
    scenario: scenarios.staleRunChangesNothing,
    mutation: {
      without: 'the renewal before the first change',
      file: 'src/sync/follow-plan.ts',
      text: 'withRetry(() => lock.renew(), {',
      replacement: 'withRetry(async () => undefined, {',
    },
    fails: /deeply equal/,
  },
  {
    title: "P4: a delivery is not repeated when the lock is another run's by then",
    scenario: scenarios.deliveryIsNotRepeatedWithoutTheLock,
    mutation: {
      without: 'the renewal before each attempt to deliver',
      file: 'src/deliveries/poolc.ts',
      text: '      await right.renew();\n',
      replacement: '',
    },
    fails: /to deeply equal \[\]/,
  },
  {
    title: 'P4: a map that lacks a member is not sent',
    scenario: scenarios.mapWithoutAMemberIsNotSent,
    mutation: {
      without: 'the tolerance',
      file: 'src/sync/deliver.ts',
      text: "  if (delivery.replaces === 'all') requireTolerable(outcomes, options);\n",
      replacement: '',
    },
    fails: /deeply equal/,
  },
  {
    title: "P1, P4: a token that is another member's is not delivered",
    scenario: scenarios.wrongTokenIsNotDelivered,
    mutation: {
      without: 'the check of the subject and the UID',
      file: 'src/issuers/verify.ts',
      text: '  const claims = readClaims(token);\n',
      replacement: '  const claims = readClaims(token);\n  if (claims.subject !== "") return claims;\n',
    },
    fails: /deeply equal/,
  },
];

test.each(safeguards)('$title', { timeout: 240_000 }, async ({ scenario }) => {
  await expect(scenario({})).resolves.toBeUndefined();
});

test.each(safeguards)(
  'without $mutation.without, the test "$title" fails',
  { timeout: 240_000 },
  async ({ title, scenario, mutation, fails }) => {
    const program = await bundleMutant(mutation);
    await expect(scenario({ program })).rejects.toThrow(fails);
    printFigure(`without ${mutation.without}`, `without ${mutation.without}, "${title}" fails`);
  },
);
