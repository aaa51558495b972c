/**
 * Who logs in: an access token from a file or a pipe, or a login id and a password from the terminal or a pipe. A secret
 * is never taken from the command line, where every program of the computer can read it and the shell's history keeps it.
 */
import { readFile } from 'node:fs/promises';
import { Failure } from '../lib/failure.ts';
import type { Message, Text } from '../lib/message.ts';
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
  if (accessTokenFile !== undefined) {
    const words = { question: messages.askAccessToken(), called: messages.anAccessToken() };
    return { loginId: undefined, accessToken: await readGivenSecret(environment, accessTokenFile, words) };
  }
  const prompt = openPrompt(environment);
  try {
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

interface SecretWords {
  readonly question: Message;
  /** Such as "access token". */
  readonly called: Message;
}

/** A secret that was handed over: from a file, or with `-` from stdin, or typed where that is a terminal. @throws Failure */
export async function readGivenSecret(
  environment: MemberEnvironment,
  file: string,
  { question, called }: SecretWords,
): Promise<Secret> {
  if (file === '-' && environment.stdin.isTTY === true) {
    const prompt = openPrompt(environment);
    try {
      return checkSecret(await prompt.ask(question, { hidden: true }), messages.theAnswer(), called);
    } finally {
      prompt.close();
    }
  }
  const where = file === '-' ? messages.standardInput() : file;
  let text = '';
  try {
    if (file === '-') for await (const chunk of environment.stdin) text += String(chunk);
    else text = await readFile(file, 'utf8');
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown error';
    throw new Failure('usage', messages.secretUnreadable({ where, code, called }), { cause: error });
  }
  return checkSecret(text, where, called);
}

function checkSecret(text: string, where: Text, called: Message): Secret {
  const token = text.trim().replace(/^Bearer\s+/i, '');
  if (/^[\x21-\x7e]+$/.test(token)) return new Secret(token);
  throw new Failure('usage', messages.noSecret({ where, called, isEmpty: token === '' }), {
    hint: messages.secretAlone({ called }),
  });
}
