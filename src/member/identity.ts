/**
 * Who logs in: an access token from a file or a pipe, or a login id and a password from the terminal or a pipe. A secret
 * is never taken from the command line, where every program of the computer can read it and the shell's history keeps it.
 */
import { readFile } from 'node:fs/promises';
import { Failure } from '../lib/failure.ts';
import type { Text } from '../lib/message.ts';
import { loginMessages as messages } from '../lib/messages/member-login.ts';
import { Secret } from '../lib/secret.ts';
import type { MemberEnvironment } from './environment.ts';
import { openPrompt } from './prompt.ts';
import type { Site } from './site.ts';

export interface IdentityFlags {
  /** `-` for stdin. */
  readonly accessTokenFile: string | undefined;
  readonly loginId: string | undefined;
  /** Who logged in last: taken where just Enter is pressed. */
  readonly lastLoginId: string | undefined;
}

export interface Identity {
  /** undefined with an access token, which does not tell. */
  readonly loginId: string | undefined;
  readonly accessToken: Secret;
}

/** @throws Failure (usage, login, site, aborted) */
export async function proveIdentity(
  environment: MemberEnvironment,
  site: Site,
  { accessTokenFile, loginId: givenId, lastLoginId }: IdentityFlags,
): Promise<Identity> {
  const typed = accessTokenFile === '-' && environment.stdin.isTTY === true;
  if (accessTokenFile !== undefined && !typed)
    return { loginId: undefined, accessToken: await readAccessToken(environment, accessTokenFile) };
  const prompt = openPrompt(environment);
  try {
    if (typed) {
      const token = await prompt.ask(messages.askAccessToken(), { hidden: true });
      return { loginId: undefined, accessToken: checkAccessToken(token, messages.theAnswer()) };
    }
    if (environment.stdin.isTTY === true)
      environment.stderr.write(`${messages.logInTo({ site: site.peer })[environment.language]}\n`);
    const suggestion = lastLoginId === undefined ? '' : ` [${lastLoginId}]`;
    const loginId = givenId ?? ((await prompt.ask(messages.askLoginId({ suggestion }))).trim() || lastLoginId);
    if (loginId === undefined) throw new Failure('usage', messages.loginIdNeeded());
    const password = new Secret(await prompt.ask(messages.askPassword(), { hidden: true }));
    if (password.reveal() === '') throw new Failure('usage', messages.passwordNeeded());
    return { loginId, accessToken: await site.logIn(loginId, password) };
  } finally {
    prompt.close();
  }
}

async function readAccessToken({ stdin }: MemberEnvironment, file: string): Promise<Secret> {
  const where = file === '-' ? messages.standardInput() : file;
  let text = '';
  try {
    if (file === '-') for await (const chunk of stdin) text += String(chunk);
    else text = await readFile(file, 'utf8');
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown error';
    throw new Failure('usage', messages.accessTokenUnreadable({ where, code }), { cause: error });
  }
  return checkAccessToken(text, where);
}

function checkAccessToken(text: string, where: Text): Secret {
  const token = text.trim().replace(/^Bearer\s+/i, '');
  if (/^[\x21-\x7e]+$/.test(token)) return new Secret(token);
  throw new Failure('usage', messages.noAccessToken({ where, isEmpty: token === '' }), { hint: messages.tokenAlone() });
}
