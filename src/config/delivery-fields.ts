/** spec.delivery: where credentials go. One kind of it is given. */
import * as z from 'zod';
import { valueMessages } from '../lib/messages/settings.ts';
import { poolcFields } from './directory-fields.ts';
import { field, object } from './fields.ts';
import { onlyOne } from './secret-reference.ts';
import { anyText, namespaceName, nameTemplate } from './values.ts';
import { customIssue } from './words.ts';

const secrets = object({
  namespace: field(namespaceName(), {
    description: "namespace of the Secrets; never the accounts', where a Secret can make a token",
  }),
  name: field(nameTemplate().prefault('credentials-{account}'), { description: 'name of each Secret' }),
});

const files = object({
  directory: field(anyText('DIRECTORY'), {
    description: "folder for one kubeconfig per member, encrypted to the member's keys",
  }),
});

export const deliveryFields = object({
  poolc: field(poolcFields.optional(), { description: 'the PoolC API: one request replaces every stored token' }),
  secrets: field(secrets.optional(), { description: 'one Secret per member: token, kubeconfig and expiration' }),
  files: field(files.optional(), { description: 'one encrypted kubeconfig per member', only: 'command' }),
  none: field(object({}).optional(), { description: 'accounts only, written {}' }),
}).transform((given, { issues, value }) => {
  if (onlyOne(given)) {
    if (given.poolc !== undefined) return { kind: 'poolc' as const, ...given.poolc };
    if (given.secrets !== undefined) return { kind: 'secrets' as const, ...given.secrets };
    if (given.files !== undefined) return { kind: 'files' as const, ...given.files };
    if (given.none !== undefined) return { kind: 'none' as const };
  }
  issues.push(customIssue(valueMessages.oneDelivery(), value));
  return z.NEVER;
});
