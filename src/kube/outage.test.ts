/** How soon it is said that the API server is away, and how often. */
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { jsonLog } from '../lib/log.ts';
import { Redactor } from '../lib/redact.ts';
import { Outage } from './outage.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

function useOutage() {
  const said: string[] = [];
  const write = (line: string) => void said.push(line);
  const outage = new Outage(jsonLog({ level: 'info', redactor: new Redactor(), write }));
  return { outage, said };
}

it('says so once, within three seconds, with what happened last, and that it is over', () => {
  const { outage, said } = useOutage();
  outage.began('refused');
  vi.advanceTimersByTime(1_000);
  outage.began('reset');
  vi.advanceTimersByTime(1_900);
  expect(said).toEqual([expect.stringContaining('reset; trying again')]);
  outage.began('refused');
  vi.advanceTimersByTime(60_000);
  expect(said).toHaveLength(1);
  outage.ended();
  expect(said.at(1)).toContain('the API server answers again');
  outage.began('refused');
  vi.advanceTimersByTime(3_000);
  expect(said).toHaveLength(3);
});

it('says nothing of what is over in a moment, or when nobody waits any more', () => {
  const { outage, said } = useOutage();
  outage.began('refused');
  vi.advanceTimersByTime(1_000);
  outage.ended();
  outage.began('refused');
  outage.close();
  vi.advanceTimersByTime(60_000);
  expect(said).toEqual([]);
});
