/** What can be done about what a leaver left: hand it over, quarantine it, delete it. Each is one command line. */

import type { Commands } from '../commands.ts';
import type { Fix } from '../finding.ts';
import { ownerLabel } from '../members.ts';
import { type Subject, serviceAccountUser } from '../rbac.ts';
import { removeSubjectCommand } from '../words.ts';
import type { Belongings } from './belongings.ts';
import { makesOwner, type Naming, type Trace } from './leavers.ts';

/** Set by the quarantine, and what tells the next preflight that somebody has seen to it. */
export const quarantineLabel = 'poolc.org/quarantine';
/** For an operator to replace: the ServiceAccount name of a member. */
const newOwner = 'NEW_OWNER';
const quota = 'quarantine';

const joined = (commands: readonly string[]): string => commands.join(' && ');

/** @param targetNamespace the members' */
export function waysWithNamespace(
  commands: Commands,
  namespace: string,
  { namings, others }: Trace,
  belongings: Belongings,
  targetNamespace: string,
): Fix[] {
  const { kubectl } = commands;
  const locked = lockOut(commands, namespace, belongings);
  return [
    {
      label: `hand it over to the member whose ServiceAccount is called ${newOwner}`,
      command: joined([
        findNewOwner(commands, targetNamespace),
        kubectl`label namespace/${namespace} ${`${ownerLabel}=${newOwner}`} --overwrite`,
        ...namings.map((naming) => renameSubject(commands, naming, targetNamespace)),
        ...locked,
      ]),
    },
    {
      label: 'or quarantine it: nothing in it runs any more, and nothing is lost',
      command: joined([
        // Every step of it can be repeated, since one of them may fail.
        `${kubectl`-n ${namespace} create quota ${quota} --hard=pods=0 --dry-run=client -o yaml`} | ${kubectl`-n ${namespace} apply -f -`}`,
        ...stop(commands, namespace, belongings),
        kubectl`-n ${namespace} delete pods --all`,
        ...locked,
        kubectl`label namespace/${namespace} ${`${quarantineLabel}=true`} --overwrite`,
      ]),
    },
    {
      label: `or delete it with all that is in it${others.length === 0 ? '' : ', what the others have there too'}`,
      command: kubectl`delete namespace/${namespace}`,
    },
  ];
}

/** @param inSystem whether the binding is in a namespace of the cluster's own */
export function waysWithBinding(
  commands: Commands,
  naming: Naming,
  { targetNamespace, inSystem }: { targetNamespace: string; inSystem: boolean },
): Fix[] {
  const takeOut = {
    label: 'take the name out',
    command: removeSubjectCommand(commands, naming.binding, naming.subject),
  };
  // Such rights aren't passed on from one to the next because somebody left.
  if (inSystem || makesOwner(naming)) return [takeOut];
  return [
    takeOut,
    {
      label: `or give it to the member whose ServiceAccount is called ${newOwner}`,
      command: joined([findNewOwner(commands, targetNamespace), renameSubject(commands, naming, targetNamespace)]),
    },
  ];
}

/** Fails, and keeps the rest from happening, where the name was not replaced, or mistyped. */
function findNewOwner({ kubectl }: Commands, targetNamespace: string): string {
  return kubectl`-n ${targetNamespace} get serviceaccount/${newOwner} -o name`;
}

/** A token that never expires may be in the leaver's hands. */
function lockOut({ kubectl }: Commands, namespace: string, { tokenSecrets }: Belongings): string[] {
  return tokenSecrets.map((name) => kubectl`-n ${namespace} delete secret/${name} --ignore-not-found`);
}

const scalable = ['deployment', 'statefulset', 'replicaset', 'replicationcontroller'];

function stop({ kubectl }: Commands, namespace: string, { workloads }: Belongings): string[] {
  return workloads.flatMap(({ kind, name }) => {
    const object = `${kind}/${name}`;
    if (scalable.includes(kind)) return [kubectl`-n ${namespace} scale --replicas=0 ${object}`];
    if (kind !== 'cronjob' && kind !== 'job') return [];
    return [kubectl`-n ${namespace} patch ${object} --type=merge -p ${'{"spec":{"suspend":true}}'}`];
  });
}

function renameSubject({ kubectl }: Commands, { binding, subject }: Naming, targetNamespace: string): string {
  const { name, namespace, subjects } = binding;
  const path = `/subjects/${subjects.indexOf(subject)}/name`;
  const patch = JSON.stringify([
    // Somebody may have changed the list meanwhile.
    { op: 'test', path, value: subject.name },
    { op: 'replace', path, value: newNameOf(subject, targetNamespace) },
  ]);
  return namespace === undefined
    ? kubectl`patch clusterrolebinding/${name} --type=json -p ${patch}`
    : kubectl`-n ${namespace} patch rolebinding/${name} --type=json -p ${patch}`;
}

function newNameOf({ kind }: Subject, targetNamespace: string): string {
  return kind === 'User' ? serviceAccountUser(targetNamespace, newOwner) : newOwner;
}
