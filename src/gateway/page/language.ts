/** Which language somebody reads a page in: what they chose on a page, else what their browser asks for. */
export const languages = ['en', 'ko'] as const;
export type Language = (typeof languages)[number];

/** What a member calls each, in itself. */
export const languageNames: Readonly<Record<Language, string>> = { en: 'English', ko: '한국어' };

export function chosenLanguage(text: string | undefined): Language | undefined {
  return languages.find((language) => language === text);
}

/** The first of ours that the browser asks for. */
export function acceptedLanguage(acceptLanguage: string | undefined): Language {
  const wanted = (acceptLanguage ?? '')
    .split(',')
    .map((part, index) => {
      const [tag = '', quality] = part
        .trim()
        .toLowerCase()
        .split(/;\s*q=/);
      return { tag, quality: quality === undefined ? 1 : Number(quality), index };
    })
    .filter(({ quality }) => quality > 0)
    .toSorted((a, b) => b.quality - a.quality || a.index - b.index);
  for (const { tag } of wanted) {
    const language = languages.find((each) => tag === each || tag.startsWith(`${each}-`));
    if (language !== undefined) return language;
  }
  return 'en';
}
