/**
 * P5 in every run of the tests: what it prints, and what it leaves for others to read, is searched by the function that
 * runs it. Here: that a secret in any of those places is found.
 */
import { expect, test } from 'vitest';
import { z } from 'zod';
import { useClub } from '../club.ts';
import { expectExit } from '../command.ts';
import { writableCollections } from '../traces.ts';
import { printFigure } from './figures.ts';
import { bundleMutant, type Mutation } from './mutant.ts';
import { openWire } from './wire.ts';

const apiKey =
  "process.getBuiltinModule('node:fs').readFileSync(process.env['POOLC_API_KEY_FILE'] ?? '', 'utf8').trim()";
const listSchema = z.object({ items: z.array(z.unknown()) });

const minted = '      const minted = await mintToken(client, account, request, issueSignal);\n';

/** Right after a token was minted. */
function writing(path: string, body: string): Pick<Mutation, 'file' | 'text' | 'replacement'> {
  const call = `await client.call({ method: 'POST', path: \`${path}\`, body: ${body}, signal: issueSignal });`;
  return { file: 'src/issuers/token.ts', text: minted, replacement: `${minted}      ${call}\n` };
}

const leaks: readonly (Omit<Mutation, 'without'> & { readonly leak: string; readonly fails: RegExp })[] = [
  {
    leak: 'a token in an Event',
    ...writing(
      "/apis/events.k8s.io/v1/namespaces/${process.env['POD_NAMESPACE']}/events",
      `{
        metadata: { name: account.uid },
        eventTime: '2026-01-01T00:00:00.000000Z',
        type: 'Normal', reason: 'Minted', action: 'Sync', note: minted.token.slice(0, 1_000),
        reportingController: 'credentials-updater', reportingInstance: 'test',
        regarding: { kind: 'Job', name: 'test', namespace: process.env['POD_NAMESPACE'] },
      }`,
    ),
    fails: /left on the cluster secrets: .*shaped like a token/,
  },
  {
    leak: 'a token in a ConfigMap, in base64',
    ...writing(
      "/api/v1/namespaces/${process.env['POD_NAMESPACE']}/configmaps",
      "{ metadata: { name: account.uid }, data: { token: Buffer.from(minted.token).toString('base64') } }",
    ),
    fails: /left on the cluster secrets: .*shaped like a token/,
  },
  {
    leak: "the signature of a token in a ConfigMap's annotation",
    ...writing(
      "/api/v1/namespaces/${process.env['POD_NAMESPACE']}/configmaps",
      "{ metadata: { name: account.uid, annotations: { signature: minted.token.split('.')[2] } } }",
    ),
    fails: /left on the cluster secrets: a secret, its signature/,
  },
  {
    leak: "the API key in an account's annotation, in base64",
    file: 'src/registry/accounts.ts',
    text: '[annotationOf(memberId)]: memberId }',
    replacement: `[annotationOf(memberId)]: memberId, key: Buffer.from(${apiKey}).toString('base64') }`,
    fails: /left on the cluster secrets: a secret, in base64/,
  },
  {
    leak: "the API key in the lock's annotation",
    file: 'src/kube/lease.ts',
    text: 'metadata: { ...address,',
    replacement: `metadata: { ...address, annotations: { key: ${apiKey} },`,
    fails: /left on the cluster secrets: a secret, as it is/,
  },
  {
    leak: 'the API key in the termination message',
    file: 'src/run/report.ts',
    text: 'let text = redactor.redact(JSON.stringify(data));',
    replacement: `let text = JSON.stringify({ ...data, key: ${apiKey} });`,
    fails: /printed secrets: a secret, as it is/,
  },
  {
    leak: 'a token in a temporary file',
    file: 'src/issuers/token.ts',
    text: minted,
    replacement: `${minted}      process.getBuiltinModule('node:fs').writeFileSync(process.env['TMPDIR'] + '/token', minted.token);\n`,
    fails: /left files behind: token/,
  },
];

test.each(leaks)('P5: $leak is found', { timeout: 240_000 }, async ({ leak, fails, ...mutation }) => {
  const program = await bundleMutant({ without: 'P5', ...mutation });
  const club = await useClub();
  club.api.seed(3);
  await expect(club.run(['sync'], { program })).rejects.toThrow(fails);
  printFigure(`leak: ${leak}`, `${leak} is found`);
});

test('P5: the API key in the lock is found, though it is gone when the run has ended', async () => {
  const program = await bundleMutant({
    without: 'P5',
    file: 'src/run/run-lock.ts',
    text: 'holder: `${host}-',
    replacement: `holder: \`\${${apiKey}}-`,
  });
  const club = await useClub();
  club.api.seed(3);
  const wire = await openWire(club);
  await expect(wire.run(['sync'], { program })).rejects.toThrow(/sent secrets to the cluster: a secret, as it is/);
  printFigure(
    'leak: the API key in the lock',
    'the API key in the lock is found, though it is gone when the run has ended',
  );
});

test('P5: an ordinary run leaves objects of every kind that is searched, and no secret in them', async () => {
  const club = await useClub();
  club.api.seed(3);
  const job = { JOB_NAME: 'credentials-updater-29000000', JOB_UID: 'c9a1f3b2-6d1e-4c55-8a57-0e5d1b6f9a10' };
  expectExit(await club.run(['sync'], { env: job }), 0);
  expectExit(await club.run(['sync'], { env: { ...job, MIN_MEMBERS: '1000' } }), 4);
  const kinds = writableCollections(club.cluster);
  expect(new Set(kinds.map((path) => path.slice(path.lastIndexOf('/') + 1)))).toEqual(
    new Set(['configmaps', 'events', 'leases', 'serviceaccounts']),
  );
  for (const path of kinds) {
    const { items } = listSchema.parse((await club.cluster.request('GET', path)).body);
    expect([path, items.length]).not.toEqual([path, 0]);
  }
});
