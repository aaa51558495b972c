import { expect, test } from 'vitest';
import { useClub } from '../club.ts';
import { type Cell, type FaultName, faults, type MatrixReport, renderMatrix, runCells } from './fault-matrix.ts';
import { printFigure } from './figures.ts';
import { wireSteps } from './steps.ts';

const clubs = 4;
const faultNames = Object.keys(faults).filter((name): name is FaultName => name in faults);

test('P1 to P5, P8: every fault once at every step of a run', { timeout: 1_200_000 }, async () => {
  // The two that not every run comes to: a first run looks for the namespace, a failed one writes an Event.
  const steps = wireSteps.filter((step) => step !== 'look for the namespace' && step !== 'write an Event');
  const cells: Cell[] = steps.flatMap((step) => faultNames.map((fault) => ({ step, fault })));
  const perClub = Map.groupBy(cells.entries(), ([index]) => index % clubs);
  const club = await Promise.all(Array.from({ length: clubs }, () => useClub()));

  const reports: MatrixReport[] = await Promise.all(
    club.map((each, number) =>
      runCells(
        each,
        (perClub.get(number) ?? []).map(([, cell]) => cell),
      ),
    ),
  );

  const results = cells.flatMap(({ step, fault }) =>
    reports.flatMap((report) => report.results).filter((result) => result.step === step && result.fault === fault),
  );
  const total = (count: (report: MatrixReport) => number) => reports.reduce((sum, report) => sum + count(report), 0);
  printFigure('fault matrix', `\n${renderMatrix(results)}`);
  printFigure(
    'faults',
    `${results.length} runs with a fault (${steps.length} steps, ${faultNames.length} faults), ${results.filter(({ exitCode }) => exitCode === 0).length} of them done all the same; ` +
      `${total(({ probes }) => probes)} probes, 0 rejections; ${total(({ departures }) => departures)} departed, each rejected within 30 s`,
  );
  expect(results).toHaveLength(cells.length);
  // A directory that can't be read as one is not asked for again: that answer may be what the server means.
  const failed = results.filter(({ exitCode }) => exitCode !== 0);
  expect(failed.map(({ step, fault }) => `${fault} at ${step}`)).toEqual(['wrong type at fetch the members']);
});
