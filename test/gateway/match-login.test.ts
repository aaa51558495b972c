/** OIDC_MATCH=login: the first person to log in with a login is remembered, and a login that changes hands gives nothing. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { z } from 'zod';
import { logInAs } from '../../dev/gateway/browser.ts';
import { type GatewayLab, type GatewayProcess, startLab, usersNamespace } from './lab.ts';

let lab: GatewayLab;
let gateway: GatewayProcess;
const env = { OIDC_MATCH: 'login', OIDC_CLAIM: 'preferred_username' };

beforeAll(async () => {
  lab = await startLab();
  for (const name of ['kim', 'lee', 'park']) await lab.addMember(name);
  gateway = await lab.startGateway({ env });
});
afterAll(async () => {
  await lab[Symbol.asyncDispose]();
});

/** Somebody with this subject logs in, whom the provider calls so. @returns the page that they end on */
async function logIn(subject: string, login: unknown) {
  lab.setPerson(subject, { preferred_username: login });
  const { browser, page } = await logInAs(lab, subject);
  await browser.close();
  return page;
}

test('who has an account logs in by their login, again and again', async () => {
  for (let time = 0; time < 2; time++) {
    const page = await logIn('subject-1', 'kim');
    expect({ status: page.status, text: page.text }).toEqual({
      status: 200,
      text: expect.stringContaining('Your account on the cluster: kim'),
    });
  }
});

test('a login that another person has now does not give them the account, and is logged', async () => {
  const page = await logIn('subject-2', 'kim');
  expect({ status: page.status, text: page.text }).toEqual({
    status: 403,
    text: expect.stringContaining('is remembered for somebody else'),
  });
  expect(page.text).not.toContain('Your devices');
  expect(gateway.output()).toMatch(
    /"account":"kim","msg":"a login was refused: the account is remembered for another person/,
  );
  expect((await logIn('subject-1', 'kim')).status).toBe(200);
});

test('a person whose login became another member’s does not get that member’s account', async () => {
  expect((await logIn('subject-1', 'lee')).status).toBe(403);
  expect((await logIn('subject-3', 'lee')).status).toBe(200);
});

test('of many at once with one login, one person gets the account', async () => {
  const pages = await Promise.all(['a', 'b', 'c', 'd'].map((subject) => logIn(`racer-${subject}`, 'park')));
  expect(pages.filter(({ status }) => status === 200)).toHaveLength(1);
  expect(pages.filter(({ status }) => status === 403)).toHaveLength(3);
});

test.each([
  ['an e-mail address', 'kim@example.org'],
  ['a login without an account', 'stranger'],
  ['a login of other characters', '../kim'],
  ['a query for several accounts', 'kim,metadata.name=lee'],
  ['a list', ['kim']],
])('%s is nobody’s', async (_, login) => {
  const page = await logIn('subject-9', login);
  expect(page.status).toBeGreaterThanOrEqual(400);
  expect(page.text).not.toContain('Your devices');
});

test('a name that was made from a login and an id is no login', async () => {
  const { memberId } = await lab.addMember('choi');
  const name = `choi-${memberId.slice(-4)}`;
  await lab.controlPlane.request('POST', `/api/v1/namespaces/${usersNamespace}/serviceaccounts`, {
    metadata: {
      name,
      labels: { 'app.kubernetes.io/managed-by': 'credentials-updater' },
      annotations: { 'credentials-updater/user-uuid': memberId },
    },
  });
  expect((await logIn('subject-4', name)).status).toBe(403);
});

test('what is remembered ends with the account, and is no one’s to change', async () => {
  const { controlPlane } = lab;
  const { body } = await controlPlane.request(
    'GET',
    `/api/v1/namespaces/${usersNamespace}/secrets?fieldSelector=${encodeURIComponent('type=credentials-updater.poolc.org/identity')}`,
  );
  const { items } = z
    .object({
      items: z.array(
        z.object({
          metadata: z.object({ name: z.string(), ownerReferences: z.array(z.object({ name: z.string() })) }),
          immutable: z.literal(true),
        }),
      ),
    })
    .parse(body);
  const owners = items.map(({ metadata }) => metadata.ownerReferences[0]?.name);
  expect(new Set(owners)).toEqual(new Set(['kim', 'lee', 'park']));
  const name = items[0]?.metadata.name ?? '';
  const args = ['annotate', 'secret', name, '-n', usersNamespace, 'x=y'];
  expect((await controlPlane.kubectl(args)).stderr).toContain('only the gateway may write a member');
});

test.each([
  [{ OIDC_CLAIM: 'email' }, /OIDC_CLAIM=email can't be used/],
  [{ OIDC_CLAIM: 'sub' }, /needs the claim that holds the login/],
  [{ OIDC_ID_PREFIX: 'ldap:' }, /OIDC_ID_PREFIX is for ids/],
])('%j with it is refused at the start', async (more, why) => {
  const refused = await lab.startGateway({ env: { ...env, ...more }, expectEnd: true });
  expect(await refused.ended).toBe(2);
  expect(refused.output()).toMatch(why);
});
