/** What the shared code uses and Node 20 does not have yet. Members have the Node that they have; see docs/adr. */
if (!('withResolvers' in Promise)) Object.assign(Promise, { withResolvers });

function withResolvers<T>(this: PromiseConstructor): PromiseWithResolvers<T> {
  let settle: Omit<PromiseWithResolvers<T>, 'promise'> | undefined;
  const promise = new this<T>((resolve, reject) => {
    settle = { resolve, reject };
  });
  if (settle === undefined) throw new TypeError('a Promise runs its executor at once');
  return { promise, ...settle };
}
