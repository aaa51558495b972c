/** `credentials-updater rbac -f FILE`: the rights that a sync of this MemberSync needs, as YAML to apply. */
import type { Command } from 'commander';
import { stringify } from 'yaml';
import { readMemberSyncFile } from '../config/member-sync-file.ts';
import { namedKeys } from '../config/member-sync-object.ts';
import { readSettings } from '../config/settings.ts';
import { exitCodes } from '../lib/failure.ts';
import {
  controllerRoles,
  printedName,
  type RequiredRole,
  requiredRoles,
  type SyncParts,
} from '../preflight/required-rights.ts';
import { holdsName, type RegistryPlace } from '../registry/place.ts';
import { type CommandContext, type CommandOptions, commonFlags, sourcesOf, textOf, withExamples } from './flags.ts';

const rbacGroup = 'rbac.authorization.k8s.io';

export function addRbacCommand(program: Command, { environment, end }: CommandContext): void {
  const command = program
    .command('rbac')
    .summary('the rights that a sync needs, as YAML to apply')
    .description(
      'Prints the Roles that a sync of this MemberSync needs, and no other right, with the bindings that give them to its ServiceAccount: one Role for each namespace, and a ClusterRole where it makes workspaces; and the empty ConfigMap of those who are held out, so that no sync can make it first. Asks no cluster, and makes neither the namespaces nor the ServiceAccount.',
    )
    .requiredOption('-f, --file <file>', 'the MemberSync: YAML or JSON')
    .option('--controller', 'the rights of the controller, for a MemberSync of the cluster')
    .option(
      '--service-account <name>',
      'who runs the sync: NAME in the namespace of the MemberSync, or NAMESPACE/NAME (credentials-updater; with --controller credentials-updater-controller)',
    )
    .action((options: CommandOptions) => {
      const isController = options['controller'] === true;
      const account = textOf(options['serviceAccount']);
      environment.stdout.write(
        isController
          ? rolesOfController(textOf(options['file']) ?? '', account ?? 'credentials-updater-controller')
          : rolesOfSync(
              readSettings(environment.env, sourcesOf(commonFlags(program, options))),
              account ?? 'credentials-updater',
            ),
      );
      end(exitCodes.done);
    });
  withExamples(
    command,
    [
      ['Look first', 'credentials-updater rbac -f lab.yaml'],
      ['For the controller', 'credentials-updater rbac -f lab.yaml --controller | kubectl apply -f -'],
      ['Then give the rights', 'credentials-updater rbac -f lab.yaml | kubectl apply -f -'],
    ],
    { 0: 'printed', 2: 'the MemberSync can not be used' },
  );
}

function rolesOfSync(sync: SyncParts, account: string): string {
  return renderRoles(sync, requiredRoles(sync), account);
}

function rolesOfController(file: string, account: string): string {
  const memberSync = readMemberSyncFile(file, 'poolc-system', 'controller');
  return renderRoles(memberSync, controllerRoles(memberSync, namedKeys(memberSync)), account);
}

function renderRoles({ metadata }: SyncParts, roles: readonly RequiredRole[], account: string): string {
  const { namespace } = metadata;
  const [accountName = '', accountNamespace = namespace] = account.split('/').toReversed();
  const subject = { kind: 'ServiceAccount', name: accountName, namespace: accountNamespace };
  const objectName = printedName(metadata);
  const objects = roles.flatMap((role) => [roleObject(role, objectName), bindingObject(role, objectName, subject)]);
  return [holdsObject(metadata), ...objects]
    .map((object) => `---\n${stringify(object, { aliasDuplicateObjects: false, lineWidth: 0 })}`)
    .join('');
}

/** Empty: the sync may create ConfigMaps, and must not be the one who makes what it obeys. What is in one stays. */
function holdsObject(place: RegistryPlace): object {
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: holdsName(place), namespace: place.namespace } };
}

function roleObject({ namespace, rules }: RequiredRole, name: string): object {
  return {
    apiVersion: `${rbacGroup}/v1`,
    kind: namespace === undefined ? 'ClusterRole' : 'Role',
    metadata: namespace === undefined ? { name } : { name, namespace },
    rules: rules.map(({ apiGroups, resources, resourceNames, verbs }) => ({
      apiGroups,
      resources,
      ...(resourceNames.length === 0 ? {} : { resourceNames }),
      verbs,
    })),
  };
}

function bindingObject({ namespace }: RequiredRole, name: string, subject: object): object {
  const kind = namespace === undefined ? 'ClusterRole' : 'Role';
  return {
    apiVersion: `${rbacGroup}/v1`,
    kind: `${kind}Binding`,
    metadata: namespace === undefined ? { name } : { name, namespace },
    roleRef: { apiGroup: rbacGroup, kind, name },
    subjects: [subject],
  };
}
