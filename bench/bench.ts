/** What every section of the benchmarks is given. */
import type { ControlPlane } from '../dev/control-plane/index.ts';

export interface Bench {
  readonly controlPlane: ControlPlane;
  /** Whether wrk is installed. */
  readonly hasWrk: boolean;
  /** The file of the bundled undici loop. */
  readonly undiciLoop: string;
  readonly defaultConnections: number;
  /** How often each comparison is repeated. */
  readonly rounds: number;
  /** Told what is under way, one line at a time. */
  readonly say: (line: string) => void;
}
