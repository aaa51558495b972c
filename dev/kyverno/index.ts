/** The real Kyverno for development and tests. */
export { type Kyverno, startKyverno } from './kyverno.ts';
export { kyvernoModule } from './programs.ts';
export { policiesDirectory } from './rendering/index.ts';
