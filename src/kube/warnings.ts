/** What the API server and admission policies warn of beside an answer: kubectl prints it as `Warning:`. */
import type { HttpResponse } from './answers.ts';

/** The texts of `299 - "text"` (RFC 7234), one for each header. They may hold anything: escape them for a terminal. */
export function warningsOf(response: HttpResponse): string[] {
  return response.headers('warning').map((header) => {
    const [, quoted] = /^\d{3} \S+ "((?:[^"\\]|\\.)*)"/.exec(header) ?? [];
    const text = quoted === undefined ? header : quoted.replace(/\\(.)/g, '$1');
    // A header's bytes arrive as Latin-1.
    return Buffer.from(text, 'latin1').toString('utf8');
  });
}
