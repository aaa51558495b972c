/** The members' commands and their flags, for the members' own program and for the operators', which has them too. */
import type { Command } from 'commander';
import { Failure } from '../lib/failure.ts';
import { gatewayMessages } from '../lib/messages/member-gateway.ts';
import type { MemberEnvironment } from './environment.ts';

/**
 * Each command's code is loaded when it runs: the operators' program pays nothing for having them, and the plugin, which
 * kubectl runs again and again, nothing for the login's YAML.
 * @param end is told the exit code of a command that ends without a Failure
 */
export function addMemberCommands(
  program: Command,
  { open, end }: { open: () => MemberEnvironment; end: (exitCode: number) => void },
): void {
  program
    .command('login')
    .summary('log in once; kubectl then gets its tokens by itself')
    .description('log in once; from then on kubectl gets its tokens by itself')
    .argument('[gateway]', 'address of a gateway, which connects this computer as one of your devices')
    .option('--cluster <file-or-url>', "the club's site, or the cluster's description")
    .option('--site <url>', 'address of the PoolC API, where --cluster is a file')
    .option('--name <name>', 'what the cluster is called on this computer (its own name)')
    .option('--login-id <id>', 'login id (asked for)')
    .option('--access-token-file <file>', 'take an access token of the site from a file, or with - from stdin')
    .option('--code-file <file>', "with a gateway: take an operator's one-time code from a file, or with - asked for")
    .option('--namespace <name>', 'namespace that kubectl uses when none is given')
    .option('--kubeconfig <file>', 'kubeconfig to write to (the first of KUBECONFIG, or ~/.kube/config)')
    .option('--device-name <name>', "with a gateway: what your devices list this computer as (the computer's name)")
    .option('--keep-context', 'do not make this the current context')
    .option('--replace', 'replace entries of the same name that are not ours')
    .addHelpText('after', loginHelp)
    .action(async (gateway: string | undefined, options: Readonly<Record<string, unknown>>) => {
      const flags = {
        name: text(options['name']),
        loginId: text(options['loginId']),
        accessTokenFile: text(options['accessTokenFile']),
        kubeconfig: text(options['kubeconfig']),
        namespace: text(options['namespace']),
        keepContext: options['keepContext'] === true,
        replace: options['replace'] === true,
      };
      const [cluster, site, deviceName] = [options['cluster'], options['site'], options['deviceName']].map(text);
      const codeFile = text(options['codeFile']);
      if (gateway === undefined) {
        if (codeFile !== undefined) throw new Failure('usage', gatewayMessages.codeIsForGateways());
        const { login } = await import('./login.ts');
        await login(open(), { cluster, site, ...flags });
        return;
      }
      if (cluster !== undefined || site !== undefined) throw new Failure('usage', gatewayMessages.gatewayAlone());
      const { loginAtGateway } = await import('./device/gateway-login.ts');
      await loginAtGateway(open(), { gateway, deviceName, codeFile, ...flags });
    });

  const devices = program
    .command('devices')
    .summary('your devices at a gateway, and when each was last used')
    .description('your devices at a gateway: which there are, and when each was last used')
    .option('--name <name>', 'which cluster, where there are several')
    .action(async (options: Readonly<Record<string, unknown>>) => {
      const { listDevices } = await import('./device/devices-command.ts');
      await listDevices(open(), text(options['name']));
    });
  devices
    .command('remove')
    .description('shut one of your devices out: its access ends within 10 seconds')
    .argument('<device>', 'its name or its id, as `devices` shows them')
    .action(async (device: string) => {
      const { removeDevice } = await import('./device/devices-command.ts');
      await removeDevice(open(), device, text(devices.opts()['name']));
    });

  program
    .command('get-token')
    .summary('print the current token; kubectl runs this')
    .description("print the current token as kubectl's credential plugin; kubectl runs this")
    .option('--name <name>', 'which cluster, where there are several')
    .addHelpText('after', getTokenHelp)
    .action(async (options: Readonly<Record<string, unknown>>) => {
      const { getToken } = await import('./get-token.ts');
      await getToken(open(), text(options['name']));
    });

  program
    .command('whoami')
    .summary('who you are to each cluster, and until when')
    .description('show who you are to each cluster, until when, and whether it can be reached from here')
    .option('--name <name>', 'this cluster only')
    .action(async (options: Readonly<Record<string, unknown>>) => {
      const { whoami } = await import('./whoami.ts');
      end(await whoami(open(), text(options['name'])));
    });

  program
    .command('logout')
    .description('forget the login and the token on this computer')
    .option('--name <name>', 'which cluster, where there are several')
    .action(async (options: Readonly<Record<string, unknown>>) => {
      const { logout } = await import('./logout.ts');
      await logout(open(), text(options['name']));
    });
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

const loginHelp = `
Login id and password are asked for at the terminal; the password is not shown.
Without a terminal they are read from standard input, one a line. The password
is never taken from the command line and never stored.

Examples:
  $ credentials-updater login https://login.example.org    # a gateway
  $ credentials-updater login --cluster https://api.example.org
  $ credentials-updater login          # again, when the login has expired
  $ credentials-updater login --cluster pks.json \\
      --site https://api.example.org --access-token-file ~/token.txt
`;

const getTokenHelp = `
A token is used for 5 minutes without asking PoolC. After that PoolC is asked
first, and where it can't be reached the last token serves while it lives.
`;
