/** `credentials-updater gateway`: serves members' devices until it is stopped. */
import type { Command } from 'commander';
import { gatewayDefinitions } from '../config/definitions.ts';
import { exitCodes } from '../lib/failure.ts';
import { type CommandContext, type CommandOptions, withClusterFlags, withDefinitions, withExamples } from './flags.ts';

export function addGatewayCommand(program: Command, { environment, end }: CommandContext): void {
  const command = program
    .command('gateway')
    .summary("give members' devices tokens of an hour, until it is stopped")
    .description(
      "Serves a page where members log in and see their devices, and gives each device a token of an hour that it renews by itself. Removing a device ends its token within 10 seconds. Keeps nothing but the devices' public keys, in Secrets beside the accounts. Needs deploy/gateway, whose policy holds it to that.",
    )
    .action(async (options: CommandOptions) => {
      // No other command needs a web server: a run starts the sooner without one.
      const { gatewayCommand } = await import('./run-gateway.ts');
      await gatewayCommand(environment, options);
      end(exitCodes.done);
    });
  withDefinitions(withClusterFlags(command), gatewayDefinitions);
  withExamples(
    command,
    [
      [
        'Members log in at a provider',
        'credentials-updater gateway --gateway-address https://login.example.org --cluster-public-server https://k8s.example.org:6443 --oidc-issuer https://id.example.org/realms/lab --oidc-client-id gateway',
      ],
    ],
    {
      0: 'stopped',
      1: 'the API server can not be reached, or refuses',
      2: 'bad configuration or usage, or the policy that holds a gateway is not in force',
    },
  );
}
