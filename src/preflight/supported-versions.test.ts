import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { argoCdPins } from '../../dev/argocd/definitions.ts';
import { kubernetes, oldestKubernetes } from '../../dev/control-plane/index.ts';
import { kyvernoModule } from '../../dev/kyverno/index.ts';
import { ageOf, supported } from './supported-versions.ts';

describe('the supported versions', () => {
  const { kubernetes: cluster, kyverno, argoCd } = supported;

  it('are those that the tests run', () => {
    expect([oldestKubernetes.version, kubernetes.version]).toEqual([`v${cluster.oldest}`, `v${cluster.newest}`]);
    expect([kyvernoModule('oldest').version, kyvernoModule('newest').version]).toEqual([
      `v${kyverno.oldest}`,
      `v${kyverno.newest}`,
    ]);
    expect([argoCdPins.oldest.version, argoCdPins.newest.version]).toEqual([`v${argoCd.oldest}`, `v${argoCd.newest}`]);
  });

  it.each(['versions.md', 'versions.ko.md'])('are those that docs/%s names', (page) => {
    const text = readFileSync(join(import.meta.dirname, '../../docs', page), 'utf8');
    for (const { name, oldest, newest } of Object.values(supported)) {
      expect(text).toContain(`| ${name} | ${oldest} | ${newest} |`);
    }
  });
});

describe('a version', () => {
  it.each([
    ['v1.32.9', 'too old'],
    ['v0.36.0', 'too old'],
    ['v1.33.0', 'supported'],
    ['1.33.12+k3s1', 'supported'],
    ['v1.36.3-eks-3025e55', 'supported'],
    ['v1.37.0', 'newer'],
    ['v1.100.0', 'newer'],
    ['v2.0.0', 'newer'],
    ['latest', undefined],
    ['', undefined],
    ['v1', undefined],
    [`v1.${'9'.repeat(400)}`, undefined],
  ])('%s is %s', (version, age) => {
    expect(ageOf(version, supported.kubernetes)).toBe(age);
  });
});
