/** What one would otherwise do: a loop over `kubectl create token`. */
import type { Bench } from '../bench.ts';
import type { Club } from '../club.ts';
import type { AlternativeResults } from '../results.ts';

const tokens = 20;

export async function measureAlternatives(bench: Bench, club: Club): Promise<AlternativeResults> {
  const { kubectl } = bench.controlPlane;
  const names = (await club.accountNames()).slice(0, tokens);
  const create = async (name: string): Promise<void> => {
    const args = ['create', 'token', name, '--namespace', club.usersNamespace, '--duration=168h'];
    const { exitCode, stderr } = await kubectl(args, { kubeconfig: club.env.KUBECONFIG });
    if (exitCode !== 0) throw new Error(`kubectl create token: ${stderr}`);
  };
  for (const name of names.slice(0, 2)) await create(name);
  const startedAt = performance.now();
  for (const name of names) await create(name);
  const rate = names.length / ((performance.now() - startedAt) / 1_000);
  bench.say(`kubectl create token, one after the other: ${rate.toFixed(1)} a second`);
  return { kubectl: rate, kubectlTokens: names.length };
}
