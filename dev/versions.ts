/** The oldest and the newest supported version of the real parts; src/preflight/supported-versions.ts names them. */
export type Versions = 'oldest' | 'newest';

/** The variable that chooses for everything that is started without saying which. */
const versionsVariable = 'PKS_PART_VERSIONS';

/** @throws where the variable holds anything else */
export function chosenVersions(environment: NodeJS.ProcessEnv = process.env): Versions {
  const chosen = environment[versionsVariable] ?? 'newest';
  if (chosen === 'oldest' || chosen === 'newest') return chosen;
  throw new Error(`${versionsVariable} is '${chosen}': set it to oldest or newest`);
}
