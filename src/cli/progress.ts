/** A progress bar for a terminal: one line that is drawn over itself, at most ten times a second. */

export interface Progress {
  readonly show: (done: number, total: number) => void;
  readonly end: () => void;
}

const barWidth = 30;
const redrawMs = 100;

export const noProgress: Progress = { show: () => undefined, end: () => undefined };

export function terminalProgress(stream: NodeJS.WriteStream, label: string): Progress {
  let drawnAt: number | undefined;
  return {
    show: (done, total) => {
      const now = performance.now();
      if (drawnAt !== undefined && now - drawnAt < redrawMs) return;
      drawnAt = now;
      const filled = Math.round((total === 0 ? 1 : done / total) * barWidth);
      const bar = '█'.repeat(filled) + '░'.repeat(barWidth - filled);
      stream.write(`\r\u001b[K  ${label} ${bar} ${done}/${total}`);
    },
    end: () => {
      if (drawnAt === undefined) return;
      drawnAt = undefined;
      stream.write('\r\u001b[K');
    },
  };
}
