/** Durations as people write them: `7d`, `90m`, `45s`, `1h30m`. */
import { inEach, type Language, type Message } from './message.ts';

const unitSeconds = { d: 86_400, h: 3_600, m: 60, s: 1 } as const;
type Unit = keyof typeof unitSeconds;

const isUnit = (text: string | undefined): text is Unit => text !== undefined && text in unitSeconds;

/** Seconds of `7d`, `12h`, `1h30m`, `45s`, or of a plain number of seconds; undefined when the text is none of these. */
export function parseDuration(text: string): number | undefined {
  const trimmed = text.trim();
  if (/^\d+$/.test(trimmed)) return Number(trimmed);
  if (!/^(\d+[dhms])+$/.test(trimmed)) return undefined;
  let seconds = 0;
  for (const [, amount, unit] of trimmed.matchAll(/(\d+)([dhms])/g)) {
    if (isUnit(unit)) seconds += Number(amount) * unitSeconds[unit];
  }
  return Number.isSafeInteger(seconds) ? seconds : undefined;
}

const unitWords: Readonly<Record<Language, Readonly<Record<Unit, string>>>> = {
  en: { d: 'd', h: 'h', m: 'm', s: 's' },
  ko: { d: '일', h: '시간', m: '분', s: '초' },
};

/**
 * `604800` -> `7d`, `5400` -> `1h30m`, `45` -> `45 s`, `0.42` -> `0.4 s`: at most two units, the larger ones. In Korean
 * `7일`, `1시간 30분`, `45초`.
 */
export function formatDuration(seconds: number, language: Language = 'en'): string {
  if (seconds < 0) return `-${formatDuration(-seconds, language)}`;
  const words = unitWords[language];
  const [beforeSeconds, between] = language === 'en' ? [' ', ''] : ['', ' '];
  if (seconds < 60) {
    const shown = seconds < 10 ? Number(seconds.toFixed(1)) : Math.round(seconds);
    return `${shown}${beforeSeconds}${words.s}`;
  }
  let rest = Math.round(seconds);
  const parts: string[] = [];
  for (const unit of ['d', 'h', 'm', 's'] as const) {
    const amount = Math.floor(rest / unitSeconds[unit]);
    rest -= amount * unitSeconds[unit];
    if (amount > 0) parts.push(`${amount}${words[unit]}`);
    else if (parts.length > 0) break;
    if (parts.length === 2) break;
  }
  return parts.join(between);
}

/** A duration in a message. */
export function durationText(seconds: number): Message {
  return inEach((language) => formatDuration(seconds, language));
}
