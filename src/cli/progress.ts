/** A progress bar for a terminal: one line that is drawn over itself, at most ten times a second. */
import type { Progress } from '../sync/context.ts';

const barWidth = 30;
const redrawMs = 100;

export const noProgress: Progress = { start: () => undefined, advance: () => undefined, end: () => undefined };

export function terminalProgress(stream: NodeJS.WriteStream): Progress {
  let state: { label: string; total: number; done: number; drawnAt: number } | undefined;
  const draw = () => {
    if (state === undefined) return;
    const part = state.total === 0 ? 1 : state.done / state.total;
    const filled = Math.round(part * barWidth);
    const bar = '█'.repeat(filled) + '░'.repeat(barWidth - filled);
    stream.write(`\r\u001b[K  ${state.label} ${bar} ${state.done}/${state.total}`);
    state.drawnAt = performance.now();
  };
  return {
    start: (label, total) => {
      state = { label, total, done: 0, drawnAt: 0 };
      draw();
    },
    advance: () => {
      if (state === undefined) return;
      state.done++;
      if (performance.now() - state.drawnAt >= redrawMs) draw();
    },
    end: () => {
      if (state === undefined) return;
      state = undefined;
      stream.write('\r\u001b[K');
    },
  };
}
