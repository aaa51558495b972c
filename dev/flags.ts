/** The flags of a program of dev/. */
import { type ParseArgsOptionsConfig, parseArgs } from 'node:util';

/** The flags by name, or what is wrong with them. */
export function readFlags<T extends ParseArgsOptionsConfig>(options: T) {
  try {
    return parseArgs({ options }).values;
  } catch (error) {
    // "Unknown option '--x'. To specify a positional argument …": the first sentence says it.
    return error instanceof Error ? (error.message.split('. ')[0] ?? error.message) : String(error);
  }
}
