/** `npm run image`: makes stand-ins for the container images without Docker, for tests. See --help. */
import { Command, Option } from 'commander';
import { z } from 'zod';
import { architectures } from './architecture.ts';
import { buildImage, imageNames } from './images.ts';

const optionsSchema = z.object({
  architecture: z.enum(architectures).optional(),
  image: z.enum(imageNames).optional(),
  output: z.string().optional(),
});

const program = new Command('image')
  .description(
    'Makes stand-ins for the container images of the Dockerfile, without Docker, for tests. Run `npm run build` first.',
  )
  .addOption(new Option('--architecture <name>', 'only this one').choices(architectures))
  .addOption(new Option('--image <name>', 'only this one').choices(imageNames))
  .addOption(new Option('--output <directory>', 'where to put the files').default('dist/image'))
  .addHelpText(
    'after',
    `
For each image and architecture it writes NAME-ARCH.tar (docker load, ctr images import, kind load image-archive).

Examples:
  npm run image
  npm run image -- --image credentials-updater --architecture amd64`,
  )
  .action(async () => {
    const { architecture, image, output } = optionsSchema.parse(program.opts());
    for (const name of image === undefined ? imageNames : [image]) {
      for (const target of architecture === undefined ? architectures : [architecture]) {
        const built = await buildImage(name, target, output);
        const mebibytes = (built.size / 2 ** 20).toFixed(0);
        console.log(`${built.archive}  ${built.reference}  linux/${target}  ${mebibytes} MiB  ${built.digest}`);
      }
    }
  });

try {
  await program.parseAsync();
} catch (error) {
  console.error(`image: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
}
