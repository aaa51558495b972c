/** Times as people read them: where they are, with the date, and with the zone, since a message may be read elsewhere. */

let format: Intl.DateTimeFormat | undefined;

/** `2026-11-30 09:42 GMT+9`, to the minute, in the time zone of this process. @param ms since the epoch */
export function localTime(ms: number): string {
  if (Number.isNaN(new Date(ms).getTime())) return '?';
  // Made when it is needed: it takes milliseconds, which most runs of kubectl's plugin can do without.
  format ??= new Intl.DateTimeFormat('en-US', {
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
    hour: '2-digit',
    minute: '2-digit',
    hourCycle: 'h23',
    timeZoneName: 'short',
  });
  const { year, month, day, hour, minute, timeZoneName } = Object.fromEntries(
    format.formatToParts(ms).map(({ type, value }) => [type, value]),
  );
  return `${year}-${month}-${day} ${hour}:${minute} ${timeZoneName}`;
}
