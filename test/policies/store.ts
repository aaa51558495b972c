/** What one member can keep in the cluster's own database, and how much of the API server is theirs: on the real one. */
import { readdir, readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import type { ControlPlane } from '../../dev/control-plane/index.ts';
import type { Kyverno } from '../../dev/kyverno/index.ts';
import { create, read, remove } from './attempt.ts';
import { ingress, ingressBackend, role } from './objects.ts';
import { operatorSession, type People, until } from './people.ts';
import { perform, type Session } from './session.ts';
import type { Variant } from './variants.ts';

interface Lab {
  readonly controlPlaneOf: () => ControlPlane;
  readonly kyvernoOf: () => Kyverno;
  readonly peopleOf: () => People;
}

const roleSchema = z.object({
  rules: z.array(
    z.object({
      verbs: z.array(z.string()),
      apiGroups: z.array(z.string()).default([]),
      resources: z.array(z.string()).default([]),
    }),
  ),
});
const groupsSchema = z.object({
  groups: z.array(z.object({ name: z.string(), preferredVersion: z.object({ groupVersion: z.string() }) })),
});
const resourcesSchema = z.object({
  resources: z.array(z.object({ name: z.string(), namespaced: z.boolean(), verbs: z.array(z.string()) })),
});
const quotaSchema = z.object({
  spec: z.object({ hard: z.record(z.string(), z.string()) }),
  status: z.object({ used: z.record(z.string(), z.string()).default({}) }).default({ used: {} }),
});

export function describeStore(variant: Variant, { controlPlaneOf, kyvernoOf, peopleOf }: Lab): void {
  describe('of the cluster’s own database and the API server', () => {
    const quota = async (name: string, inNamespace: string) =>
      quotaSchema.parse(
        await perform(
          operatorSession(controlPlaneOf()),
          read(`/api/v1/namespaces/${inNamespace}/resourcequotas/${name}`),
        ),
      );

    it('quotas count every kind that a namespace’s owner may create', async () => {
      const kinds = await kindsOfOwners(operatorSession(controlPlaneOf()));
      expect(kinds.length).toBeGreaterThan(20);
      const counted = async () => {
        const quotas = [await quota('namespace-store', 'alice--lab'), await quota('namespace-quota', 'alice--lab')];
        return new Set(quotas.flatMap(({ status }) => Object.keys(status.used)));
      };
      // Used is what the controller has counted, so that the limit is enforced.
      await until('every kind to be counted', async () => {
        const used = await counted();
        return kinds.every((kind) => used.has(`count/${kind}`));
      });
    });

    it('a member can make as many objects as the quota says, and no more', async () => {
      const { min } = peopleOf();
      const limit = Number((await quota('namespace-store', 'min')).spec.hard['count/roles.rbac.authorization.k8s.io']);
      expect(limit).toBeGreaterThan(0);
      const answers = [];
      for (let number = 0; number <= limit; number += 1) {
        answers.push(await min(create(role(`role-${number}`, []), 'min')));
      }
      expect(answers.slice(0, limit).map(({ status }) => status)).toEqual(Array.from({ length: limit }, () => 201));
      expect(answers[limit]?.message).toMatch(/exceeded quota: namespace-store.*count\/roles/);
    });

    it('members and their robots share a part of the API server that nobody else is in', async () => {
      const { alice, bob, "alice's robot": robot, 'Argo CD': argo, 'an operator': operator } = peopleOf();
      const levelOf = async (session: Session) => (await session(read('/version'))).priorityLevel;
      const [members, bobs, robots, argos, operators] = [
        await levelOf(alice),
        await levelOf(bob),
        await levelOf(robot),
        await levelOf(argo),
        await levelOf(operator),
      ];
      expect(members).not.toBe('');
      expect([bobs, robots]).toEqual([members, members]);
      expect([argos, operators]).not.toContain(members);
    });

    it('no number of large Ingresses elsewhere makes a member’s fail, and Kyverno stays within its manifest’s memory', async () => {
      await using _ = await largeIngresses(operatorSession(controlPlaneOf()));
      const { status, message } = await peopleOf().bob(create(ingress('bob--lab.internal.poolc'), 'bob--lab'), {
        dryRun: true,
      });
      expect(message).toBe('');
      expect(status).toBe(201);
      if (!variant.needsKyverno) return;
      const used = await memoryOf(`--webhookServerPort=${kyvernoOf().admissionController.port}`);
      // Of kyverno-admission-controller.
      expect(used).toBeLessThan(384 * 1024 * 1024);
    });
  });
}

/** Kinds that are refused to members altogether: deploy/policies/kyverno-base/guard.yaml. */
const kyvernos = /\.(kyverno|wgpolicyk8s|openreports)\.io$/;

/** 2.4 MB of hosts: more than Kyverno keeps of what it has asked for. Taken away at the end. */
async function largeIngresses(operator: Session): Promise<AsyncDisposable> {
  const http = { paths: [{ path: '/', pathType: 'Prefix', backend: ingressBackend }] };
  const numbers = Array.from({ length: 40 }, (_, number) => number);
  await Promise.all(
    numbers.map((number) => {
      const rules = Array.from({ length: 300 }, (_, index) => ({
        host: `${number}-${index}.${'long.'.repeat(38)}example`,
        http,
      }));
      return perform(operator, create(ingress(undefined, { name: `large-${number}`, spec: { rules } }), 'poolc-web'));
    }),
  );
  return {
    async [Symbol.asyncDispose]() {
      await Promise.all(numbers.map((number) => operator(remove(`Ingress/large-${number}`, 'poolc-web'))));
    },
  };
}

/** Namespaced, stored, and theirs by their role: `deployments.apps`. Events are refused instead, since no quota counts them. */
async function kindsOfOwners(operator: Session): Promise<string[]> {
  const { rules } = roleSchema.parse(
    await perform(operator, read('/apis/rbac.authorization.k8s.io/v1/clusterroles/poolc-namespace-owner')),
  );
  const { groups } = groupsSchema.parse(await perform(operator, read('/apis')));
  const versions = [
    { group: '', root: '/api/v1' },
    ...groups.map(({ name, preferredVersion }) => ({ group: name, root: `/apis/${preferredVersion.groupVersion}` })),
  ];
  const kinds = await Promise.all(
    versions.map(async ({ group, root }) => {
      const { resources } = resourcesSchema.parse(await perform(operator, read(root)));
      return resources
        .filter(
          ({ name, namespaced, verbs }) =>
            namespaced && !name.includes('/') && name !== 'events' && verbs.includes('list'),
        )
        .filter(({ name }) =>
          rules.some(
            (rule) =>
              ['create', '*'].some((verb) => rule.verbs.includes(verb)) &&
              [group, '*'].some((one) => rule.apiGroups.includes(one)) &&
              [name, '*'].some((one) => rule.resources.includes(one)),
          ),
        )
        .map(({ name }) => (group === '' ? name : `${name}.${group}`));
    }),
  );
  return kinds.flat().filter((kind) => !kyvernos.test(kind));
}

/** Of the process that has this argument: what it has in memory, in bytes. */
async function memoryOf(argument: string): Promise<number> {
  for (const pid of (await readdir('/proc')).filter((name) => /^\d+$/.test(name))) {
    const command = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
    if (!command.split('\0').includes(argument)) continue;
    const [, kilobytes] = /^VmRSS:\s+(\d+) kB$/m.exec(await readFile(`/proc/${pid}/status`, 'utf8')) ?? [];
    return Number(kilobytes) * 1024;
  }
  throw new Error(`No process has the argument ${argument}`);
}
