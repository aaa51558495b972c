import { describe, expect, it } from 'vitest';
import { hasAmbiguousNamespaces, whyNotTheirs } from './namespace-names.ts';

describe("a member's namespaces by the account's name", () => {
  it.each([
    ['kim', 'kim'],
    ['kim--lab', 'kim'],
    ['kim---lab', 'kim'],
    ['min-jun', 'min-jun'],
    ['min-jun--lab', 'min-jun'],
    ['velero--lab', 'velero'],
    ['grafana--lab', 'grafana'],
    ['xn', 'xn'],
  ])('%s is for %s', (namespace, account) => {
    expect(whyNotTheirs(namespace, account)).toBeUndefined();
  });

  it.each([
    ['min-jun', 'min', /neither min nor begins with min--/],
    ['min--jun', 'min-jun', /neither/],
    ['kim-3f2a', 'kim', /neither/],
    ['kim', 'kim.lee', /neither/],
    ['kim.lee', 'kim.lee', /no name of a namespace/],
    ['kim.lee--lab', 'kim.lee', /no name of a namespace/],
    ['kim--', 'kim', /no name of a namespace/],
    [`kim--${'a'.repeat(60)}`, 'kim', /no name of a namespace/],
    ['kim--lee', 'kim--lee', /has --/],
    ['kim--lee--lab', 'kim--lee', /has --/],
    ['xn--lab', 'xn', /browsers/],
    ['velero', 'velero', /reserved/],
    ['velero-backups', 'velero-backups', /reserved/],
    ['kube--lab', 'kube', /reserved/],
  ])('%s is not for %s', (namespace, account, why) => {
    expect(whyNotTheirs(namespace, account)).toMatch(why);
  });

  it.each(['kim--lee', 'xn', 'a--b--c'])('are ambiguous for %s', (account) => {
    expect(hasAmbiguousNamespaces(account)).toBe(true);
  });
});
