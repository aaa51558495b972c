import { describe, expect, it } from 'vitest';
import {
  accountsByName,
  hasAmbiguousNamespaces,
  isNamespaceName,
  isSomebodys,
  reservedNamespacePattern,
  whyNotTheirs,
} from './namespace-names.ts';

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

describe('the name of a namespace', () => {
  it.each(['a', '7', 'kim', 'min-jun', 'kim--lab', 'a'.repeat(63)])('may be %s', (name) => {
    expect(isNamespaceName(name)).toBe(true);
  });

  it.each(['', '-kim', 'kim-', '-', 'Kim', 'kim.lee', 'kim_lee', '풀씨', 'kim\n', 'a'.repeat(64)])(
    'may not be %j',
    (name) => {
      expect(isNamespaceName(name)).toBe(false);
    },
  );
});

describe('accounts whose names would begin a namespace', () => {
  it.each([
    ['kim', ['kim']],
    ['kim--lab', ['kim', 'kim--lab']],
    ['kim--lee--lab', ['kim', 'kim--lee', 'kim--lee--lab']],
    // No account ends with a hyphen.
    ['kim---lab', ['kim', 'kim---lab']],
    ['--lab', []],
  ])('of %s are %j', (namespace, accounts) => {
    expect(accountsByName(namespace)).toEqual(accounts);
  });
});

describe('why a namespace is not for an account', () => {
  it.each([
    ['Kim', 'Kim', 'it is no name of a namespace (a-z, 0-9 and hyphens, 63 characters)'],
    ['kim--lee', 'kim--lee', "the account's name has --, so that it is among another's names"],
    ['xn--lab', 'xn', 'xn-- begins what browsers show as another text'],
    ['lee', 'kim', 'it is neither kim nor begins with kim--'],
    ['www', 'www', 'it is reserved for the cluster and what is installed there'],
  ])('%s, %s: %s', (namespace, account, why) => {
    expect(whyNotTheirs(namespace, account)).toBe(why);
  });
});

describe('a reserved name', () => {
  it.each(['kube', 'kube-system', 'poolc-users', 'openshift', 'capi-system', 'www', 'operator'])('is %s', (name) => {
    expect(reservedNamespacePattern.test(name)).toBe(true);
  });

  it.each(['kim', 'mykube', 'kubes', 'www2', 'www-kim', 'kim-operator', 'cap9'])('is not %s', (name) => {
    expect(reservedNamespacePattern.test(name)).toBe(false);
  });

  it('with what begins as Kubernetes, OpenShift or the club do is nobody to have, two hyphens or not', () => {
    for (const name of ['kube', 'openshift', 'poolc']) {
      expect(whyNotTheirs(`${name}--lab`, name)).toMatch(/reserved/);
      expect(whyNotTheirs(`my${name}--lab`, `my${name}`)).toBeUndefined();
    }
  });
});

describe("whether a namespace is some account's", () => {
  const never = () => false;
  const always = () => true;

  it('is for the cluster to say, but for names with two hyphens', () => {
    expect(isSomebodys('kim', never)).toBe(true);
    expect(isSomebodys('kim', always)).toBe(false);
    expect(isSomebodys('kim--lab', always)).toBe(true);
    expect(isSomebodys('kube--lab', never)).toBe(false);
  });

  it("is not for what begins Punycode, nor for what is no namespace's name", () => {
    expect(isSomebodys('xn--lab', never)).toBe(false);
    expect(isSomebodys('Kim', never)).toBe(false);
    expect(isSomebodys('my-xn--lab', never)).toBe(true);
  });
});

it('an account with a single hyphen has namespaces of its own', () => {
  for (const account of ['kim', 'min-jun', 'xn-', 'axn']) expect(hasAmbiguousNamespaces(account)).toBe(false);
});
