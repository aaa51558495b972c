/** Cilium's own definition of a cluster-wide policy, from its Go module: it checks deploy/policies/egress without a Cilium. */
import { join } from 'node:path';
import { goModuleDirectory, type ModulePin } from '../go-module.ts';

/** The version that PKS runs. */
const ciliumPin: ModulePin = { version: 'v1.17.4', sum: 'h1:fO1VBbBLU69wbhN2csULVLPs7gR3qr0IrnYmI2SwU40=' };

/** The CustomResourceDefinition file. @throws where it can't be had */
export async function ciliumPolicyDefinition(): Promise<string> {
  const directory = await goModuleDirectory('github.com/cilium/cilium', ciliumPin);
  return join(directory, 'pkg/k8s/apis/cilium.io/client/crds/v2/ciliumclusterwidenetworkpolicies.yaml');
}
