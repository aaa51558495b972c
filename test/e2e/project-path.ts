import { fileURLToPath } from 'node:url';

/** A path in the project, such as `deploy/base`. */
export function projectPath(path: string): string {
  return fileURLToPath(new URL(`../../${path}`, import.meta.url));
}
