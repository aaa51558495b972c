/**
 * Each further directory by the whole command, on a real cluster: every fault at every step of its own, and the wrong answers
 * of its kind. A read that fails changes nothing, one that a fault only delayed is followed, and nobody else is removed.
 */
import { isDeepStrictEqual } from 'node:util';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { accountsOf, createAccount } from '../accounts.ts';
import { expectExit } from '../command.ts';
import type { Lab } from '../lab.ts';
import { type DirectoryUnderFire, type Kind, logins, openDirectory } from './directories.ts';
import { faultNames } from './faults.ts';
import { printFigure } from './figures.ts';
import { scale } from './scale.ts';

const memberIdAnnotation = 'credentials-updater/member-id';
const annotatedSchema = z.object({ metadata: z.object({ annotations: z.record(z.string(), z.string()) }) });

/** An account that is missing, and one of somebody who is not on the list: a run has something to create and to remove. */
async function changeAccounts({ cluster }: Lab): Promise<void> {
  const path = `/api/v1/namespaces/${cluster.usersNamespace}/serviceaccounts`;
  const { body } = await cluster.request('GET', `${path}/kim`);
  const id = annotatedSchema.parse(body).metadata.annotations[memberIdAnnotation];
  await cluster.request('DELETE', `${path}/kim`);
  await createAccount(cluster, {
    name: 'leaver',
    labels: { 'app.kubernetes.io/managed-by': 'credentials-updater' },
    annotations: { [memberIdAnnotation]: `${id}0` },
  });
}

const namesOf = async ({ cluster }: Lab) => [...(await accountsOf(cluster)).keys()].toSorted();
const wanted = logins.toSorted();

/** The tests of one directory: a file of its own for each, since most of their time is waiting. */
export function testDirectory(kind: Kind): void {
  test(`P1, P3, P8: every fault at every step of the directory ${kind}`, { timeout: scale.timeoutMs }, async () => {
    const directory = await openDirectory[kind]();
    expectExit(await directory.sync(['--first-run']), 0);
    const failed: string[] = [];
    for (const step of directory.steps)
      for (const fault of faultNames) {
        const exitCode = await runUnderFault(directory, step, fault);
        if (exitCode !== 0) failed.push(`${fault} at ${step}`);
      }
    printFigure(
      `fault matrix, ${kind}`,
      `${directory.steps.length * faultNames.length} runs with a fault (${directory.steps.length} steps, ${faultNames.length} faults); ` +
        `${failed.length} failed, and changed nothing: ${failed.join(', ')}`,
    );
    // What no later attempt can make better: an answer that means something else.
    expect(failed).toEqual(directory.steps.flatMap((step) => hopeless[kind].map((fault) => `${fault} at ${step}`)));
  });

  test(`P3: no wrong answer of the directory ${kind} changes anything`, { timeout: scale.timeoutMs }, async () => {
    const directory = await openDirectory[kind]();
    expectExit(await directory.sync(['--first-run']), 0);
    await changeAccounts(directory.lab);
    const before = await accountsOf(directory.lab.cluster);
    for (const name of directory.wrongAnswers) {
      const rule = directory.answerWrongly(name);
      // One that could be better the next time is asked for again until the run gives up.
      const result = await directory.sync([], { RUN_DEADLINE: '12s' });
      directory.clearFaults();
      expect(rule.hits, `how often the answer was "${name}"`).toBeGreaterThan(0);
      expect([name, result.exitCode]).toEqual([name, 1]);
      expect([name, await accountsOf(directory.lab.cluster)]).toEqual([name, before]);
    }
    expectExit(await directory.sync(), 0);
    expect(await namesOf(directory.lab)).toEqual(wanted);
    printFigure(`wrong answers, ${kind}`, `${directory.wrongAnswers.length} wrong answers changed nothing`);
  });
}

/** An answer that may be what the server means is not asked for again; in LDAP that is "unwilling to perform". */
const hopeless = { http: ['wrong type'], github: ['wrong type'], ldap: ['503'] } as const;

async function runUnderFault(
  directory: DirectoryUnderFire,
  step: string,
  fault: (typeof faultNames)[number],
): Promise<number | null> {
  const { lab } = directory;
  await changeAccounts(lab);
  const before = await accountsOf(lab.cluster);
  const rule = directory.addFault(step, fault);
  const result = await directory.sync();
  expect(rule.hits, `how often "${fault}" happened at "${step}"`).toBe(1);
  directory.clearFaults();
  expectExit(result, 0, 1);
  // A read that failed has changed nothing, and the next one is followed.
  const isUnchanged = isDeepStrictEqual(await accountsOf(lab.cluster), before);
  expect({ isUnchanged }).toEqual({ isUnchanged: result.exitCode !== 0 });
  if (isUnchanged) expectExit(await directory.sync(), 0);
  expect(await namesOf(lab)).toEqual(wanted);
  return result.exitCode;
}
