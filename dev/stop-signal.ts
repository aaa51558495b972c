/**
 * Settles when somebody asks this process to end: Ctrl-C, kill, or a closed terminal. Until it is called, and from the
 * second signal on, a signal ends the process at once, and the supervisors of its programs clean up behind it.
 */
export async function stopSignal(): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
  const stop = (): void => {
    for (const signal of signals) process.off(signal, stop);
    resolve();
  };
  for (const signal of signals) process.on(signal, stop);
  // Signal handlers alone don't keep a process up.
  const awake = setInterval(() => {}, 60_000);
  await promise;
  clearInterval(awake);
}
