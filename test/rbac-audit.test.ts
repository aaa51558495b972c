import { describe, expect, it } from 'vitest';
import { compareRights, readAuditLog, roleSchema } from './rbac-audit.ts';

const user = 'system:serviceaccount:poolc-system:credentials-updater';

const line = (verb: string, requestURI: string, objectRef?: Record<string, string>, username = user): string =>
  JSON.stringify({ stage: 'ResponseComplete', verb, requestURI, user: { username }, objectRef });

const events = readAuditLog(
  [
    line('list', '/api/v1/namespaces/users/serviceaccounts?limit=500', {
      resource: 'serviceaccounts',
      namespace: 'users',
    }),
    line('create', '/api/v1/namespaces/users/serviceaccounts/a/token', {
      resource: 'serviceaccounts',
      subresource: 'token',
      namespace: 'users',
      name: 'a',
    }),
    line('get', '/api/v1/namespaces/system/configmaps/summary', {
      resource: 'configmaps',
      namespace: 'system',
      name: 'summary',
    }),
    line('get', '/openid/v1/jwks'),
    line('delete', '/api/v1/namespaces/users', { resource: 'namespaces', namespace: 'users' }, 'someone-else'),
  ].join('\n'),
  user,
);

const users = (rules: object[]) => roleSchema.parse({ metadata: { name: 'runner', namespace: 'users' }, rules });
const system = (rules: object[]) => roleSchema.parse({ metadata: { name: 'runner', namespace: 'system' }, rules });
const everyone = [
  roleSchema.parse({
    metadata: { name: 'discovery' },
    rules: [{ nonResourceURLs: ['/openid/v1/jwks'], verbs: ['get'] }],
  }),
];
const accounts = { apiGroups: [''], resources: ['serviceaccounts'], verbs: ['list'] };
const tokens = { apiGroups: [''], resources: ['serviceaccounts/token'], verbs: ['create'] };
const summary = { apiGroups: [''], resources: ['configmaps'], resourceNames: ['summary'], verbs: ['get'] };

describe('the comparison of rights', () => {
  it('finds nothing where exactly what was used is granted', () => {
    const granted = [users([accounts, tokens]), system([summary])];
    expect(compareRights({ events, granted, everyone })).toEqual({ grantedNotUsed: [], usedNotGranted: [] });
  });

  it.each([
    [
      'a verb',
      [users([{ ...accounts, verbs: ['list', 'patch'] }, tokens]), system([summary])],
      'users: patch serviceaccounts',
    ],
    [
      'a name',
      [users([accounts, tokens]), system([{ ...summary, resourceNames: ['summary', 'b'] }])],
      'system: get configmaps (b)',
    ],
    ['a namespace', [users([accounts, tokens]), system([summary, tokens])], 'system: create serviceaccounts/token'],
    [
      'a wildcard',
      [users([accounts, tokens]), system([summary]), users([{ apiGroups: ['apps'], resources: ['*'], verbs: ['*'] }])],
      'users: * *',
    ],
  ])('names what is granted and not used: %s too many', (_, granted, expected) => {
    expect(compareRights({ events, granted, everyone })).toEqual({ grantedNotUsed: [expected], usedNotGranted: [] });
  });

  it.each([
    ['a rule', [users([accounts]), system([summary])], 'users: create serviceaccounts/token (a)'],
    ['another namespace', [users([accounts, tokens, summary])], 'system: get configmaps (summary)'],
    [
      'another name',
      [users([accounts, tokens]), system([{ ...summary, resourceNames: ['b'] }])],
      'system: get configmaps (summary)',
    ],
  ])('names what was used and is not granted: %s', (_, granted, expected) => {
    expect(compareRights({ events, granted, everyone }).usedNotGranted).toEqual([expected]);
  });

  it('leaves out what every account may do, and misses it where accounts may not', () => {
    const granted = [users([accounts, tokens]), system([summary])];
    expect(compareRights({ events, granted, everyone: [] }).usedNotGranted).toEqual(['get /openid/v1/jwks']);
  });
});
