/** The alerts in their other forms: as an object of the Prometheus operator, and as Loki's rules over the log lines. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test, vi } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';
import { goModuleDirectory } from '../../dev/go-module.ts';
import { useClub } from '../club.ts';
import { useCluster } from '../cluster.ts';
import { expectExit } from '../command.ts';

const monitoring = join(import.meta.dirname, '../../deploy/monitoring');
const read = async (file: string): Promise<unknown> => parse(await readFile(join(monitoring, file), 'utf8'));

/** The oldest that the module proxy still serves; PKS's kube-prometheus-stack 76 has 0.84. */
const operator = { version: 'v0.85.0', sum: 'h1:M5xLCLEoaW2IJfnuCwFzzpL+jSVQu3KGT84Pye+fW8s=' };

test('the PrometheusRule says what rules.yaml says, under the label that kube-prometheus-stack selects', async () => {
  expect(await read('prometheus-rule.yaml')).toMatchObject({
    kind: 'PrometheusRule',
    metadata: { labels: { release: 'kube-prometheus-stack' } },
    spec: await read('rules.yaml'),
  });
});

test("the PrometheusRule is taken under the operator's own definition", async () => {
  const { kubectl } = await useCluster();
  const directory = await goModuleDirectory('github.com/prometheus-operator/prometheus-operator', operator);
  const definition = join(directory, 'example/prometheus-operator-crd/monitoring.coreos.com_prometheusrules.yaml');
  expect(await kubectl(['apply', '--server-side', '-f', definition])).toMatchObject({ exitCode: 0 });
  await vi.waitFor(
    async () => {
      const rule = join(monitoring, 'prometheus-rule.yaml');
      const { stdout, stderr } = await kubectl(['apply', '--dry-run=server', '-f', rule]);
      expect(`${stdout}${stderr}`).toBe(
        'prometheusrule.monitoring.coreos.com/credentials-updater created (server dry run)\n',
      );
    },
    { timeout: 120_000, interval: 500 },
  );
});

const rulesSchema = z.object({
  // The first is of runs; what follows is of the cluster, which no line of a log tells.
  groups: z.tuple([z.object({ rules: z.array(z.object({ alert: z.string(), expr: z.string() })) })]).rest(z.unknown()),
});

test("Loki's rules ask for fields that the last line of a run has", async () => {
  const club = await useClub();
  await club.api.addMember({ loginId: 'minjun' });
  const result = await club.run(['sync', '--output', 'json'], { env: { SCHEDULE: '0 15 * * *' } });
  expectExit(result, 0);
  const last = z.record(z.string(), z.unknown()).parse(JSON.parse(result.stdout.trim().split('\n').at(-1) ?? ''));
  expect(last).toMatchObject({ outcome: 'done', undelivered: 0, notRemoved: 0 });
  const [{ rules }] = rulesSchema.parse(await read('loki-rules.yaml')).groups;
  const asked = rules.flatMap(({ expr }) =>
    [...expr.matchAll(/unwrap (\w+)|\| (\w+)=/g)].map(([, a, b]) => a ?? b ?? ''),
  );
  expect(new Set(asked)).toEqual(new Set(['outcome', 'slackSeconds', 'undelivered', 'notRemoved']));
  for (const field of asked) expect(last).toHaveProperty(field);
});

test("Loki's rules are named as Prometheus' are, but for what lines can't tell", async () => {
  const names = async (file: string) => rulesSchema.parse(await read(file)).groups[0].rules.map(({ alert }) => alert);
  const [ofLoki, ofPrometheus] = [await names('loki-rules.yaml'), await names('rules.yaml')];
  expect(ofPrometheus.filter((name) => !ofLoki.includes(name))).toEqual([
    // No line says that no line ever came: NoSuccess does.
    'CredentialsUpdaterNeverSucceeded',
    'CredentialsUpdaterMetricsMissing',
  ]);
  expect(ofLoki.filter((name) => !ofPrometheus.includes(name))).toEqual(['CredentialsUpdaterLogsMissing']);
});
