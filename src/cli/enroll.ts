/** `credentials-updater enroll MEMBER`: a one-time code by which a member connects a device at a gateway. */
import type { Command } from 'commander';
import { readSettings } from '../config/settings.ts';
import { parseEndpoint } from '../http/endpoint.ts';
import type { ClusterClient } from '../kube/client.ts';
import { readConfigMap } from '../kube/config-maps.ts';
import { systemClock } from '../lib/clock.ts';
import { exitCodes, Failure } from '../lib/failure.ts';
import { localTime } from '../lib/local-time.ts';
import { Redactor } from '../lib/redact.ts';
import { commandTemplate, shellCommand } from '../lib/shell-command.ts';
import { columnsOf, wrapMessage } from '../lib/terminal-text.ts';
import { makeEnrolmentCode } from '../operator/enroll.ts';
import { askConfiguredDirectory } from './ask-directory.ts';
import { commandLineOf } from './command-line.ts';
import { type Environment, openLog } from './environment.ts';
import {
  type CommandContext,
  type CommandOptions,
  type CommonFlags,
  commonFlags,
  sourcesOf,
  textOf,
  withClusterFlags,
  withExamples,
  withSettings,
} from './flags.ts';
import { openTarget, registryOf } from './wiring.ts';

export interface EnrollFlags extends CommonFlags {
  /** Login id, UUID or ServiceAccount name. */
  readonly member: string;
  readonly gateway: string | undefined;
}

/** Of deploy/gateway. */
const gatewayConfigMap = 'credentials-updater-gateway';

export function addEnrollCommand(program: Command, { environment, end }: CommandContext): void {
  const command = program
    .command('enroll')
    .summary("make a one-time code that connects a member's device")
    .description(
      'Makes a code by which one member connects one device at a gateway without logging in: for a machine of theirs without a person in front of it, or while the login provider is away. The code is good for a day and for one device. Anyone who has it can act as that member on a device, so send it over a safe way. The code alone is printed on stdout.',
    )
    .argument('<member>', 'login id, UUID or ServiceAccount name')
    .option('--gateway <address>', "the gateway's address (the one that deploy/gateway was given on the cluster)")
    .action(async (member: string, options: CommandOptions) => {
      end(
        await enrollCommand(environment, {
          ...commonFlags(program, options),
          member,
          gateway: textOf(options['gateway']),
        }),
      );
    });
  withSettings(withClusterFlags(command), [
    'POOLC_API_ENDPOINT',
    'POOLC_API_KEY_FILE',
    'TARGET_NAMESPACE',
    'POD_NAMESPACE',
    'LOG_LEVEL',
  ]);
  withExamples(
    command,
    [
      ['A code for one device of kim', 'credentials-updater enroll kim'],
      ['On that device: it asks for the code', 'credentials-updater login https://login.example.org --code-file -'],
    ],
    {
      0: 'done',
      1: 'the cluster could not be read, or made no token',
      2: 'nobody is meant, or has no account; no gateway is known; bad configuration or usage',
    },
  );
}

/** @returns the exit code */
async function enrollCommand(environment: Environment, flags: EnrollFlags): Promise<number> {
  const { env, stdout, stderr, signal } = environment;
  const settings = readSettings(env, { ...sourcesOf(flags), defaults: { LOG_LEVEL: 'warn' } });
  const redactor = new Redactor();
  const log = openLog(environment, settings, 'text', redactor);
  const target = await openTarget(environment, settings, { log, redactor, cluster: flags });
  const { client } = target;
  try {
    const gateway = await gatewayOrigin(client, settings.metadata.namespace, flags.gateway, signal);
    const directory = await askConfiguredDirectory(environment, settings, { redactor, log });
    const context = {
      target,
      registry: registryOf(settings),
      removalPolicy: settings.removalPolicy,
      clock: systemClock,
      random: Math.random,
      redactor,
      signal,
      commandLine: commandLineOf(environment, flags, client.access),
    };
    const made = await makeEnrolmentCode(context, flags.member, { directory, gateway });
    // Not through the redactor: the code is what was asked for.
    stdout.write(`${made.code.reveal()}\n`);
    const kubectl = commandTemplate(client.access.kubectl);
    const lines = [
      `This code connects one device of ${made.account}, once, until ${localTime(made.expiresAt)}. Whoever has it becomes ${made.account}: send it over a safe way. On the device, this asks for it:\n${shellCommand(['credentials-updater', 'login', gateway, '--code-file', '-'])}`,
      `To withdraw it:\n${kubectl`-n ${target.namespace} delete secret/${made.secret}`}`,
    ];
    for (const line of lines) stderr.write(`${wrapMessage(line, columnsOf(stderr), 2)}\n`);
    return exitCodes.done;
  } finally {
    client.close();
  }
}

/** As the gateway itself has it: a code is good for that name alone. @throws Failure (usage) */
async function gatewayOrigin(
  client: ClusterClient,
  namespace: string,
  given: string | undefined,
  signal: AbortSignal,
): Promise<string> {
  const address = given ?? (await readConfigMap(client, namespace, gatewayConfigMap, signal)).data['GATEWAY_ADDRESS'];
  if (address === undefined)
    throw new Failure('usage', `which gateway is not known: there is no ConfigMap ${namespace}/${gatewayConfigMap}`, {
      hint: 'give its address with --gateway https://…',
    });
  const sent = { secrets: 'the code', belongsElsewhere: 'give the address alone, without a user name' };
  return parseEndpoint(address, given === undefined ? 'GATEWAY_ADDRESS' : '--gateway', sent).origin;
}
