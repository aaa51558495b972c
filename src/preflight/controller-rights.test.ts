import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { z } from 'zod';
import { leaderLeaseName } from '../run/leader-lease.ts';
import { controllerOwnRoles } from './required-rights.ts';

const roleSchema = z.object({ kind: z.literal('Role'), rules: z.array(z.looseObject({})) });

test('the Role in deploy/controller is what the controller needs for itself', () => {
  const text = readFileSync(new URL('../../deploy/controller/rbac.yaml', import.meta.url), 'utf8');
  const [role] = parseAllDocuments(text).flatMap((document) => roleSchema.safeParse(document.toJS()).data ?? []);
  const [needed] = controllerOwnRoles('poolc-system', ['poolc-system']);
  const plain = needed?.rules.map(({ apiGroups, resources, resourceNames, verbs }) => ({
    apiGroups,
    resources,
    ...(resourceNames.length === 0 ? {} : { resourceNames }),
    verbs,
  }));
  expect(role?.rules).toEqual(plain);
  expect(JSON.stringify(plain)).toContain(leaderLeaseName);
});
