/** Secrets that hold a token which never expires. In the members' namespace each of them is somebody's access for ever. */
import { printable } from '../../core/model.ts';
import type { AuditContext } from '../context.ts';
import { type Finding, failed, ok } from '../finding.ts';
import { tokenSecretKind } from '../objects.ts';

const accountAnnotation = 'kubernetes.io/service-account.name';

export async function legacyTokens({ namespaces, gathered, commands }: AuditContext): Promise<Finding[]> {
  const { targetNamespace } = namespaces;
  const secrets = await gathered.list(tokenSecretKind(targetNamespace));
  if (secrets.length === 0) return [ok(`no token in ${targetNamespace} lives for ever`)];
  return secrets.map(({ metadata }) =>
    failed(
      `the Secret ${metadata.name} in ${targetNamespace} holds a token of ${printable(metadata.annotations[accountAnnotation] ?? 'somebody')} that never expires`,
      commands.kubectl`-n ${targetNamespace} delete secret/${metadata.name}`,
    ),
  );
}
