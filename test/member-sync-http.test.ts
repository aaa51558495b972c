/** A club whose list is behind an API of its own: the command reads every page of it, and shows no header. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { stringify } from 'yaml';
import { accountsOf } from './accounts.ts';
import { useCluster } from './cluster.ts';
import { expectExit, runCommand } from './command.ts';

const token = 'the-token-of-the-lab';

/** Two members a page, for anyone who has the token. It repeats what it was sent in what it refuses. */
async function startApi(logins: () => readonly string[]): Promise<string> {
  const server = createServer((request, response) => {
    const { authorization = '' } = request.headers;
    if (authorization !== `Bearer ${token}`) {
      response.writeHead(401).end(JSON.stringify({ message: authorization }));
      return;
    }
    const page = Number(new URL(request.url ?? '', 'http://api').searchParams.get('page') ?? 1);
    const all = logins();
    const data = all.slice((page - 1) * 2, page * 2).map((login) => ({ user: { id: `id-${login}`, name: login } }));
    const next = page * 2 < all.length ? `?page=${page + 1}` : null;
    response.end(JSON.stringify({ data, meta: { next, total: all.length } }));
  });
  const { promise, resolve } = Promise.withResolvers<void>();
  server.listen(0, '127.0.0.1', resolve);
  await promise;
  onTestFinished(() => void server.close());
  const address = server.address();
  if (typeof address !== 'object' || address === null) throw new Error('The server has no port');
  return `http://127.0.0.1:${address.port}/members`;
}

test('joins and leaves by an API; a refused credential changes nothing and is not shown', async () => {
  const cluster = await useCluster();
  const folder = await mkdtemp(join(tmpdir(), 'pks-lab-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  let logins = ['kim', 'lee', 'park'];
  const document = join(folder, 'lab.yaml');
  const http = {
    url: await startApi(() => logins),
    headers: { Authorization: { env: 'LAB_AUTHORIZATION' } },
    members: 'data',
    id: 'user.id',
    login: 'user.name',
    next: 'meta.next',
    total: 'meta.total',
  };
  const write = (directory: object) =>
    writeFile(
      document,
      stringify({
        apiVersion: 'credentials-updater.poolc.org/v1alpha1',
        kind: 'MemberSync',
        metadata: { name: 'lab', namespace: cluster.systemNamespace },
        spec: { directory, accounts: { namespace: cluster.usersNamespace }, delivery: { none: {} } },
      }),
    );
  const sync = async (authorization: string, ...args: readonly string[]) => {
    const result = await runCommand(['sync', '-f', document, ...args], {
      env: { KUBECONFIG: cluster.kubeconfig, POOLC_API_KEY_FILE: '', LAB_AUTHORIZATION: authorization },
    });
    const said = `${result.stdout}${result.stderr}`;
    expect(said).not.toContain(authorization);
    return { result, said };
  };
  const names = async () => [...(await accountsOf(cluster)).keys()].toSorted();

  await write({ http });
  expectExit((await sync(`Bearer ${token}`, '--first-run')).result, 0);
  expect(await names()).toEqual(['kim', 'lee', 'park']);

  const refused = await sync('Bearer an-older-token');
  expectExit(refused.result, 1);
  expect(refused.said).toContain('was refused (401)');
  expect(refused.said).not.toContain('an-older-token');

  await write({ http: { ...http, members: 'data[' } });
  const mistyped = await sync(`Bearer ${token}`);
  expectExit(mistyped.result, 2);
  expect(mistyped.said).toContain('spec.directory.http.members is not a JMESPath expression');
  expect(await names()).toEqual(['kim', 'lee', 'park']);

  await write({ http });
  logins = ['kim', 'park'];
  expectExit((await sync(`Bearer ${token}`)).result, 0);
  expect(await names()).toEqual(['kim', 'park']);
});
