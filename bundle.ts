/** One program and all that it imports in one file, which a bare Node runs. */
import { chmod, readFile } from 'node:fs/promises';
import { isBuiltin } from 'node:module';
import { join } from 'node:path';
import { build as esbuild, type Plugin, transform } from 'esbuild';
import packageJson from './package.json' with { type: 'json' };

export interface Bundle {
  readonly entry: string;
  readonly outfile: string;
  /** The oldest Node that runs it, as esbuild calls it: `node20`. */
  readonly target: string;
  /** Constants that are put in, by name, as JSON. */
  readonly define?: Readonly<Record<string, string>>;
  readonly plugins?: readonly Plugin[];
}

export async function bundle({ entry, outfile, target, define = {}, plugins = [] }: Bundle): Promise<void> {
  await esbuild({
    entryPoints: [entry],
    outfile,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target,
    minifySyntax: true,
    minifyWhitespace: true,
    legalComments: 'eof',
    define: {
      PROGRAM_VERSION: JSON.stringify(packageJson.version),
      // undici's own switch for bundles: leaves out a second parser that is never used.
      esbuildDetection: 'true',
      ...define,
    },
    banner: {
      // Bundled CommonJS dependencies ask for require(), which an ES module does not have.
      js: `#!/usr/bin/env node\nimport { createRequire as bundleRequire } from 'node:module';\nconst require = bundleRequire(import.meta.url);\n${await checkOfNode(target)}`,
    },
    plugins: [builtinsInPart, withoutHttp2, ...plugins],
    logLevel: 'warning',
  });
  await chmod(outfile, 0o755);
}

/** What ends the program at once on a Node older than the bundle is for. */
async function checkOfNode(target: string): Promise<string> {
  const check = await readFile(join(import.meta.dirname, 'needs-node.cjs'), 'utf8');
  const { code } = await transform(check, { minifyWhitespace: true });
  return code.replace('needNode(24)', `needNode(${target.replace('node', '')})`).trim();
}

/**
 * Has of Node's own modules only what is used: importing one reads every export of it, also those that Node makes when they
 * are read. That of `node:http` brings a whole WebSocket client with it, 5 MiB that nobody uses.
 */
const builtinsInPart: Plugin = {
  name: 'builtins-in-part',
  setup(build) {
    build.onResolve({ filter: /.*/ }, ({ path, kind }) =>
      kind === 'import-statement' && isBuiltin(path) ? { path, namespace: 'builtin' } : undefined,
    );
    build.onLoad({ filter: /.*/, namespace: 'builtin' }, async ({ path }) => {
      const names = Object.keys(await import(path)).filter((name) => name !== 'default');
      // Pure, so that esbuild leaves out those that nobody uses, and nothing reads them.
      const exported = names.map((name) => `export const ${name} = /* @__PURE__ */ (() => all.${name})();`);
      return { contents: [`const all = require('${path}');`, 'export default all;', ...exported].join('\n') };
    });
  },
};

/** undici's HTTP/2 is never used, and brings `node:http2` with it at every start: a tenth of a second on a busy machine. */
const withoutHttp2: Plugin = {
  name: 'without-http2',
  setup(build) {
    build.onResolve({ filter: /\/client-h2\.js$/ }, ({ path, importer }) =>
      importer.includes('/undici/') ? { path, namespace: 'never-used' } : undefined,
    );
    build.onLoad({ filter: /.*/, namespace: 'never-used' }, () => ({ contents: 'module.exports = undefined;' }));
  },
};
