// Preloaded into a controller: its wall clock is wrong by CLOCK_SKEW_MS, as a node's without NTP.
const skew = Number(process.env.CLOCK_SKEW_MS);
const now = Date.now.bind(Date);
Date.now = () => now() + skew;
globalThis.Date = new Proxy(Date, {
  construct: (target, given) => (given.length === 0 ? new target(Date.now()) : new target(...given)),
});
