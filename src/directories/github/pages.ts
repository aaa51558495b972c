/**
 * A list that comes in pages. It is complete when there is no next page, and as many pages were read as the first one
 * announced (`rel="last"`).
 */
import { printable } from '../../core/model.ts';
import { Failure } from '../../lib/failure.ts';
import { mostMembers } from '../member-rows.ts';
import type { Ask, Asking, Question } from './api.ts';

const mostPages = 1_000;

/** @throws Failure (directory): never a part of the list */
export async function readPages<T>(
  ask: Ask,
  first: Question,
  asking: Asking,
  toItem: (value: unknown, where: () => string) => T,
): Promise<T[]> {
  const malformed = (why: string, hint = "is spec.directory.github.apiURL the address of GitHub's API?") =>
    new Failure('directory', `${asking.what} can't be read: ${why}; nothing was changed`, { hint });
  const items: T[] = [];
  const asked = new Set<string>();
  let announced: number | undefined;
  let question: Question | undefined = first;
  for (let page = 1; question !== undefined; page++) {
    if (page > mostPages) throw malformed(`there are more than ${mostPages} pages`);
    const { document, url, header } = await ask(question, asking);
    asked.add(url.href);
    if (!Array.isArray(document)) throw malformed(`page ${page} is not a list`);
    const whereIs = (index: number) => () => `entry ${index + 1} of page ${page}`;
    for (const [index, value] of document.entries()) items.push(toItem(value, whereIs(index)));
    if (items.length > mostMembers) throw malformed(`it has more than ${mostMembers} entries`);
    const links = linksOf(header('link'));
    if (page === 1) announced = pageNumberOf(links.get('last'), url);
    const next = nextOf(links.get('next'), url, (why) => malformed(`${why} of page ${page}`));
    if (next !== undefined && asked.has(next.href)) throw malformed(`page ${page} leads back to an earlier one`);
    if (next === undefined && announced !== undefined && page < announced)
      throw malformed(
        `it ended after page ${page} of ${announced}`,
        'the list changed while it was read, or was cut off: run again',
      );
    question = next === undefined ? undefined : { url: next };
  }
  return items;
}

/** By relation (RFC 8288). */
function linksOf(header: string | undefined): ReadonlyMap<string, string> {
  const links = (header ?? '').matchAll(/<([^<>]*)>([^<>]*)/g);
  return new Map(
    [...links].flatMap(([, target = '', parameters = '']) => {
      const [, relation] = /;\s*rel="?([a-z]+)"?/i.exec(parameters) ?? [];
      return relation === undefined ? [] : [[relation.toLowerCase(), target] as const];
    }),
  );
}

function pageNumberOf(target: string | undefined, current: URL): number | undefined {
  if (target === undefined || !URL.canParse(target, current)) return undefined;
  const number = Number(new URL(target, current).searchParams.get('page'));
  return Number.isSafeInteger(number) && number > 0 ? number : undefined;
}

/** The credential goes with each request: a page of another origin would get it. */
function nextOf(target: string | undefined, current: URL, malformed: (why: string) => Failure): URL | undefined {
  if (target === undefined) return undefined;
  if (!URL.canParse(target, current)) throw malformed('the next link is not an address: that');
  const next = new URL(target, current);
  if (next.origin !== current.origin)
    throw malformed(`another origin, ${printable(next.origin)}, where the credential is not sent, is the next link`);
  if (next.username !== '' || next.password !== '') throw malformed('a user name or password is in the next link');
  next.hash = '';
  return next;
}
