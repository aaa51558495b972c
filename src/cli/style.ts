/** Colours, where the stream shows them: a terminal, and NO_COLOR not set (no-color.org). */
import { styleText } from 'node:util';

export type Style = (format: 'bold' | 'dim' | 'red' | 'green' | 'yellow' | 'cyan', text: string) => string;

export function styleFor(stream: NodeJS.WriteStream): Style {
  return (format, text) => styleText(format, text, { stream, validateStream: true });
}
