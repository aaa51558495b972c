/** Kyverno's own test files, run by its CLI as its users do: no cluster, a second for all of them. */
import { execFile } from 'node:child_process';
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseAllDocuments, stringify } from 'yaml';
import { z } from 'zod';
import { kubernetes, provideBinaries } from '../../dev/control-plane/index.ts';
import { kyvernoModule, policiesDirectory } from '../../dev/kyverno/index.ts';

const run = promisify(execFile);
const BUILD_TIMEOUT_MS = 1_200_000;

describe("Kyverno's own tests", () => {
  let directory: string;
  let kyvernoCli: string;

  beforeAll(async () => {
    const onProgress = console.error;
    const kubectl = (await provideBinaries(kubernetes, ['kubectl'], { onProgress })).path('kubectl');
    kyvernoCli = (await provideBinaries(kyvernoModule(), ['kubectl-kyverno'], { onProgress })).path('kubectl-kyverno');
    directory = await mkdtemp(join(tmpdir(), 'pks-kyverno-cli-'));
    await cp(fileURLToPath(new URL('kyverno-cli', import.meta.url)), directory, { recursive: true });
    for (const variant of ['kyverno', 'kyverno-cel']) {
      const policies = await buildPolicies(kubectl, variant);
      await writeFile(join(directory, variant, 'policies.yaml'), policies);
    }
  }, BUILD_TIMEOUT_MS);

  afterAll(() => rm(directory, { recursive: true, force: true }));

  it.each([
    { variant: 'kyverno', results: 27 },
    { variant: 'kyverno-cel', results: 23 },
  ])('pass for $variant', async ({ variant, results }) => {
    const { stdout } = await run(kyvernoCli, ['test', join(directory, variant), '--remove-color']);
    expect(stdout).toContain(`${results} tests passed and 0 tests failed`);
  });

  it('notice a rule that no longer refuses', async () => {
    const weakened = join(directory, 'weakened');
    await cp(join(directory, 'kyverno-cel'), weakened, { recursive: true });
    const file = join(weakened, 'policies.yaml');
    const strict = await readFile(file, 'utf8');
    await writeFile(file, strict.replace('!container.?securityContext.?privileged.orValue(false)', 'true'));
    await expect(run(kyvernoCli, ['test', weakened, '--remove-color'])).rejects.toMatchObject({
      stdout: expect.stringContaining('22 tests passed and 1 tests failed'),
    });
  });
});

/** What an operator applies, without what is for the API server: the CLI knows Kyverno's kinds alone. */
async function buildPolicies(kubectl: string, variant: string): Promise<string> {
  const { stdout } = await run(kubectl, ['kustomize', join(policiesDirectory, variant)]);
  const kyvernos = z.object({ apiVersion: z.string().regex(/^(policies\.)?kyverno\.io\//) });
  const manifests = parseAllDocuments(stdout).map((document): unknown => document.toJS());
  return manifests
    .filter((manifest) => kyvernos.safeParse(manifest).success)
    .map((manifest) => stringify(manifest, { lineWidth: 0 }))
    .join('---\n');
}
