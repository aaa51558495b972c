/** What a cluster does while Kyverno is down: members' namespaces fail closed, and how far beyond depends on the kind. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ControlPlane } from '../../dev/control-plane/index.ts';
import type { Kyverno } from '../../dev/kyverno/index.ts';
import { create, read } from './attempt.ts';
import { inForce } from './in-force.ts';
import { deployment, type KubernetesObject, namespace, podSpec, privileged } from './objects.ts';
import type { People } from './people.ts';
import type { Variant } from './variants.ts';

interface Lab {
  readonly controlPlaneOf: () => ControlPlane;
  readonly kyvernoOf: () => Kyverno;
  readonly peopleOf: () => People;
}

const unreachable = /failed calling webhook/;

export function describeOutage(variant: Variant, { controlPlaneOf, kyvernoOf, peopleOf }: Lab): void {
  describe('while Kyverno is down', () => {
    beforeAll(() => kyvernoOf().admissionController.stop({ abruptly: true }));
    afterAll(async () => {
      await kyvernoOf().admissionController.start();
      await inForce(controlPlaneOf(), variant, 'enforcing');
    });

    const result = async (who: 'alice' | 'an operator', object: KubernetesObject, where?: string): Promise<string> => {
      const { status, message } = await peopleOf()[who](create(object, where), { dryRun: true });
      return `${status} ${message}`;
    };

    it("nothing new comes into members' namespaces", async () => {
      expect(await result('alice', deployment(podSpec({}, privileged)), 'alice--lab')).toMatch(unreachable);
      expect(await result('alice', deployment(), 'alice--lab')).toMatch(unreachable);
    });

    it('nobody makes a namespace', async () => {
      expect(await result('alice', namespace('alice--more'))).toMatch(unreachable);
    });

    it('what is there is there', async () => {
      const { status } = await peopleOf().alice(read('/apis/apps/v1/namespaces/alice--lab/deployments'));
      expect(status).toBe(200);
    });

    it("the cluster's system namespace goes on", async () => {
      expect(await result('an operator', deployment(), 'kube-system')).toMatch(/^201/);
    });

    it(`the cluster's other namespaces ${variant.heldUpByOutage ? 'are held up, too' : 'go on'}`, async () => {
      const expected = variant.heldUpByOutage ? unreachable : /^201/;
      expect(await result('an operator', deployment(), 'poolc-web')).toMatch(expected);
    });
  });
}
