import { expect, test } from 'vitest';
import { languageOf } from './message.ts';

const never = () => {
  throw new Error('the system was asked');
};

test.each([
  [{ LANG: 'ko_KR.UTF-8' }, 'ko'],
  [{ LANG: 'ko_KR.utf8' }, 'ko'],
  [{ LANG: 'ko' }, 'ko'],
  [{ LANG: 'ko_KR' }, 'ko'],
  [{ LANG: 'en_US.UTF-8' }, 'en'],
  [{ LANG: 'C' }, 'en'],
  [{ LANG: 'kok_IN.UTF-8' }, 'en'],
  // A terminal of another character set would show rubbish.
  [{ LANG: 'ko_KR.eucKR' }, 'en'],
  [{ LANG: 'ko_KR.UTF-8', LC_MESSAGES: 'en_US.UTF-8' }, 'en'],
  [{ LANG: 'en_US.UTF-8', LC_MESSAGES: 'ko_KR.UTF-8' }, 'ko'],
  [{ LANG: 'ko_KR.UTF-8', LC_MESSAGES: 'ko_KR.UTF-8', LC_ALL: 'C.UTF-8' }, 'en'],
  [{ LANG: '', LC_ALL: '', LC_MESSAGES: 'ko_KR.UTF-8' }, 'ko'],
])('%j reads %s', (variables, language) => {
  expect(languageOf(variables, never)).toBe(language);
});

test('where no variable says it, as on Windows, the system does', () => {
  expect(languageOf({}, () => 'ko-KR')).toBe('ko');
  expect(languageOf({}, () => 'en-US')).toBe('en');
});
