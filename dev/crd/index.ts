/** The custom resource MemberSync, made from the settings table: deploy/controller/crd. */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { apiVersion } from '../../src/config/member-sync.ts';
import { printerColumns } from './columns.ts';
import { nameRules } from './rules.ts';
import { specSchema } from './spec.ts';
import { statusSchema } from './status.ts';

const file = join(import.meta.dirname, '../../deploy/controller/crd/membersyncs.yaml');
const [group = '', version = ''] = apiVersion.split('/');

export function renderCustomResource(): string {
  const definition = {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `membersyncs.${group}` },
    spec: {
      group,
      names: {
        kind: 'MemberSync',
        listKind: 'MemberSyncList',
        plural: 'membersyncs',
        singular: 'membersync',
        shortNames: ['msync'],
      },
      scope: 'Namespaced',
      versions: [
        {
          name: version,
          served: true,
          storage: true,
          subresources: { status: {} },
          additionalPrinterColumns: printerColumns,
          schema: {
            openAPIV3Schema: {
              type: 'object',
              description:
                'One sync: who is a member, where credentials go, and what holds in between. docs/controller.md has an example.',
              required: ['spec'],
              properties: {
                apiVersion: { type: 'string', description: 'the format of this document' },
                kind: { type: 'string', description: 'what this document is' },
                metadata: { type: 'object' },
                spec: specSchema(),
                status: statusSchema,
              },
              'x-kubernetes-validations': nameRules,
            },
          },
        },
      ],
    },
  };
  const head = '# Made from the settings table in src/config by `npm run crd`.\n';
  return head + stringify(definition, { aliasDuplicateObjects: false, lineWidth: 0 });
}

export async function writeCustomResource(): Promise<void> {
  await writeFile(file, renderCustomResource());
}

export function readCustomResource(): Promise<string> {
  return readFile(file, 'utf8');
}
