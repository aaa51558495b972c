/**
 * `npm run github-description`: takes what this program asks of GitHub out of GitHub's own OpenAPI description, as
 * @octokit/openapi publishes it. The whole package is 385 MB, too much for every checkout; the excerpt is what tests judge
 * requests and answers by.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as tar from 'tar';
import { z } from 'zod';

const version = '23.0.2';
const editions = { 'api.github.com': 'GitHub', 'ghes-3.17': 'Enterprise Server 3.17' };
/** Method by path. */
const wanted = {
  '/user/memberships/orgs/{org}': 'get',
  '/orgs/{org}/members': 'get',
  '/orgs/{org}/teams/{team_slug}/members': 'get',
  '/users/{username}/keys': 'get',
  '/app/installations/{installation_id}': 'get',
  '/app/installations/{installation_id}/access_tokens': 'post',
} as const;

const descriptionSchema = z.object({
  openapi: z.string(),
  info: z.object({ version: z.string(), title: z.string() }),
  paths: z.record(z.string(), z.record(z.string(), z.unknown())),
});

const folder = mkdtempSync(join(tmpdir(), 'github-description-'));
try {
  execFileSync('npm', ['pack', '--silent', `@octokit/openapi@${version}`], { cwd: folder });
  const files = Object.keys(editions).map((edition) => `package/generated/${edition}.deref.json`);
  await tar.extract({ file: join(folder, `octokit-openapi-${version}.tgz`), cwd: folder }, files);
  for (const [edition, name] of Object.entries(editions)) {
    const text = readFileSync(join(folder, `package/generated/${edition}.deref.json`), 'utf8');
    const { openapi, info, paths } = descriptionSchema.parse(JSON.parse(text));
    const excerpt = {
      openapi,
      info: { title: `${name}, an excerpt of @octokit/openapi ${version}`, version: info.version },
      paths: Object.fromEntries(
        Object.entries(wanted).map(([path, method]) => [path, { [method]: judging(paths[path]?.[method]) }]),
      ),
    };
    writeFileSync(join(import.meta.dirname, `${edition}.json`), `${JSON.stringify(excerpt, undefined, 1)}\n`);
  }
} finally {
  rmSync(folder, { recursive: true });
}

/**
 * Without examples, which are most of the bytes and judge nothing. ajv knows `nullable` only beside a type, and the
 * description has it beside anyOf and allOf, too.
 */
function judging(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(judging);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value)
    .filter(([key]) => key !== 'examples' && key !== 'example' && key !== 'x-github')
    .map(([key, each]) => [key, judging(each)] as const);
  if (!('nullable' in value) || 'type' in value) return Object.fromEntries(entries);
  return { anyOf: [Object.fromEntries(entries.filter(([key]) => key !== 'nullable')), { enum: [null] }] };
}
