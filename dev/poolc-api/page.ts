/** The files of the page at `/`, as answers ready to send. */
import { readFile } from 'node:fs/promises';
import type { Answer } from './exchange.ts';

/** The files' contents by name, put here by build.ts: the bundle is one file and has no folder beside it. */
declare const BUNDLED_PAGE: Record<string, string> | undefined;

const fileOfPath = {
  '/': 'index.html',
  '/page/page.css': 'page.css',
  '/page/page.js': 'page.js',
  '/page/commands.js': 'commands.js',
  '/page/words.js': 'words.js',
};

const contentTypes: Record<string, string> = {
  html: 'text/html; charset=utf-8',
  css: 'text/css; charset=utf-8',
  js: 'text/javascript; charset=utf-8',
};

export async function pageFiles(): Promise<Map<string, Answer>> {
  const bundled = typeof BUNDLED_PAGE === 'undefined' ? undefined : BUNDLED_PAGE;
  const files = Object.entries(fileOfPath).map(async ([path, name]): Promise<[string, Answer]> => {
    const body = bundled?.[name] ?? (await readFile(new URL(`page/${name}`, import.meta.url), 'utf8'));
    const contentType = contentTypes[name.split('.').at(-1) ?? ''] ?? 'text/plain';
    return [path, { status: 200, headers: { ...protection, 'content-type': contentType }, body }];
  });
  return new Map(await Promise.all(files));
}

/** The page shows a credential: nothing foreign runs in it, frames it, or learns its address. */
const protection = {
  'cache-control': 'no-cache',
  'content-security-policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:; form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
};
