/** Who a kubeconfig's user is to the API server, by what proof. */
import path from 'node:path';
import type { ConnectionOptions } from 'node:tls';
import * as z from 'zod';
import { Failure } from '../lib/failure.ts';
import type { Message } from '../lib/message.ts';
import { kubeconfigLogin as messages } from '../lib/messages/kubeconfig-login.ts';
import { kubeconfigReading } from '../lib/messages/kubeconfig-reading.ts';
import { Secret } from '../lib/secret.ts';
import { checkToken } from './bearer.ts';
import type { Credential } from './credential.ts';
import { type ExecContext, ExecPlugin, execPluginSchema } from './exec-plugin.ts';
import { detailsOf, impersonationSchema } from './impersonation.ts';
import { checkKeyPair } from './key-pair.ts';
import { type Found, material } from './kubeconfig-files.ts';

export const userSchema = impersonationSchema.extend({
  token: z.string().optional(),
  tokenFile: z.string().optional(),
  'client-certificate': z.string().optional(),
  'client-certificate-data': z.string().optional(),
  'client-key': z.string().optional(),
  'client-key-data': z.string().optional(),
  username: z.string().optional(),
  password: z.string().optional(),
  exec: execPluginSchema.nullish(),
  'auth-provider': z.unknown().optional(),
});
export type User = z.infer<typeof userSchema>;

/** A credential with what TLS needs for it: a client certificate speaks for its whole connection. */
interface Login {
  readonly credential: Credential;
  readonly tls: Pick<ConnectionOptions, 'cert' | 'key'>;
}

export interface LoginContext extends Omit<ExecContext, 'file' | 'user'> {
  /** A command that chooses another context, for a hint. */
  readonly useContext: string;
}

/** @throws Failure (usage) for what kubectl refuses as well, and for an auth-provider, which is not known here */
export async function loginOf(
  { file, value: user }: Found<User>,
  name: string,
  { useContext, ...context }: LoginContext,
): Promise<Login> {
  const of = { file, user: name };
  const bad = (said: Message, hint = kubeconfigReading.worksWithKubectl()) => new Failure('usage', said, { hint });
  if (user['auth-provider'])
    throw bad(messages.authProvider(of), messages.chooseAnotherContext({ command: useContext }));
  const [detail] = detailsOf(user);
  if (!user.as && detail !== undefined) throw bad(messages.nobodyToActAs({ ...of, field: detail }), messages.addAs());
  if (user.token && (user.username || user.password)) throw bad(messages.tokenAndName(of));
  if (Boolean(user.username) !== Boolean(user.password)) throw bad(messages.halfPassword(of));
  const tls = clientCertificate(file, name, user);
  const token = givenToken(file, name, user);
  if (user.tokenFile) {
    const tokenFile = path.resolve(path.dirname(file), user.tokenFile);
    return { credential: { kind: 'token-file', file: tokenFile, otherwise: token }, tls };
  }
  if (token !== undefined) return { credential: { kind: 'token', token }, tls };
  if (user.exec) {
    const plugin = await ExecPlugin.start(user.exec, { file, user: name, ...context });
    return { credential: { kind: 'exec', plugin }, tls: 'cert' in tls ? tls : plugin.login.tls };
  }
  if (user.username && user.password)
    return { credential: { kind: 'basic', userAndPassword: new Secret(`${user.username}:${user.password}`) }, tls };
  return { credential: { kind: 'certificate' }, tls };
}

function givenToken(file: string, name: string, { token }: User): Secret | undefined {
  if (!token) return undefined;
  return new Secret(checkToken(token, messages.tokenOf({ whose: messages.ofUser({ file, user: name }) })));
}

function clientCertificate(file: string, name: string, user: User): Login['tls'] {
  const cert = material(file, 'client-certificate', {
    data: user['client-certificate-data'],
    file: user['client-certificate'],
  });
  const key = material(file, 'client-key', { data: user['client-key-data'], file: user['client-key'] });
  if (cert === undefined && key === undefined) return {};
  if (cert === undefined || key === undefined)
    throw new Failure('usage', messages.halfCertificate({ file }), { hint: messages.bothAreNeeded() });
  checkKeyPair({ cert, key }, messages.ofUser({ file, user: name }));
  return { cert, key };
}
