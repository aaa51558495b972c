/**
 * What people are told, in every language that the program speaks. The English text is also the one of logs and JSON,
 * which stay the same wherever the program runs. The messages themselves are in messages/.
 */

import { variableOf } from './variables.ts';

export const languages = ['en', 'ko'] as const;
export type Language = (typeof languages)[number];

/** One message, in each language. */
export type Message = Readonly<Record<Language, string>>;

/** A message, or words that are the same in every language: a name, a command, what a server said. */
export type Text = string | Message;

export function inLanguage(text: Text, language: Language): string {
  return typeof text === 'string' ? text : text[language];
}

export const en = (text: Text): string => inLanguage(text, 'en');
export const ko = (text: Text): string => inLanguage(text, 'ko');

/** A message that is made of others. */
export function inEach(make: (language: Language) => string): Message {
  return { en: make('en'), ko: make('ko') };
}

/** One after the other, with these words between. */
export function joined(texts: readonly Text[], between: string): Message {
  return inEach((language) => texts.map((text) => inLanguage(text, language)).join(between));
}

/** Variables that say which language somebody reads: the first that is set counts (POSIX). */
export const languageVariables = ['LC_ALL', 'LC_MESSAGES', 'LANG'] as const;

/** @param systemLocale asked where no variable says it, as on Windows: `ko-KR` */
export function languageOf(
  variables: Readonly<Partial<Record<(typeof languageVariables)[number], string | undefined>>>,
  systemLocale = localeOfSystem,
): Language {
  const locale =
    languageVariables.map((name) => variableOf(variables, name)).find((value) => value !== undefined) ?? systemLocale();
  const [, charset = 'UTF-8'] = /\.([^@]+)/.exec(locale) ?? [];
  // Only UTF-8 is written, which a terminal of another character set shows as rubbish.
  return /^ko([_.@-]|$)/i.test(locale) && /^utf-?8$/i.test(charset) ? 'ko' : 'en';
}

function localeOfSystem(): string {
  return Intl.DateTimeFormat().resolvedOptions().locale;
}
