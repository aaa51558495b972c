/**
 * `npm run poolc-api`: the PoolC API server alone, with a data file and seeded members, until Ctrl-C.
 * The same program runs in a cluster as dist/poolc-api.mjs, configured by its environment.
 */
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { createSecureContext } from 'node:tls';
import { Command, CommanderError, InvalidArgumentError, Option } from 'commander';
import { z } from 'zod';
import { clusterInfoSchema } from './cluster-info.ts';
import type { AnsweredRequest, PoolcApi, PoolcApiOptions } from './index.ts';
import { DataFileError, startPoolcApi } from './index.ts';

const program = new Command('poolc-api')
  .description("The PoolC API server for development: the club's routes, limits and habits, on SQLite.")
  .addOption(new Option('--host <address>', 'where to listen').env('HOST').default('127.0.0.1'))
  .addOption(
    new Option('--port <number>', 'which port; 0 takes a free one').env('PORT').default(8080).argParser(wholeNumber),
  )
  .addOption(new Option('--data <file>', 'the data file; made when there is none').env('DATA').default('poolc-api.db'))
  .addOption(
    new Option('--members <number>', 'members to seed when the data file has none')
      .env('SEED_MEMBERS')
      .default(40)
      .argParser(wholeNumber),
  )
  .addOption(
    new Option('--key-file <file>', 'holds the API key; made (0600) when there is none')
      .env('API_KEY_FILE')
      .default('poolc-api.key'),
  )
  .addOption(new Option('--tls-cert <file>', 'serve https: the certificate, PEM').env('TLS_CERT_FILE'))
  .addOption(new Option('--tls-key <file>', 'serve https: its key, PEM').env('TLS_KEY_FILE'))
  .addOption(
    new Option('--redirect-port <number>', 'a port that answers 301 to https')
      .env('REDIRECT_PORT')
      .argParser(wholeNumber),
  )
  .addOption(
    new Option(
      '--cluster-info <file>',
      "JSON {name, server, certificateAuthority}: the cluster of the page's kubectl commands",
    ).env('CLUSTER_INFO_FILE'),
  )
  .addHelpText(
    'after',
    `
Examples:
  npm run poolc-api
  npm run poolc-api -- --port 0 --data /var/tmp/club.db --members 1000
  SEED_MEMBERS=40 HOST=0.0.0.0 PORT=8443 TLS_CERT_FILE=tls.crt TLS_KEY_FILE=tls.key node dist/poolc-api.mjs`,
  )
  .exitOverride()
  .action(serve);

const flagsSchema = z.object({
  host: z.string(),
  port: z.number(),
  data: z.string(),
  members: z.number(),
  keyFile: z.string(),
  tlsCert: z.string().optional(),
  tlsKey: z.string().optional(),
  redirectPort: z.number().optional(),
  clusterInfo: z.string().optional(),
});
type Flags = z.infer<typeof flagsSchema>;

/** Bad input, in a sentence that says what to do; exit code 2. */
class UsageError extends Error {}

try {
  await program.parseAsync();
} catch (error) {
  process.exitCode = report(error);
}

/** Says what went wrong, in one line. @returns the exit code: 2 for bad input, 1 for the rest. */
function report(error: unknown): number {
  // Commander has said it already; asking for help is not an error.
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
  process.stderr.write(`poolc-api: ${error instanceof Error ? error.message : String(error)}\n`);
  return error instanceof UsageError || error instanceof DataFileError ? 2 : 1;
}

async function serve(): Promise<void> {
  const flags = flagsSchema.parse(program.opts());
  const stopped = Promise.race([once(process, 'SIGINT'), once(process, 'SIGTERM')]);
  await using api = await startPoolcApi(optionsOf(flags));
  const seeded = api.members().length === 0 ? api.seed(flags.members).length : 0;
  introduce(api, flags, seeded);
  await stopped;
  console.log('\nStopped.');
}

function optionsOf(flags: Flags): PoolcApiOptions {
  return {
    host: flags.host,
    port: flags.port,
    database: flags.data,
    apiKey: readOrMakeKey(flags.keyFile),
    onAnswer: logAnswer,
    ...tlsOf(flags),
    ...(flags.redirectPort === undefined ? {} : { redirectPort: flags.redirectPort }),
    ...(flags.clusterInfo === undefined ? {} : { cluster: readClusterInfo(flags.clusterInfo) }),
  };
}

function tlsOf({ tlsCert, tlsKey }: Flags): Pick<PoolcApiOptions, 'tls'> {
  if (tlsCert === undefined && tlsKey === undefined) return {};
  if (tlsCert === undefined || tlsKey === undefined) {
    throw new UsageError('--tls-cert and --tls-key belong together; give both or neither');
  }
  const tls = { cert: read(tlsCert), key: read(tlsKey) };
  try {
    createSecureContext(tls);
  } catch {
    throw new UsageError(`cannot use the certificate ${tlsCert} with the key ${tlsKey}: both must be PEM, and a pair`);
  }
  return { tls };
}

function introduce(api: PoolcApi, flags: Flags, seeded: number): void {
  const members = api.members().filter((member) => member.active && member.loginId !== null);
  console.log(`PoolC API server   ${api.url}/   (the members' page; the API is at ${api.url}/kubernetes/)`);
  if (api.redirectUrl !== undefined) console.log(`Plain HTTP         ${api.redirectUrl}/   answers 301`);
  console.log(
    `Data file          ${flags.data}   (${seeded > 0 ? `${seeded} members seeded` : `${api.members().length} members`})`,
  );
  console.log(`API key            in ${flags.keyFile}   (send it as X-API-KEY)`);
  console.log('\nMembers to log in as (login id, password), of those with the password they were seeded with:');
  for (const member of members.slice(0, 5)) console.log(`  ${member.loginId}   ${api.initialPassword(member.uuid)}`);
  console.log('\nCtrl-C stops it.\n');
}

/** One line a request: what and how it went. No header and no body, for those hold keys and tokens. */
function logAnswer({ method, path, status, milliseconds }: AnsweredRequest): void {
  console.log(
    `${new Date().toISOString()} ${method} ${JSON.stringify(path).slice(1, -1)} ${status} ${Math.round(milliseconds)} ms`,
  );
}

function readOrMakeKey(file: string): string {
  try {
    writeFileSync(file, `${randomBytes(32).toString('base64url')}\n`, { mode: 0o600, flag: 'wx' });
  } catch (error) {
    // Where the file is there already, or can't be made because it is a mounted Secret, reading it decides.
    if (!isSystemError(error, ['EEXIST', 'EROFS', 'EACCES'])) throw new UsageError(cannot('write', file, error));
  }
  const key = read(file).trim();
  if (key === '')
    throw new UsageError(`the key file ${file} is empty; put a key into it, or remove it to have one made`);
  return key;
}

function readClusterInfo(file: string) {
  const text = read(file);
  try {
    return clusterInfoSchema.parse(JSON.parse(text));
  } catch (error) {
    const why = error instanceof z.ZodError ? z.prettifyError(error).replaceAll('\n', ' ') : 'it is not valid JSON';
    throw new UsageError(`${file} does not describe a cluster as {name, server, certificateAuthority}: ${why}`);
  }
}

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new UsageError(cannot('read', file, error));
  }
}

function cannot(verb: string, file: string, error: unknown): string {
  return `cannot ${verb} ${file}: ${error instanceof Error && 'code' in error ? String(error.code) : 'unknown reason'}`;
}

function isSystemError(error: unknown, codes: string[]): boolean {
  return error instanceof Error && 'code' in error && codes.includes(String(error.code));
}

function wholeNumber(text: string): number {
  if (!/^\d{1,6}$/.test(text)) throw new InvalidArgumentError('It must be a whole number.');
  return Number(text);
}
