/** `npm run executables`: makes the members' program as one file for each system, Node included. See --help. */
import { Command, Option } from 'commander';
import { z } from 'zod';
import { buildExecutable } from './build.ts';
import { writeReleaseFiles } from './release-files.ts';
import { refreshPins, targetNames } from './targets.ts';

const optionsSchema = z.object({
  target: z.array(z.enum(targetNames)).default([...targetNames]),
  output: z.string(),
  only: z.literal('release-files').optional(),
  refreshPins: z.boolean().default(false),
});

const program = new Command('executables')
  .description(
    "Makes the members' program as one file for each system, Node included, and what a release has with them.",
  )
  .addOption(new Option('--target <name...>', 'only for these systems').choices(targetNames))
  .addOption(new Option('--output <directory>', 'where to put the files').default('dist/executables'))
  .addOption(
    new Option('--only <what>', 'write checksums and the manifest of what is there').choices(['release-files']),
  )
  .option('--refresh-pins', 'pin the Node that this runs on, and make nothing')
  .addHelpText(
    'after',
    `
For each system it writes credentials-updater-SYSTEM.tar.gz; for all of the directory SHA256SUMS, and credentials.yaml for krew.
Executables for macOS must be made on macOS, which starts only what is signed there.

Examples:
  npm run executables
  npm run executables -- --target Linux-x86_64`,
  )
  .action(async () => {
    const { target, output, only, refreshPins: refresh } = optionsSchema.parse(program.opts());
    if (refresh) return refreshPins();
    for (const name of only === undefined ? target : []) {
      const { archive, size, unsigned } = await buildExecutable(name, output);
      const note = unsigned ? '  not signed: macOS will not start it' : '';
      console.log(`${archive}  ${(size / 2 ** 20).toFixed(0)} MiB${note}`);
    }
    console.log((await writeReleaseFiles(output)).map((name) => `${output}/${name}`).join('\n'));
  });

try {
  await program.parseAsync();
} catch (error) {
  console.error(`executables: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
}
