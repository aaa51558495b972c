import { expect, test } from 'vitest';
import { type Cell, cellsOf, type MatrixReport, renderMatrix, runCells } from './fault-matrix.ts';
import { faultNames } from './faults.ts';
import { printFigure } from './figures.ts';
import { scale } from './scale.ts';

test.each(scale.faultsLast)(
  'P1 to P5, P8: every fault at every step of a run, %s',
  { timeout: scale.timeoutMs },
  async (lasting) => {
    const [running, starting] = [cellsOf('weekly', 'refused'), cellsOf('first')];
    const shares = [...inShares(running, scale.faultClubs - 1), starting];

    const reports: MatrixReport[] = await Promise.all(shares.map((share) => runCells(share, lasting)));

    const done = reports.flatMap((report) => report.results);
    const results = [...running, ...starting].flatMap(({ run, step, fault }) =>
      done.filter((result) => result.run === run && result.step === step && result.fault === fault),
    );
    const total = (count: (report: MatrixReport) => number) => reports.reduce((sum, report) => sum + count(report), 0);
    printFigure(`fault matrix, ${lasting}`, `\n${renderMatrix(results)}`);
    printFigure(
      `faults, ${lasting}`,
      `${results.length} runs with a fault (${results.length / faultNames.length} steps, ${faultNames.length} faults), ` +
        `${results.filter(({ exitCode }) => exitCode === 0).length} of them done all the same; ` +
        `${total(({ probes }) => probes)} probes, 0 rejections; ` +
        `${total(({ departures }) => departures)} departed, each rejected within 30 s`,
    );
    expect(results).toHaveLength(running.length + starting.length);
    if (lasting === 'to the end') return;
    // A directory that can't be read as one is not asked for again: that answer may be what the server means.
    const failed = results.filter(({ run, exitCode }) => run !== 'refused' && exitCode !== 0);
    expect(failed.map(({ step, fault }) => `${fault} at ${step}`)).toEqual(['wrong type at fetch the members']);
  },
);

/** Dealt out like cards, so that each share has some of everything. */
function inShares(cells: readonly Cell[], count: number): Cell[][] {
  return Array.from({ length: count }, (_, share) => cells.filter((_cell, index) => index % count === share));
}
