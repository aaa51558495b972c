/** What operators are told to create in the checkout goes neither into Git nor into an image by accident. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';

const root = join(import.meta.dirname, '..');
const read = (path: string): string => readFileSync(join(root, path), 'utf8');
const git = (...args: readonly string[]): string[] =>
  // Without what a developer's own machine ignores.
  execFileSync('git', ['-c', 'core.excludesFile=/dev/null', ...args], { cwd: root, encoding: 'utf8' })
    .split('\n')
    .slice(0, -1);
const tracked = git('ls-files');
const docs = tracked.filter((path) => path.endsWith('.md') && !path.startsWith('docs/adr/'));

/** Secrets: they may be read from standard input or from a place outside the checkout, but never from here. */
const secrets = ['API_KEY', 'NOTIFY_URL', 'HEARTBEAT_URL', 'token.txt', 'kim.yaml'];
/** Encrypted for the cluster, and committed on purpose. */
const committed = ['deploy/overlays/production/sealed-secret.yaml'];
const placeholders = ['FILE', '파일'];

/** Files that a text reads or writes on a command line, or names in a sentence, relative to the checkout. */
function filesNamedIn(text: string): string[] {
  const patterns = [
    // A redirection; not `<=` or `->`, nor a placeholder such as <name>.
    /(?<=\s)[<>]\s+([\w./~$-]+)/g,
    /--from-(?:env-)?file=(?:[\w.-]+=)?([\w./~$-]+)/g,
    /--(?:out|cluster|[\w-]*-file)[ =]([\w./~$-]+)(?=[\s`]|$)/gm,
    /(?:file|파일) `([\w./~$-]+)`/gi,
  ];
  return patterns
    .flatMap((pattern) => [...text.matchAll(pattern)].flatMap(([, file]) => file ?? []))
    .filter((file) => !/^(\/|~|\$|\.\.\/|-)/.test(file) && !placeholders.includes(file))
    .map((file) => file.replace(/^\.\//, ''));
}

const named = [...new Set(docs.flatMap((path) => filesNamedIn(read(path))))].filter(
  (file) => !tracked.includes(file) && !committed.includes(file),
);

/** The ignored ones of these, which need not exist. */
function ignored(files: readonly string[]): string[] {
  return git('check-ignore', '--no-index', '--verbose', '--non-matching', ...files).flatMap((line) => {
    const [pattern, file = ''] = line.split('\t');
    return pattern === '::' ? [] : [file];
  });
}

describe('the files that the docs have people create', () => {
  test('are found in the docs', () => {
    expect(named).toContain('members.csv');
    const examples =
      '    kubectl … --from-file=API_KEY=./API_KEY\n    run --token-file -  < token.txt\nfrom a file `KEY`: a -> b\n';
    expect(filesNamedIn(examples).toSorted()).toEqual(['API_KEY', 'KEY', 'token.txt']);
  });

  test('hold no secrets, which are created elsewhere', () => {
    expect(named.filter((file) => secrets.includes(file))).toEqual([]);
  });

  test('are ignored by Git, in whatever folder', () => {
    const files = [...named, ...secrets].flatMap((file) => [file, `deploy/overlays/production/${file}`]);
    expect(ignored(files)).toEqual(files);
  });
});

test('what Git ignores is not sent to Docker either', () => {
  const patterns = (path: string): string[] =>
    read(path)
      .split('\n')
      .filter((line) => line !== '' && !line.startsWith('#'));
  // The same rule in Docker's words: a pattern of Git without a slash before it matches in every folder.
  const wanted = patterns('.gitignore').map((pattern) =>
    (pattern.startsWith('/') ? pattern.slice(1) : `**/${pattern}`).replace(/\/$/, ''),
  );
  expect(
    patterns('.dockerignore')
      .filter((pattern) => pattern !== '.git')
      .toSorted(),
  ).toEqual(wanted.toSorted());
});

test('no file of the project is ignored', () => {
  expect(git('ls-files', '--cached', '--ignored', '--exclude-standard')).toEqual([]);
});
