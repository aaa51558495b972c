/** What a place that programs come from has to say for itself. */
import type { BinaryModule } from './programs.ts';

/** One way to come by programs. */
export interface Source<Name extends string> {
  /** As the messages call it, e.g. `Go build`. */
  readonly name: string;
  /** The path of the program, whole and checked, somewhere in the scratch directory. @throws why not, in one line */
  obtain(program: Name): Promise<string>;
}

export interface SourceContext<Name extends string> {
  readonly module: BinaryModule<Name>;
  readonly scratch: string;
  readonly environment: NodeJS.ProcessEnv;
  readonly onProgress: (line: string) => void;
}
