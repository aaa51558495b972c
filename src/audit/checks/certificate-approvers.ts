/**
 * Who may approve client certificates: they may become any user, members and their ServiceAccounts included, by a request
 * that names that user. It takes the right to approve requests, and the right to the signer.
 */
import { clientSigner } from '../../issuers/certificate.ts';
import type { AuditContext } from '../context.ts';
import { type Finding, ok, warning } from '../finding.ts';
import { isMembersGroup, memberNamed } from '../members.ts';
import { type Grant, grantsOf, type PolicyRule, type Subject, touches } from '../rbac.ts';
import { enListed, pathOf, removeSubjectCommand, subjectName } from '../words.ts';

const group = 'certificates.k8s.io';

/** Both are needed, by any of a subject's bindings for the whole cluster: requests and signers lie in no namespace. */
const needed: readonly ((rule: PolicyRule) => boolean)[] = [
  (rule) =>
    ['update', 'patch'].some((verb) =>
      touches(rule, { verb, apiGroup: group, resource: 'certificatesigningrequests/approval' }),
    ),
  (rule) => touches(rule, { verb: 'approve', apiGroup: group, resource: 'signers' }) && namesSigner(rule),
];

function namesSigner({ resourceNames }: PolicyRule): boolean {
  return (
    resourceNames.length === 0 || resourceNames.includes(clientSigner) || resourceNames.includes('kubernetes.io/*')
  );
}

export async function certificateApprovers({ gathered, commands, namespaces }: AuditContext): Promise<Finding[]> {
  const { targetNamespace } = namespaces;
  const grants = grantsOf(await gathered.rbac())
    .filter(({ namespace }) => namespace === undefined)
    // The members have a check of their own.
    .filter(
      ({ subject }) => !isMembersGroup(subject, targetNamespace) && memberNamed(subject, targetNamespace) === undefined,
    );
  const bySubject = Map.groupBy(grants, ({ subject }) => keyOf(subject));
  const findings = [...bySubject.values()].flatMap((ofSubject) => {
    const parts = needed.map((isNeeded) => ofSubject.filter(({ rule }) => isNeeded(rule)));
    const [first] = parts[0] ?? [];
    if (first === undefined || parts.some((part) => part.length === 0) || isKubernetesOwn(first)) return [];
    const paths = [...new Set(parts.flat().map(pathOf))];
    return [
      warning(
        `${subjectName(first.subject)} may approve client certificates, and so become any user of this cluster, by ${enListed(paths)}`,
        { label: 'unless it is meant', command: removeSubjectCommand(commands, first.binding, first.subject) },
      ),
    ];
  });
  return findings.length > 0
    ? findings
    : [ok('only Kubernetes itself and cluster-admins may approve client certificates')];
}

function keyOf({ kind, namespace, name }: Subject): string {
  return JSON.stringify([kind, namespace, name]);
}

/** Administrators by Kubernetes' and kubeadm's own bindings, and its controllers, whose signer is another. */
function isKubernetesOwn({ binding, subject }: Grant): boolean {
  return binding.builtIn || (subject.kind === 'Group' && subject.name === 'kubeadm:cluster-admins');
}
