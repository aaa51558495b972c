/** docs/policies.md multiplies what a member can store: from the manifests, so that it stays true. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';
import { policiesDirectory } from '../../dev/kyverno/index.ts';

const MEMBERS = 300;
const MIB = 1024 ** 2;
const GIB = 1024 ** 3;
const quotaSchema = z.object({ spec: z.object({ hard: z.record(z.string(), z.string()) }) });
const settingsSchema = z.object({
  data: z.object({
    objectBytes: z.coerce.number(),
    dataBytes: z.coerce.number(),
    namespacesPerMember: z.coerce.number(),
  }),
});

it.each(['policies.md', 'policies.ko.md'])('%s says what the quota and the sizes come to', async (page) => {
  const manifest = async (path: string): Promise<unknown> =>
    parse(await readFile(join(policiesDirectory, path), 'utf8'));
  const { hard } = quotaSchema.parse(await manifest('namespace-contents/store.yaml')).spec;
  const { objectBytes, dataBytes, namespacesPerMember } = settingsSchema.parse(
    await manifest('settings/settings.yaml'),
  ).data;
  const data = Number(hard['count/configmaps']) + Number(hard['count/secrets']);
  const objects = Object.values(hard).reduce((sum, count) => sum + Number(count), 0);
  const inNamespace = data * dataBytes + (objects - data) * objectBytes;
  const ofMember = namespacesPerMember * inNamespace;
  const text = await readFile(join(import.meta.dirname, '../../docs', page), 'utf8');
  const rows = text.split('\n').filter((line) => line.startsWith('|') && / [KMG]iB \|$/.test(line));
  const mib = (bytes: number, digits: number) => `${(bytes / MIB).toFixed(digits)} MiB`;
  expect(
    rows.map((row) =>
      row
        .split('|')
        .map((cell) => cell.trim())
        .slice(2, -1),
    ),
  ).toEqual([
    [`${data}`, `${dataBytes / 1024} KiB`, mib(data * dataBytes, 2)],
    [`${objects - data}`, `${objectBytes / 1024} KiB`, mib((objects - data) * objectBytes, 2)],
    [`${objects}`, '', mib(inNamespace, 1)],
    [`${namespacesPerMember * objects}`, '', mib(ofMember, 1)],
    [
      (MEMBERS * namespacesPerMember * objects).toLocaleString('en'),
      '',
      `${((MEMBERS * ofMember) / GIB).toFixed(1)} GiB`,
    ],
  ]);
  // How many at their bound an etcd of 2 and of 8 GiB holds, and what 300 need with two namespaces each.
  expect(text).toContain(`${Math.floor((2 * GIB) / ofMember)}`);
  expect(text).toContain(`${Math.floor((8 * GIB) / ofMember)}`);
  expect(text).toContain(`${((MEMBERS * 2 * inNamespace) / GIB).toFixed(1)} GiB`);
});
