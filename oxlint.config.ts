import { defineConfig, type OxlintOverride } from 'oxlint';
import { mayImport } from './rooms.ts';

const rooms = Object.keys(mayImport);

export default defineConfig({
  plugins: ['typescript', 'unicorn', 'oxc', 'import', 'promise', 'node', 'vitest'],
  categories: { correctness: 'error', suspicious: 'error' },
  rules: {
    'typescript/no-explicit-any': 'error',
    'typescript/no-non-null-assertion': 'error',
    'typescript/no-floating-promises': 'error',
    'typescript/no-misused-promises': 'error',
    'typescript/await-thenable': 'error',
    'typescript/switch-exhaustiveness-check': 'error',
    'typescript/consistent-type-imports': 'error',
    'import/no-cycle': 'error',
    'import/no-default-export': 'error',
    'no-console': 'error',
    'node/no-process-env': 'error',
    eqeqeq: 'error',
    'import/no-unassigned-import': 'off',
    'no-await-in-loop': 'off',
    'vitest/require-mock-type-parameters': 'off',
    'vitest/expect-expect': ['error', { assertFunctionNames: ['expect*', 'assert'] }],
    'vitest/valid-title': ['error', { allowArguments: true }],
    'unicorn/no-array-sort': 'off',
    'unicorn/consistent-function-scoping': 'off',
    'typescript/no-unsafe-type-assertion': 'error',
    'promise/always-return': 'off',
    'typescript/consistent-return': 'off',
  },
  overrides: [
    { files: ['*.config.ts'], rules: { 'import/no-default-export': 'off' } },
    {
      files: ['dev/**', 'test/**', 'bench/**', '*.ts'],
      rules: { 'no-console': 'off', 'node/no-process-env': 'off' },
    },
    // The only places that read the environment.
    { files: ['src/config/surroundings.ts', 'src/member/environment.ts'], rules: { 'node/no-process-env': 'off' } },
    ...rooms.map(
      (room): OxlintOverride => ({
        files: [`src/${room}/**`],
        rules: { 'no-restricted-imports': ['error', { patterns: forbiddenTo(room) }] },
      }),
    ),
  ],
  ignorePatterns: ['dist'],
});

/** Every other room, but for what this one may import; to core/, which is pure, Node's own modules too. */
function forbiddenTo(room: string) {
  const allowed = mayImport[room] ?? [];
  const rest =
    room === 'core' ? [{ group: ['node:*', '!node:crypto'], message: 'core/ is pure: no I/O, no clock' }] : [];
  const others = rooms
    .filter((other) => other !== room && !allowed.includes(other))
    .map((other) => {
      const exception = allowed.find((each) => typeof each === 'object' && each.room === other);
      const files = typeof exception === 'object' ? exception.only : [];
      return {
        group: [`**/${other}/**`, ...files.map((file) => `!**/${other}/${file}`)],
        message: `src/${room} may not import this from src/${other}: see rooms.ts and docs/architecture.md`,
      };
    });
  return [...others, ...rest];
}
