/** Properties under mutation: the same inputs each time, so that scores can be compared, and no search for a smaller one. */
import * as fc from 'fast-check';

fc.configureGlobal({ seed: 1, endOnFailure: true });
