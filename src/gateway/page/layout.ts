/** What every page has: its language, its title, its heading, and a way to the other language. No script at all. */
import { html } from 'hono/html';
import { type Language, languageNames, languages } from './language.ts';
import { texts } from './texts.ts';

/** A piece of a page, escaped already. */
export type Markup = ReturnType<typeof html>;

export interface PageContext {
  readonly language: Language;
  /** As members know the cluster. */
  readonly cluster: string;
  readonly origin: string;
  readonly userAgent: string | undefined;
  /** Where the same page is in another language: a path with its query, or the first page where it can't be had again. */
  readonly here: string;
  /** Milliseconds since the epoch. */
  readonly now: number;
}

export interface Content {
  /** Of this page alone: what a screen reader says first, and what a tab is called. */
  readonly heading: string;
  readonly isProblem?: boolean;
  readonly body: Markup;
}

export function page({ language, cluster, here }: PageContext, { heading, isProblem = false, body }: Content): Markup {
  const say = texts[language];
  const inLanguage = (other: Language): string => `${here}${here.includes('?') ? '&' : '?'}lang=${other}`;
  const others = languages.filter((each) => each !== language);
  return html`<!doctype html>
    <html lang="${language}">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <title>${isProblem && heading !== say.problem ? `${say.problem}: ` : ''}${heading} – ${say.title(cluster)}</title>
        <link rel="stylesheet" href="/style.css" />
        <link rel="icon" href="/icon.svg" type="image/svg+xml" />
      </head>
      <body>
        <header><p>${say.title(cluster)}</p></header>
        <main>
          <h1>${heading}</h1>
          ${body}
        </main>
        <footer>
          <nav aria-label="${say.language}">
            ${others.map((other) => html`<a href="${inLanguage(other)}" lang="${other}" hreflang="${other}">${languageNames[other]}</a>`)}
          </nav>
        </footer>
      </body>
    </html>`;
}

const units = [
  { unit: 'day', ms: 86_400_000, from: 172_800_000 },
  { unit: 'hour', ms: 3_600_000, from: 3_600_000 },
  { unit: 'minute', ms: 60_000, from: 60_000 },
] as const;

/** How long ago, which is the same in every time zone: a page without a script doesn't know the reader's. */
export function timeAgo({ language, now }: Pick<PageContext, 'language' | 'now'>, ms: number): Markup {
  const iso = new Date(ms).toISOString();
  // Under a minute, or by a clock that is ahead: now.
  const age = Math.max(0, now - ms);
  const found = units.find(({ from }) => age >= from);
  const words = new Intl.RelativeTimeFormat(language, { numeric: 'auto' });
  const text = found === undefined ? words.format(0, 'second') : words.format(-Math.floor(age / found.ms), found.unit);
  return html`<time datetime="${iso}" title="${iso.slice(0, 16).replace('T', ' ')} UTC">${text}</time>`;
}
