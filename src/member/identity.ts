/**
 * Who logs in: an access token from a file or a pipe, or a login id and a password from the terminal or a pipe. A secret
 * is never taken from the command line, where every program of the computer can read it and the shell's history keeps it.
 */
import { readFile } from 'node:fs/promises';
import { Failure } from '../lib/failure.ts';
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
      const token = await prompt.ask('Access token: ', { hidden: true });
      return { loginId: undefined, accessToken: checkAccessToken(token, 'the answer') };
    }
    if (environment.stdin.isTTY === true) environment.stderr.write(`Log in to ${site.peer}\n`);
    const suggestion = lastLoginId === undefined ? '' : ` [${lastLoginId}]`;
    const loginId = givenId ?? ((await prompt.ask(`Login id${suggestion}: `)).trim() || lastLoginId);
    if (loginId === undefined) throw new Failure('usage', 'a login id is needed');
    const password = new Secret(await prompt.ask('Password: ', { hidden: true }));
    if (password.reveal() === '') throw new Failure('usage', 'a password is needed');
    return { loginId, accessToken: await site.logIn(loginId, password) };
  } finally {
    prompt.close();
  }
}

async function readAccessToken({ stdin }: MemberEnvironment, file: string): Promise<Secret> {
  const where = file === '-' ? 'standard input' : file;
  let text = '';
  try {
    if (file === '-') for await (const chunk of stdin) text += String(chunk);
    else text = await readFile(file, 'utf8');
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown error';
    throw new Failure('usage', `the access token can't be read from ${where} (${code})`, { cause: error });
  }
  return checkAccessToken(text, where);
}

function checkAccessToken(text: string, where: string): Secret {
  const token = text.trim().replace(/^Bearer\s+/i, '');
  if (/^[\x21-\x7e]+$/.test(token)) return new Secret(token);
  throw new Failure(
    'usage',
    `${where} holds no access token: ${token === '' ? 'it is empty' : 'it has a space, a line break or other characters that no token has'}`,
    {
      hint: 'it must hold the token and nothing else',
    },
  );
}
