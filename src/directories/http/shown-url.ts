/** An address for messages: its query may hold a key. */
import { printable } from '../../core/model.ts';

export function shownUrl({ origin, pathname }: URL): string {
  return `${origin}${printable(pathname)}`;
}
