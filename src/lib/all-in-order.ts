/**
 * As Promise.all, but waits for every one and throws the failure that comes first in the list: what is said then doesn't
 * depend on which answer came first.
 */
export async function allInOrder<const Promises extends readonly unknown[]>(
  promises: Promises,
): Promise<{ -readonly [Index in keyof Promises]: Awaited<Promises[Index]> }> {
  await Promise.allSettled(promises);
  return Promise.all(promises);
}
