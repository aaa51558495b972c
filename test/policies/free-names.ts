/** `names: 'any'` in the settings: the free choice of names and hosts that members had before, and what still holds. */
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ControlPlane } from '../../dev/control-plane/index.ts';
import { policiesDirectory } from '../../dev/kyverno/index.ts';
import { type Call, create } from './attempt.ts';
import { inForce } from './in-force.ts';
import { ingress, namespace } from './objects.ts';
import { type People, until } from './people.ts';
import { apply, type Variant } from './variants.ts';

interface Lab {
  readonly controlPlaneOf: () => ControlPlane;
  readonly peopleOf: () => People;
}

/** @param Lab.peopleOf those who have settled */
export function describeFreeNames(variant: Variant, { controlPlaneOf, peopleOf }: Lab): void {
  describe('with free names', () => {
    let directory: string;
    beforeAll(async () => {
      directory = await mkdtemp(join(tmpdir(), 'pks-free-names-'));
      await cp(policiesDirectory, directory, { recursive: true });
      const file = join(directory, 'settings/settings.yaml');
      await writeFile(file, (await readFile(file, 'utf8')).replaceAll("'by-account'", "'any'"));
      await apply(controlPlaneOf(), join(directory, basename(variant.enforcing)));
      await inForce(controlPlaneOf(), variant, 'enforcing');
      await until('names to be free', async () => {
        const { status } = await peopleOf().alice(create(namespace('free-as-air')), { dryRun: true });
        return status === 201;
      });
    });
    afterAll(() => rm(directory, { recursive: true, force: true }));

    const refusal = async (call: Call): Promise<string> => (await peopleOf().bob(call, { dryRun: true })).message;
    const host = (name: string): Call => create(ingress(name, { name: 'new' }), 'bob--lab');
    const taken = variant.needsKyverno
      ? /taken by an Ingress of another namespace|An Ingress of another namespace has/
      : /A host here begins with the namespace’s name \(bob--lab\.example\.org\)/;

    it('a member takes any name that is not reserved', async () => {
      expect(await refusal(create(namespace('somebodys-operator')))).toBe('');
      expect(await refusal(create(namespace('kim-3f2a')))).toBe('');
      expect(await refusal(create(namespace('velero')))).toMatch(/is reserved/);
      expect(await refusal(create(namespace('grafana--lab')))).toMatch(/is reserved/);
    });

    it("nobody takes another's host", async () => {
      await until('hosts to be asked for', async () => taken.test(await refusal(host('alice--lab.internal.poolc'))));
      expect(await refusal(host('www.poolc.example'))).toMatch(taken);
      expect(await refusal(host('bob--lab.any.example'))).toBe('');
    });

    it.runIf(variant.needsKyverno)('a free host belongs to anyone who takes it', async () => {
      expect(await refusal(host('cool.any.example'))).toBe('');
    });
  });
}
