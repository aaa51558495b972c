/** Argo CD's own definitions of its objects, from its Go module: they check deploy/argocd without an Argo CD. */
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { z } from 'zod';

const MODULE = 'github.com/argoproj/argo-cd/v3@v3.5.2';
const SUM = 'h1:vYtfW2pEBSL+smt8XdpVZHUg31uERINYH6eXzdiLCY4=';
const downloadSchema = z.object({ Dir: z.string(), Sum: z.string() });

/** The CustomResourceDefinition files. @throws where Go is missing, or the module isn't the pinned one. */
export async function argoCdDefinitions(): Promise<string[]> {
  const { stdout } = await promisify(execFile)('go', ['mod', 'download', '-json', MODULE]);
  const { Dir: directory, Sum: sum } = downloadSchema.parse(JSON.parse(stdout));
  if (sum !== SUM) throw new Error(`${MODULE} has the checksum ${sum}, not ${SUM}`);
  return ['application-crd.yaml', 'applicationset-crd.yaml', 'appproject-crd.yaml'].map((file) =>
    join(directory, 'manifests/crds', file),
  );
}
