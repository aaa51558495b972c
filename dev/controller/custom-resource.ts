/** The custom resource on a control plane, and where its MemberSyncs are. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parse } from 'yaml';
import { z } from 'zod';
import type { ClusterAccess } from '../control-plane/index.ts';

const definitions = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';
const group = '/apis/credentials-updater.poolc.org/v1alpha1';

const definitionSchema = z.object({
  status: z.object({ conditions: z.array(z.object({ type: z.string(), status: z.string() })).nullish() }),
});

/** Where a namespace's MemberSyncs are. */
export const memberSyncs = (namespace: string, name = '') =>
  `${group}/namespaces/${namespace}/membersyncs${name === '' ? '' : `/${name}`}`;

/** Several test files share a control plane: one of them is first. */
export async function installCustomResource({ request }: ClusterAccess): Promise<void> {
  const file = join(import.meta.dirname, '../../deploy/controller/crd/membersyncs.yaml');
  const definition: unknown = parse(await readFile(file, 'utf8'));
  const made = await request('POST', definitions, definition);
  if (made.status !== 201 && made.status !== 409)
    throw new Error(`The API server refuses the CRD: ${JSON.stringify(made.body)}`);
  for (let tries = 0; tries < 200; tries++) {
    const { body } = await request('GET', `${definitions}/membersyncs.credentials-updater.poolc.org`);
    const { conditions } = definitionSchema.parse(body).status;
    const established = conditions?.some(({ type, status }) => type === 'Established' && status === 'True');
    if (established && (await request('GET', `${group}/membersyncs`)).status === 200) return;
    await sleep(50);
  }
  throw new Error('The CRD was not established');
}
