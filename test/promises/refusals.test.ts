/** What the API server refuses for good ends a run; what it refuses right after it was away may pass. */
import { describe, expect, test } from 'vitest';
import { expectExit, logLines } from '../command.ts';
import { lockHolder } from './lease.ts';
import { openScene } from './outages.ts';

describe('a refusal', () => {
  const forbidden = { kind: 'Status', status: 'Failure', reason: 'Forbidden', message: 'not yours', code: 403 };
  const fault = { kind: 'status', status: 403, body: JSON.stringify(forbidden) } as const;

  test('ends the run at once, and the lock is given back', async () => {
    const { wire, club } = await openScene();
    const rule = wire.addFault('fetch the keys', { kind: 'status', status: 403, body: JSON.stringify(forbidden) });
    const minting = wire.addFault('mint a token', fault);
    expectExit(await wire.run(), 1);
    expect(rule.hits).toBe(1);
    // One for each member at most: those were under way already.
    expect(minting.hits).toBeLessThanOrEqual(6);
    expect(await lockHolder(club)).toBeFalsy();
  });

  test('that goes on for long after the API server was away is final, and says what is missing', async () => {
    const { wire, club } = await openScene();
    wire.addFault('list the accounts', { kind: 'reset' }, 1);
    const rule = wire.addFault('list the accounts', fault);
    const result = await wire.run();
    expectExit(result, 1);
    expect(rule.hits).toBeGreaterThan(2);
    expect(logLines(result).at(-1)?.['message']).toMatch(/^listing ServiceAccounts in \S+: not yours$/);
    expect(await lockHolder(club)).toBeFalsy();
  });
});
