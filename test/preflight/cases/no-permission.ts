/** What may not be read is unknown, with the right that is missing; it is never wrong, and never a failure. */
import { expect, it } from 'vitest';
import { type Desk, problems, said } from '../desk.ts';

export function describeNoPermission(deskOf: () => Desk): void {
  it('learns what is unknown to them, and what they would have to be allowed', async () => {
    const { cluster, preflight } = deskOf();
    const env = { KUBECONFIG: await cluster.kubeconfigFor({ user: 'freshman' }) };
    const report = await preflight(['--probe'], { env });
    // Everybody may see what the API server serves, and what time it has: here neither Kyverno's kinds nor Argo CD's.
    const known = ['kubernetes', 'versions', 'clock', 'kyverno', 'exemptions', 'argocd-projects'];
    const unknown = report.checks.map(({ check }) => check).filter((check) => !known.includes(check));
    expect(unknown).toHaveLength(21);
    expect(problems(report)).toEqual(Object.fromEntries(unknown.map((check) => [check, 'unknown'])));
    expect(report.exitCode).toBe(0);
    for (const check of unknown.filter((each) => each !== 'directory'))
      expect(said(report, check).text).toMatch(
        /^unknown: no permission: .*User "freshman" cannot \w+ resource "[\w/]+"/,
      );
  });
}
