/** One program and all that it imports in one file, which a bare Node runs. */
import { chmod } from 'node:fs/promises';
import { build, type Metafile, type Plugin } from 'esbuild';
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

/** @returns the files that went into it */
export async function bundle({
  entry,
  outfile,
  target,
  define = {},
  plugins = [],
}: Bundle): Promise<Metafile['inputs']> {
  const { metafile } = await build({
    entryPoints: [entry],
    outfile,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target,
    minifySyntax: true,
    minifyWhitespace: true,
    legalComments: 'eof',
    define: { PROGRAM_VERSION: JSON.stringify(packageJson.version), ...define },
    banner: {
      // Bundled CommonJS dependencies ask for require(), which an ES module does not have.
      js: "#!/usr/bin/env node\nimport { createRequire as bundleRequire } from 'node:module';\nconst require = bundleRequire(import.meta.url);",
    },
    plugins: [...plugins],
    logLevel: 'warning',
    metafile: true,
  });
  await chmod(outfile, 0o755);
  return metafile.inputs;
}
