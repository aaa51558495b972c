import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { allInOrder } from './all-in-order.ts';

const failing = async (ms: number, message: string): Promise<never> => {
  await sleep(ms);
  throw new Error(message);
};

test('the failure that comes first in the list is thrown, whichever came first in time', async () => {
  await expect(allInOrder([Promise.resolve(1), failing(20, 'first'), failing(0, 'second')])).rejects.toThrow('first');
});

test('without a failure the values come in order', async () => {
  const [text, number] = await allInOrder([sleep(5).then(() => 'a'), 2]);
  expect([text, number]).toEqual(['a', 2]);
});
