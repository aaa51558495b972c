/** Which refusals of an API server are no verdict yet, for how long, and how often it is asked. */
import { expect, it } from 'vitest';
import { Readiness } from './readiness.ts';

function useReadiness(status: number) {
  let ms = 0;
  let asked = 0;
  const readiness = new Readiness({ monotonic: () => ms });
  const server = { status };
  const isSettling = (): Promise<boolean> =>
    readiness.isSettling(() => {
      asked++;
      return Promise.resolve(server.status);
    });
  return {
    readiness,
    server,
    isSettling,
    asked: () => asked,
    pass: (seconds: number) => {
      ms += seconds * 1_000;
    },
    /** A refusal each second, until one is a verdict, for ten minutes at most. @returns how many seconds that took */
    settle: async () => {
      const from = ms;
      while (ms - from < 600_000 && (await isSettling())) ms += 1_000;
      return (ms - from) / 1_000;
    },
  };
}

it('waits a minute in all for an API server that is never ready, and then takes each refusal for a verdict', async () => {
  const { isSettling, settle, pass } = useReadiness(500);
  expect(await settle()).toBe(60);
  for (let refusals = 0; refusals < 100; refusals++) {
    expect(await isSettling()).toBe(false);
    pass(7);
  }
});

it('asks one that is never ready once in 5 s', async () => {
  const { isSettling, settle, asked, pass } = useReadiness(500);
  await settle();
  pass(5);
  const before = asked();
  for (let refusals = 0; refusals < 10; refusals++) {
    expect(await isSettling()).toBe(false);
    pass(0.4);
  }
  expect(asked() - before).toBe(1);
});

it('waits for it again where it became ready in between', async () => {
  const { isSettling, settle, pass, server } = useReadiness(500);
  await settle();
  pass(5);
  server.status = 200;
  expect(await isSettling()).toBe(false);
  pass(5);
  server.status = 500;
  expect(await settle()).toBe(60);
});

it('waits for it again where it was away in between, or nobody has asked for ten minutes', async () => {
  const { readiness, settle, pass } = useReadiness(500);
  await settle();
  pass(30);
  readiness.wasAway();
  // 20 s for that, and then a minute.
  expect(await settle()).toBe(80);
  pass(601);
  expect(await settle()).toBe(60);
});

it('asks one that shows its readiness to nobody once in 30 s, not at each refusal', async () => {
  const { isSettling, settle, asked, pass } = useReadiness(403);
  expect(await settle()).toBe(5);
  const before = asked();
  for (let refusals = 0; refusals < 60; refusals++) {
    pass(1);
    expect(await isSettling()).toBe(false);
  }
  expect(asked() - before).toBe(2);
});
