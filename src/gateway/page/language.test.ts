import { expect, test } from 'vitest';
import { acceptedLanguage, chosenLanguage } from './language.ts';

test.each([
  ['ko-KR,ko;q=0.9,en;q=0.8', 'ko'],
  ['en-US,en;q=0.9,ko;q=0.8', 'en'],
  ['fr,ko;q=0.5,en;q=0.4', 'ko'],
  ['ko;q=0,en', 'en'],
  ['kok', 'en'],
  [undefined, 'en'],
])('a browser that asks for %j gets %s', (header, language) => {
  expect(acceptedLanguage(header)).toBe(language);
});

test.each(['fr', '', 'ko"><script>', undefined])('%j is no language that somebody can choose', (text) => {
  expect(chosenLanguage(text)).toBeUndefined();
});
