/**
 * Preloaded into a process that is measured: at its exit it writes what the process took to the file that
 * PROCESS_USAGE_FILE names. CommonJS, since it has to be loaded before anything else and cost next to nothing.
 */
'use strict';
const { readFileSync, writeFileSync } = require('node:fs');

process.once('exit', () => {
  const { userCPUTime, systemCPUTime, maxRSS } = process.resourceUsage();
  writeFileSync(
    process.env.PROCESS_USAGE_FILE,
    JSON.stringify({
      cpuSeconds: (userCPUTime + systemCPUTime) / 1e6,
      peakMemoryBytes: peakMemoryBytes() ?? maxRSS * 1024,
      allocatedBytes: require('node:v8').getHeapStatistics().total_allocated_bytes,
    }),
  );
});

/** Linux's own peak of this program; maxRSS there may be that of the process that started it, taken over at its start. */
function peakMemoryBytes() {
  try {
    const kibibytes = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1];
    return kibibytes === undefined ? undefined : Number(kibibytes) * 1024;
  } catch {
    return undefined;
  }
}
